"""F1: the database is restarted in the middle of queries.

Reads are retried or refused in clear words, saves say whether they were stored, and all is well
within two seconds of the database accepting again.
"""

import pytest
from trial import RECOVERED_S, rest_is_long, saving


@pytest.mark.parametrize("how", rest_is_long("fast", "immediate"))
def test_restart_under_load(trial, cluster, how):
    """The database restarts under load, twice."""
    server = trial.start(DATABASE_URL=cluster.uri)
    recovered = []
    with trial.load(server) as load:
        for _ in range(2):
            cluster.stop(how)
            cluster.start()
            recovered.append(saving(load))
    trial.note(f"saves again {max(recovered):.2f} s after it accepts")
    trial.check(load, cluster.uri)
    assert max(recovered) < RECOVERED_S
