"""F5: the cable to the database is cut: silently, in one direction only, or with resets.

Whoever waits is told within the budget of tcp_user_timeout and keepalives, not after a quarter of
an hour, and once the cable is whole again all is well.
"""

import time

import pytest
from databases import uri_of
from network import Site
from trial import rest_is_long, saving

LINE = {"tcp_user_timeout": 2000, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 3}
SETTINGS = {"DB_CONNECT_TIMEOUT_MS": "2000", "DB_WAIT_TIMEOUT_MS": "2000"}
NOTICED_S = 2.8 + 0.5  # keepalives; the rest is for a busy machine
CALL_S = NOTICED_S + 2.0 + 0.5  # and the wait in line of a read that runs once more
CUT_S = 6.0
RECOVERED_S = 2.0 + 2.0  # the attempt to connect that is under way must fail first

CUTS = {"answers": Site.drop_answers, "requests": Site.drop_requests, "both": Site.cut, "reset": Site.reset}


@pytest.mark.parametrize("cut", rest_is_long(*CUTS))
def test_cut(trial, site, far, cut):
    """The cable is cut under load for six seconds"""
    server = trial.start(DATABASE_URL=uri_of(site, **LINE), **SETTINGS)
    with trial.load(server) as load:
        CUTS[cut](site)
        time.sleep(CUT_S)
        site.clear()
        recovered = saving(load)
    trial.check_outage(load, far.uri, recovered, within_s=RECOVERED_S, call_s=CALL_S)
