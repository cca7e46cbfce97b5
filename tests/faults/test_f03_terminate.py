"""F3: the database ends connections (57P01), by an administrator's word or for being idle too long.

One that is idle is replaced and nobody notices; a read that was under way runs again; of a save that
was under way it is told whether it was stored.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from generator import Generator, Shape
from locks import Lock
from sage import psql, wait_for
from trial import BACKENDS, backends

TERMINATE = f"SELECT count(pg_terminate_backend(pid)) FROM ({BACKENDS}) AS of_the_server"


def test_idle_connections_end(trial, database):
    """Idle connections are terminated: nobody notices."""
    server = trial.start(DATABASE_URL=database)
    with trial.watch(server), server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "before"})
        for turn in range(20):
            assert int(psql(database, TERMINATE)) > 0
            if turn % 2:
                time.sleep(0.05)
            assert connection.done("get_memory", {"id": saved["id"]})["user_input"] == "before"
            assert connection.done("save_memory", {"user_input": f"after {turn}"})["id"]


@pytest.mark.long
def test_idle_session_timeout(trial, database):
    """idle_session_timeout of the database ends idle connections: nobody notices."""
    psql(database, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_session_timeout = 200', current_database()); END $$")
    server = trial.start(DATABASE_URL=database)
    with trial.watch(server), server.connect() as connection:
        for turn in range(15):
            time.sleep(0.19 + 0.002 * turn)
            assert connection.done("save_memory", {"user_input": f"turn {turn}"})["id"]


def test_active_connections_end(trial, database):
    """Active connections are terminated: reads run again, saves say what became of them."""
    server = trial.start(DATABASE_URL=database)
    load = Generator(server, Shape(writers=0, readers=0))
    with trial.watch(server), ThreadPoolExecutor(8) as pool:
        with server.connect() as connection:
            known = load.new_memory()
            load.save(connection, known)

        def read():
            with server.connect() as connection:
                return connection.tool("get_memory", {"id": known.id})

        def save():
            with server.connect() as connection:
                load.save(connection, load.new_memory())

        with Lock(database) as lock:
            reads = [pool.submit(read) for _ in range(4)]
            saves = [pool.submit(save) for _ in range(4)]
            wait_for("all reads and some saves wait", lambda: lock.waiters() > 4)
            before = set(backends(database, "active"))
            assert int(psql(database, TERMINATE)) > 4
            wait_for("they are gone", lambda: not before & set(backends(database)))
        for each in reads:
            assert each.result(20)["structuredContent"]["user_input"] == known.text
        for each in saves:
            each.result(20)
    trial.check(load, database)
    trial.note(f"{load.count('unknown')} of 4 saves unknown")


@pytest.mark.long
def test_terminated_again_and_again(trial, database):
    """Connections are terminated at random under load for ten seconds: no read fails twice."""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server) as load:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            psql(database, TERMINATE + " WHERE random() < 0.3")
            time.sleep(0.1)
    trial.check(load, database)
    trial.note(f"{len(load.failed_reads())} of {len(load.reads)} reads failed")
