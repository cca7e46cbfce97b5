"""F16: no descriptor is left.

Accepting pauses without spinning and without a flood of log lines, connections that are there are
served, and as soon as there are descriptors again all is well.
"""

import resource
import socket
import time
from contextlib import contextmanager

import pytest
from generator import Shape
from sage import wait_for
from trial import saving

LIMIT = 64
CPU_SHARE = 0.05


@contextmanager
def few_descriptors(server, limit: int = LIMIT):
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def fill_up(server) -> list[socket.socket]:
    """More connections than there are descriptors for."""
    held = [socket.create_connection((server.host, server.port)) for _ in range(LIMIT * 2)]
    wait_for("accepting is paused", lambda: server.logged("accepting paused"), 5)
    return held


def test_idle_at_the_limit(trial, database):
    """A server without descriptors and nothing to do uses no processor and logs once"""
    server = trial.start(DATABASE_URL=database)
    with few_descriptors(server):
        held = fill_up(server)
        spent, lines = server.cpu_s(), len(server.log())
        time.sleep(3)
        used = (server.cpu_s() - spent) / 3
        assert len(server.log()) - lines <= 1, "a flood of log lines"
        for each in held:
            each.close()
        with server.connect() as connection:
            assert connection.done("save_memory", {"user_input": "after"})["id"]
    trial.note(f"{used * 100:.1f} % of a processor")
    assert used < CPU_SHARE


def test_load_at_the_limit(trial, database):
    """Clients that are connected are served while no descriptor is left"""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server) as load, few_descriptors(server):
        held = fill_up(server)
        saving(load, count=100)
        for each in held:
            each.close()
        with server.connect() as connection:
            assert connection.get("/healthz").status == 200
    trial.check(load, database)
    assert not load.sayings(), load.sayings()


@pytest.mark.long
def test_database_restarts_at_the_limit(trial, cluster):
    """The database restarts while clients hold every descriptor: all is well once they have gone"""
    server = trial.start(DATABASE_URL=cluster.uri)
    with trial.load(server, Shape(writers=4, readers=0)) as load, few_descriptors(server):
        held = fill_up(server)
        cluster.stop("fast")
        wait_for("its descriptors are taken, too", lambda: server.descriptors() >= LIMIT, 10)
        cluster.start()
        time.sleep(1)
        for each in held:
            each.close()
        saving(load)
    trial.check(load, cluster.uri)
