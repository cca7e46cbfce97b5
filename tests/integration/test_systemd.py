"""What a service manager is told, and the sockets it hands over: systemd's protocols without systemd."""

import os
import signal
import socket
import subprocess
import threading

import pytest
from sage import BINARY, Connection, environment, wait_for


@pytest.fixture
def manager(tmp_path):
    """manager(...) -> a server started as a service manager does it; told() is what it has said."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.settimeout(10)
    started = []

    class Manager:
        def told(self) -> str:
            return notify.recv(4096).decode()

        def start(self, listener: socket.socket | None = None, **settings: str) -> subprocess.Popen:
            """The socket becomes descriptor 3; LISTEN_PID is known only to the child."""
            settings |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "ENABLE_MONITORING": "false"}
            words = [str(BINARY), "serve"]
            handed = {}
            if listener is not None:
                settings.setdefault("LISTEN", "{}:{}".format(*listener.getsockname()))
                settings["LISTEN_FDS"] = "1"
                words = ["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *words]
                handed = {"pass_fds": (3,), "preexec_fn": lambda: os.dup2(listener.fileno(), 3)}
            settings.setdefault("LISTEN", "127.0.0.1:0")
            with (tmp_path / "out").open("ab") as out:
                started.append(subprocess.Popen(words, env=environment(**settings), stdin=subprocess.DEVNULL,
                    stdout=out, stderr=out, **handed))
            return started[-1]

    yield Manager()
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()
    notify.close()


def test_says_when_it_is_ready_and_when_it_stops(manager, database):
    process = manager.start(DATABASE_URL=database)
    assert manager.told() == "READY=1"
    process.send_signal(signal.SIGTERM)
    assert manager.told() == "STOPPING=1"
    assert process.wait(10) == 0


def test_feeds_the_watchdog(manager, database):
    manager.start(DATABASE_URL=database, WATCHDOG_USEC="400000")
    assert [manager.told() for _ in range(4)] == ["READY=1"] + ["WATCHDOG=1"] * 3


def test_the_watchdog_of_another_process_is_not_fed(manager, database):
    process = manager.start(DATABASE_URL=database, WATCHDOG_USEC="200000", WATCHDOG_PID="1")
    assert manager.told() == "READY=1"
    process.send_signal(signal.SIGTERM)
    assert manager.told() == "STOPPING=1"


def test_a_restart_refuses_no_connection(manager, database):
    """The socket stays while the process is replaced: who connects in between waits, and is served."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        failures, answered, stop = [], [], threading.Event()

        def knock():
            while not stop.is_set():
                try:
                    with Connection(*address, timeout_s=10) as c:
                        answered.append(c.get("/healthz").status)
                except OSError as error:
                    failures.append(error)

        process = manager.start(listener, DATABASE_URL=database)
        assert manager.told() == "READY=1"
        clients = [threading.Thread(target=knock) for _ in range(2)]
        for client in clients:
            client.start()
        try:
            for _ in range(3):
                before = len(answered)
                process.send_signal(signal.SIGTERM)
                assert manager.told() == "STOPPING=1"
                assert process.wait(10) == 0
                process = manager.start(listener, DATABASE_URL=database)
                assert manager.told() == "READY=1"
                wait_for("clients are served", lambda b=before: len(answered) > b + 20)
        finally:
            stop.set()
            for client in clients:
                client.join()
    assert failures == [] and set(answered) == {200}


def test_a_socket_for_another_address_is_not_taken(manager, database):
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as free:
        wanted = free.getsockname()
        free.close()
        manager.start(listener, DATABASE_URL=database, LISTEN="{}:{}".format(*wanted))
        assert manager.told() == "READY=1"
        with Connection(*wanted) as c:
            assert c.get("/healthz").status == 200
