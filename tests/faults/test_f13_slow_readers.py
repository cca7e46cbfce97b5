"""F13: readers of streams that read slowly, or never.

They are dropped when 256 KB are queued for them or when they took nothing for 30 s; others are
served meanwhile, and the memory of the server stays bounded.
"""

import socket
import time

import pytest
from generator import Shape
from sage import MODERN, rpc_message, wait_for
from streams import LISTEN_ID, listen
from trial import saving

STREAM_QUEUE_BYTES = 256 * 1024  # server/server_limits.h
OUTPUT_AGE_S = 30
READERS = 20
# Many spellings of one session's URI, so that one save is many bytes.
URIS = [f"sage://session/{'x' * i}%78{'x' * (199 - i)}" for i in range(200)]
DROPPED = "stream ended: its client has gone or reads too slowly"


def deaf_reader(server, uris: list[str]) -> socket.socket:
    """A stream that is open and never read."""
    body, headers = rpc_message("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}},
        era=MODERN, id=LISTEN_ID)
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((server.host, server.port))
    head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    deaf.sendall(f"POST /mcp HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n{head}"
        f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return deaf


def save_in_session(server, count: int):
    with server.connect() as connection:
        for number in range(count):
            connection.done("save_memory", {"user_input": f"event {number}", "session_id": "x" * 200})


def test_readers_that_never_read(trial, database):
    """Twenty readers that never read are dropped at 256 KB; others are told everything"""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server) as load:
        before = server.rss_bytes()
        deaf = [deaf_reader(server, URIS) for _ in range(READERS)]
        with listen(server, "sage://session/" + "x" * 200) as reader:
            reader.next()
            most = 0
            for _ in range(12):
                save_in_session(server, 10)
                most = max(most, server.rss_bytes() - before)
                for _ in range(10):
                    assert reader.next().json["method"] == "notifications/resources/updated"
            wait_for("they are dropped", lambda: len(server.logged(DROPPED)) >= READERS, OUTPUT_AGE_S + 5)
    for each in deaf:
        each.close()
    trial.note(f"{most >> 10} KB more at the most")
    trial.check(load, database)
    assert most < READERS * 2 * STREAM_QUEUE_BYTES


@pytest.mark.long
def test_readers_that_stop(trial, database):
    """Readers that took nothing for 30 s are dropped, with little queued for them"""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server, Shape(think_s=0.2)) as load:
        deaf = [deaf_reader(server, URIS) for _ in range(5)]
        until = time.monotonic() + 60
        began = None
        while len(server.logged(DROPPED)) < len(deaf) and time.monotonic() < until:
            save_in_session(server, 1)
            time.sleep(0.3)
            began = began or time.monotonic()
        took = time.monotonic() - began
        assert len(server.logged(DROPPED)) == len(deaf)
    for each in deaf:
        each.close()
    trial.note(f"dropped after {took:.0f} s")
    trial.check(load, database)


def test_slow_reader_of_large_answers(trial, database):
    """Answers of 1 MB to clients that read a little at a time: others are served, memory is bounded"""
    server = trial.start(DATABASE_URL=database)
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "x" * 1_000_000})
    body, headers = rpc_message("tools/call", {"name": "get_memory", "arguments": {"id": saved["id"]}})
    with trial.load(server) as load:
        before = server.rss_bytes()
        slow = []
        for _ in range(READERS):
            connection = server.connect()
            connection.http.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.http.request("POST", "/mcp", body, {"Content-Type": "application/json"} | headers)
            slow.append(connection)
            time.sleep(0.05)
        for _ in range(20):
            for each in slow:
                each.http.sock.recv(1000)
            time.sleep(0.02)
        grown = server.rss_bytes() - before
        saving(load)
        for each in slow:
            each.http.close()
    trial.note(f"{grown >> 20} MB more")
    trial.check(load, database)
    assert grown < READERS * 4 << 20
