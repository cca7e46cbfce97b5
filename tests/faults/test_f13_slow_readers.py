"""F13: readers of streams that read slowly, or never.

They are dropped when 256 KB are queued for them or when they took nothing for 30 s; others are
served meanwhile, and the memory of the server stays bounded.
"""

import itertools
import socket
import time
from contextlib import suppress

import pytest
from metrics import scrape
from sage import MODERN, rpc_message, wait_for
from streams import LISTEN_ID, listen
from trial import FRUGAL, saving

BOUND_BYTES = 32 << 20  # far below what is sent to them or asked by them
OUTPUT_AGE_S = 30  # server/server_limits.h
READERS = 5
# Many spellings of one session's URI, so that one save is many bytes.
URIS = [f"sage://session/{'x' * i}%78{'x' * (199 - i)}" for i in range(200)]
numbers = itertools.count()
DROPPED = "stream ended: its client has gone or reads too slowly"


def deaf_socket(server) -> socket.socket:
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((server.host, server.port))
    return deaf


def deaf_reader(server, uris: list[str]) -> socket.socket:
    """A stream that is open and never read."""
    body, headers = rpc_message("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}},
        era=MODERN, id=LISTEN_ID)
    deaf = deaf_socket(server)
    head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    deaf.sendall(f"POST /mcp HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n{head}"
        f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return deaf


def save_in_session(server, count: int):
    with server.connect() as connection:
        for _ in range(count):  # each in other words, for the same ones are no news
            connection.done("save_memory", {"user_input": f"event {next(numbers)}", "session_id": "x" * 200})


def test_readers_that_never_read(trial, database):
    """Five readers that never read are dropped at 256 KB; others are told everything"""
    server = trial.start(DATABASE_URL=database, **FRUGAL)
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
    assert most < BOUND_BYTES


@pytest.mark.long
def test_readers_that_stop(trial, database):
    """Readers for whom little waits, and who took nothing for 30 s, are dropped"""
    server = trial.start(DATABASE_URL=database, **FRUGAL)
    deaf = [deaf_reader(server, URIS[:40]) for _ in range(READERS)]

    def something_waits() -> bool:  # beyond what the kernel takes for them
        save_in_session(server, 5)
        return scrape(server).value("sse_queue_bytes") > 0

    wait_for("something waits for them", something_waits, 60)
    with trial.load(server) as load:
        began = time.monotonic()
        wait_for("one is dropped", lambda: scrape(server).value("sse_dropped_total"), OUTPUT_AGE_S + 5)
        took = time.monotonic() - began
    assert scrape(server).value("sse_dropped_total", reason="queue_full") == 0
    for each in deaf:
        each.close()
    trial.note(f"dropped after {took:.0f} s")
    trial.check(load, database)
    assert took > OUTPUT_AGE_S - 3


@pytest.mark.long
def test_pipelines_that_are_never_read(trial, database):
    """Clients send a thousand requests for 20 KB each and read nothing: memory is bounded"""
    server = trial.start(DATABASE_URL=database, **FRUGAL)
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "x" * 20_000})
    body, headers = rpc_message("tools/call", {"name": "get_memory", "arguments": {"id": saved["id"]}})
    head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    request = (f"POST /mcp HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n{head}"
        f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    with trial.load(server) as load:
        before = server.rss_bytes()
        deaf = [deaf_socket(server) for _ in range(READERS)]
        most = 0
        for each in deaf:
            each.setblocking(False)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            for each in deaf:
                with suppress(BlockingIOError):
                    each.send(request * 1000)
            time.sleep(0.02)
            most = max(most, server.rss_bytes() - before)
        saving(load)
        for each in deaf:
            each.close()
    trial.note(f"{most >> 10} KB more at the most")
    trial.check(load, database)
    assert most < BOUND_BYTES
