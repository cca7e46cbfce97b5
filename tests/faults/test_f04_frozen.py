"""F4: the database is frozen: its sockets are open and nobody is behind them.

The server's own deadlines end what waits, cancelling does not block, the loop goes on, and
once the database thaws all is well again.
"""

import os
import signal
import time
from contextlib import contextmanager

import pytest
from sage import psql
from trial import RECOVERED_S, backends, saving

DEADLINE_MS = 1000
SETTINGS = {name: str(DEADLINE_MS) for name in
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


@pytest.mark.parametrize("what", ["backends", "postmaster", "all"])
def test_frozen(trial, cluster, what):
    """PostgreSQL is frozen (SIGSTOP) under load for four seconds"""
    server = trial.start(DATABASE_URL=cluster.uri, **SETTINGS)
    with trial.load(server) as load:
        pids = backends(cluster.uri) if what != "postmaster" else []
        pids += [cluster.pid] if what != "backends" else []
        with frozen(pids):
            time.sleep(FROZEN_S)
        recovered = saving(load)
    slowest = load.slowest_s()
    trial.note(f"slowest call {slowest:.2f} s, saves again {recovered:.2f} s after the thaw")
    trial.check(load, cluster.uri)
    assert recovered < RECOVERED_S
    assert slowest < CALL_S


def test_frozen_while_all_connections_are_in_use(trial, cluster):
    """Frozen with every connection of a small pool in use; new ones are not let in"""
    server = trial.start(DATABASE_URL=cluster.uri, DB_POOL_SIZE="2", **SETTINGS)
    psql(cluster.uri, "SELECT 1")
    with trial.load(server) as load:
        with frozen([cluster.pid, *backends(cluster.uri)]):
            time.sleep(FROZEN_S)
        recovered = saving(load)
    slowest = load.slowest_s()
    trial.note(f"slowest call {slowest:.2f} s, saves again {recovered:.2f} s after the thaw")
    trial.check(load, cluster.uri)
    assert recovered < RECOVERED_S
    assert slowest < CALL_S
