"""SIGTERM with LAME_DUCK_MS: first /readyz says so while all is served, then the server drains; all of it in time."""

import signal
import threading
import time

import pytest
from sage import run_command, wait_for

LAME_DUCK_MS = 1500


@pytest.fixture
def leaving(start, database):
    """leaving(...) -> a ready server, told to leave; by default a lame duck for a while."""
    def leave(**settings):
        server = start(DATABASE_URL=database, **{"LAME_DUCK_MS": str(LAME_DUCK_MS)} | settings).wait_ready()
        server.told_s = time.monotonic()
        server.signal(signal.SIGTERM)
        return server

    return leave


def unready(server) -> bool:
    with server.connect() as connection:
        answer = connection.get("/readyz")
        return answer.status == 503 and answer.json["reason"] == "draining"


def test_readyz_tells_while_new_connections_are_served(leaving):
    server = leaving()
    wait_for("/readyz says so", lambda: unready(server))
    with server.connect() as connection, server.admin() as admin:
        assert admin.get("/readyz").status == 503
        assert connection.get("/healthz").status == 200
        assert connection.done("save_memory", {"user_input": "still served"})["state"] == "stored"
    assert time.monotonic() - server.told_s < LAME_DUCK_MS / 1000  # or nothing was shown
    server.wait_stopped()
    assert time.monotonic() - server.told_s >= LAME_DUCK_MS / 1000
    steps = ["lame duck: not ready any more, and still serving", "draining", "stopped"]
    assert [line["msg"] for line in server.log() if line["msg"] in steps] == steps


def test_who_comes_all_the_time_is_never_refused_before_the_drain(leaving):
    server = leaving()
    stop, failed, answered = threading.Event(), [], []

    def knock():
        while not stop.is_set():
            try:
                with server.connect() as connection:
                    answered.append(connection.get("/healthz").status)
            except OSError as error:
                failed.append(error)

    knocking = threading.Thread(target=knock)
    knocking.start()
    time.sleep(LAME_DUCK_MS / 1000 / 2)
    stop.set()
    knocking.join()
    assert failed == [] and set(answered) == {200} and len(answered) > 10
    server.wait_stopped()


def test_a_second_signal_ends_it_at_once(leaving):
    server = leaving(LAME_DUCK_MS="60000")
    wait_for("/readyz says so", lambda: unready(server))
    server.signal(signal.SIGTERM)
    server.wait_stopped(5)


def test_without_a_lame_duck_it_drains_at_once(leaving):
    server = leaving(LAME_DUCK_MS="0")
    server.wait_stopped(5)
    assert server.logged("draining") and not server.logged("lame duck: not ready any more, and still serving")


def test_what_does_not_fit_into_the_grace_is_refused(database):
    done = run_command("serve", LISTEN="127.0.0.1:0", METRICS_PORT="0", DATABASE_URL=database,
        LAME_DUCK_MS="20000", DRAIN_MS="20000", STOP_GRACE_MS="40000")
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    for word in ("LAME_DUCK_MS (20000)", "DRAIN_MS (20000)", "STOP_GRACE_MS (40000)", "sage-mcp doctor"):
        assert word in line
