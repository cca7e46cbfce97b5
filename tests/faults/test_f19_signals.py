"""F19: signals.

SIGTERM: what is under way ends within the grace, then the process leaves with status 0; a second one
leaves at once. SIGHUP: the configuration is read anew, and a broken one changes nothing. Others do no harm.
"""

import signal
import threading
import time

import pytest
from generator import Generator, Shape
from locks import Lock
from sage import wait_for
from trial import rest_is_long, saving

GRACE_MS = 3000


@pytest.mark.parametrize("number", rest_is_long(signal.SIGTERM, signal.SIGINT))
def test_drain_under_load(trial, database, number):
    """The signal to end comes under load: every save is answered or was never begun"""
    server = trial.start(DATABASE_URL=database, DRAIN_MS=str(GRACE_MS))
    with Generator(server, Shape(writers=8)) as load:
        saving(load)
        server.signal(number)
        began = time.monotonic()
        server.wait_stopped(GRACE_MS / 1000 + 2)
        took = time.monotonic() - began
    trial.note(f"left after {took:.2f} s")
    trial.check(load, database)
    unanswered = [m for m in load.of("unknown") if m.began < began]
    assert len(load.stored(database)) == load.count("acknowledged"), "a save was stored and not answered"
    assert len(unanswered) <= 8


def test_second_signal(trial, database):
    """A second SIGTERM while a save waits: it leaves at once, with status 0"""
    server = trial.start(DATABASE_URL=database, DRAIN_MS="60000")
    load = Generator(server, Shape(writers=1, readers=0))
    with Lock(database) as lock:
        with load:
            wait_for("a save waits", lambda: lock.waiters() > 0)
            server.signal(signal.SIGTERM)
            wait_for("it drains", lambda: server.logged("draining"))
            began = time.monotonic()
            server.signal(signal.SIGTERM)
            server.wait_stopped(2)
            took = time.monotonic() - began
    trial.note(f"left after {took * 1000:.0f} ms")
    trial.check(load, database)


def test_storm_of_reloads(trial, database, tmp_path):
    """300 SIGHUPs under load, with good and broken configurations: each is taken whole or not at all"""
    config = tmp_path / "config"
    config.write_text("LOG_LEVEL=info\n")
    server = trial.start("--config", str(config), DATABASE_URL=database)
    with trial.load(server) as load:
        for turn in range(300):
            # Written whole under another name first, as an operator's tool does it.
            fresh = tmp_path / "fresh"
            fresh.write_text(["LOG_LEVEL=info\n", "LOG_LEVEL=warn\n", "LOG_LEVEL=loud\n", "NONSENSE\n"][turn % 4])
            fresh.rename(config)
            server.signal(signal.SIGHUP)
            time.sleep(0.005)
        for text in ("LOG_LEVEL=info\n", "LOG_LEVEL=info\nDRAIN_MS=1234\n"):
            taken = len(server.logged("configuration read again"))
            config.write_text(text)
            server.signal(signal.SIGHUP)
            wait_for("it is taken", lambda: len(server.logged("configuration read again")) > taken)
        assert server.logged("configuration changed")[-1]["option"] == "DRAIN_MS"
        saving(load)
    trial.check(load, database)
    assert not load.sayings(), load.sayings()


OTHERS = [signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGCHLD, signal.SIGURG]


def test_other_signals(trial, database):
    """SIGPIPE, SIGUSR1, SIGUSR2 and others under load: nobody notices"""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server) as load:
        for _ in range(20):
            for number in OTHERS:
                server.signal(number)
                time.sleep(0.002)
        saving(load)
    trial.check(load, database)
    assert not load.sayings(), load.sayings()


@pytest.mark.long
def test_stopped_and_continued(trial, database):
    """The process is stopped for three seconds (SIGSTOP): calls under way are answered"""
    server = trial.start(DATABASE_URL=database)
    with Generator(server, Shape(writers=8)) as load:
        saving(load)
        server.signal(signal.SIGSTOP)
        threading.Timer(3, server.signal, [signal.SIGCONT]).start()
        time.sleep(3.1)
        saving(load)
    trial.check(load, database)
    assert not load.sayings(), load.sayings()
