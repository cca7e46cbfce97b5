"""F14: clients that send slowly, or nothing at all.

Each part of a request has an absolute deadline, which a byte now and then does not move; others are
served meanwhile.
"""

import re
import shutil
import socket
import subprocess
import time

import pytest
from sage import wait_for

HEADER_DEADLINE_S, BODY_DEADLINE_S = 10, 60  # server/server_limits.h
SLACK_S = 2 + 1  # a refused client may read its answer for 2 s; deadlines are looked at four times a second
CLIENTS = 150


def drip(sockets: list[socket.socket], seconds: float):
    """A byte to each, once a second."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(1)
        for each in sockets:
            try:
                each.send(b"x")
            except OSError:
                pass  # closed, as it shall be


def are_closed(sockets: list[socket.socket]) -> bool:
    """None of them gives anything but its end."""
    for each in sockets:
        each.settimeout(0)
        try:
            while each.recv(4096):
                pass
        except BlockingIOError:
            return False
        except OSError:
            pass  # reset
    return True


def test_slow_headers(trial, database):
    """150 clients that are silent or drip their headers: closed after 10 s, others are served"""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server) as load:
        before = server.descriptors()
        slow = []
        for number in range(CLIENTS):
            slow.append(socket.create_connection((server.host, server.port)))
            if number % 3:
                slow[-1].sendall([b"", b"POST /mcp HTTP/1.1\r\nX-Slow: ", b"GET /hea"][number % 3])
        drip([each for number, each in enumerate(slow) if number % 3], HEADER_DEADLINE_S - 1.0)
        assert server.descriptors() >= before + CLIENTS, "they were closed too early"
        wait_for("all are closed", lambda: server.descriptors() < before + 5, 1 + SLACK_S)
        assert are_closed(slow)
    for each in slow:
        each.close()
    trial.check(load, database)


def slowhttptest(server, *words: str, seconds: int) -> str:
    """What it says, without the colours."""
    program = shutil.which("slowhttptest")
    if program is None:
        pytest.skip("slowhttptest is not installed; deploy/setup.sh --for faults does it")
    done = subprocess.run([program, *words, "-c", str(CLIENTS), "-r", str(CLIENTS), "-l", str(seconds), "-p", "3",
        "-v", "1"], capture_output=True, text=True, timeout=seconds + 30, check=False)
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout)


@pytest.mark.long
@pytest.mark.parametrize("attack, deadline_s", [("headers", HEADER_DEADLINE_S), ("body", BODY_DEADLINE_S)])
def test_slowhttptest(trial, database, attack, deadline_s):
    """slowhttptest: all connections are closed at the deadline, the service stays available"""
    server = trial.start(DATABASE_URL=database)
    url = f"http://{server.address}"
    words = {"headers": ("-H", "-i", "2", "-u", f"{url}/healthz"),
        "body": ("-B", "-i", "5", "-s", "8192", "-t", "POST", "-f", "application/json", "-u", f"{url}/mcp")}[attack]
    with trial.load(server) as load:
        said = slowhttptest(server, *words, seconds=deadline_s + 10)
    trial.check(load, database)
    assert "No open connections left" in said, said[-1000:]
    assert set(re.findall(r"service available: *(\w+)", said)) == {"YES"}, said[-1000:]
    took = int(re.search(r"ended on (\d+)", said)[1])
    trial.note(f"closed after {took} s")
    assert deadline_s - 1 <= took <= deadline_s + SLACK_S
