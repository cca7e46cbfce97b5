"""F4: the database is frozen: its sockets are open and nobody is behind them.

The server's own deadlines end what waits, cancelling does not block, the loop goes on, and
once the database thaws all is well again.
"""

import os
import signal
import time
from contextlib import contextmanager

import pytest
from trial import RECOVERED_S, backends, rest_is_long, saving

DEADLINE_MS = 1000
DEADLINES = {name: str(DEADLINE_MS) for name in
    ("DB_QUERY_TIMEOUT_MS", "DB_CONNECT_TIMEOUT_MS", "DB_WAIT_TIMEOUT_MS")}
# In line, then sent, then once more on another connection.
CALL_S = 3 * DEADLINE_MS / 1000 + 1.0
FROZEN_S = 4.0


@contextmanager
def frozen(pids: list[int]):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def freeze(trial, cluster, what: str, **settings: str):
    server = trial.start(DATABASE_URL=cluster.uri, **DEADLINES, **settings)
    with trial.load(server) as load:
        pids = backends(cluster.uri) if what != "postmaster" else []
        pids += [cluster.pid] if what != "backends" else []
        with frozen(pids):
            time.sleep(FROZEN_S)
        recovered = saving(load)
    trial.check_outage(load, cluster.uri, recovered, within_s=RECOVERED_S, call_s=CALL_S)


@pytest.mark.parametrize("what", rest_is_long("all", "backends", "postmaster"))
def test_frozen(trial, cluster, what):
    """PostgreSQL is frozen (SIGSTOP) under load for four seconds"""
    freeze(trial, cluster, what)


@pytest.mark.long
def test_frozen_while_all_connections_are_in_use(trial, cluster):
    """The same with every connection of a small pool in use"""
    freeze(trial, cluster, "all", DB_POOL_SIZE="2")


@pytest.mark.long
def test_frozen_where_it_is_cancelled(trial, cluster, newer):
    """The same with a libpq that cancels: that does not wait for anybody either"""
    freeze(trial, cluster, "all", **newer)
