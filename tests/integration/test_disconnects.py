"""Clients that leave or cancel while their call waits in PostgreSQL. Closing the connection means
the opposite in the two eras: since 2026-07-28 it cancels, before it does not."""

import json
import signal
import socket
import struct
import time

import pytest
from locks import Lock
from sage import LEGACY, MODERN, bearer, make_key, psql, wait_for
from sessions import VERSIONS, initialize
from streams import EventStream

CANCELLED_WITHIN_S = 5


@pytest.fixture
def alone(start, database, door):
    """A server whose database nobody else uses."""
    return door(start(DATABASE_URL=database).wait_ready())


def save_params(text: str) -> dict:
    return {"name": "save_memory", "arguments": {"user_input": text}}


def send_call(server, params: dict, era: str, headers: dict | None = None, id=1):
    """A connection with a call of a tool under way on it."""
    connection = server.connect()
    connection.begin("tools/call", params, era=era, headers=headers, id=id)
    return connection


def send_save(server, text: str, era: str, headers: dict | None = None, id=1):
    return send_call(server, save_params(text), era, headers, id)


def saved(database: str) -> set[str]:
    return set(psql(database, "SELECT user_input FROM memories").split("\n")) - {""}


def finish(server, headers: dict | None = None):
    """Saves, so that what was before it is done with."""
    with server.connect() as connection:
        connection.done("save_memory", {"user_input": "fence"}, headers=headers)


# --- leaving ---------------------------------------------------------------------


def test_modern_call_ends_with_its_connection(alone, database):
    with Lock(database) as lock:
        connection = send_save(alone, "unwanted", MODERN)
        lock.wait_for_waiters(1)
        connection.http.close()
        lock.wait_for_waiters(0, CANCELLED_WITHIN_S)
    finish(alone)
    assert saved(database) == {"fence"}


def test_modern_call_that_is_not_left_goes_on(alone, database):
    search = {"name": "search_memories", "arguments": {"query": "anything"}}
    with Lock(database) as lock:
        left = [send_call(alone, search, MODERN, id=n) for n in range(3)]
        stays = send_call(alone, search, MODERN, id="stays")
        lock.wait_for_waiters(4)
        for connection in left:
            connection.http.close()
        lock.wait_for_waiters(1, CANCELLED_WITHIN_S)
        lock.stay_waiting(1, 0.5)
    answer = json.loads(stays.http.getresponse().read())
    assert answer["id"] == "stays" and not answer["result"].get("isError")
    stays.http.close()


def test_a_save_gathered_with_one_that_was_left_goes_on(alone, database):
    """Two saves wait for the lock, each in a statement of its own; the others are gathered behind them."""
    with Lock(database) as lock:
        left = []
        for n in range(2):
            left.append(send_save(alone, f"left {n}", MODERN, id=n))
            lock.wait_for_waiters(n + 1)
        stays = [send_save(alone, f"stays {n}", MODERN, id=n) for n in range(3)]
        lock.stay_waiting(2, 0.3)
        for connection in left:
            connection.http.close()
        lock.wait_for_waiters(1, CANCELLED_WITHIN_S)
    for number, connection in enumerate(stays):
        answer = json.loads(connection.http.getresponse().read())
        assert answer["id"] == number and not answer["result"].get("isError")
        connection.http.close()
    assert saved(database) == {"stays 0", "stays 1", "stays 2"}


def test_modern_call_ends_when_its_connection_is_reset(alone, database):
    with Lock(database) as lock:
        connection = send_save(alone, "unwanted", MODERN)
        lock.wait_for_waiters(1)
        connection.http.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.http.close()
        lock.wait_for_waiters(0, CANCELLED_WITHIN_S)
    finish(alone)
    assert saved(database) == {"fence"}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("with_session", [True, False], ids=["session", "no session"])
def test_legacy_call_outlives_its_connection(alone, database, version, with_session):
    session = initialize(alone, version)
    with Lock(database) as lock:
        connection = send_save(alone, "wanted", version, session.headers if with_session else None)
        lock.wait_for_waiters(1)
        connection.http.close()
        lock.stay_waiting(1)
    finish(alone)
    assert saved(database) == {"wanted", "fence"}


def test_legacy_batch_outlives_its_connection(alone, database):
    messages = [{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": save_params(f"wanted {n}")}
        for n in range(3)]
    connection = alone.connect()
    with Lock(database) as lock:
        connection.http.request("POST", "/mcp", json.dumps(messages), {"Content-Type": "application/json"})
        lock.wait_for_waiters(1)  # they came together, so they are one statement
        connection.http.close()
        lock.stay_waiting(1)
    finish(alone)
    assert saved(database) == {"wanted 0", "wanted 1", "wanted 2", "fence"}


def test_both_eras_leave_at_once(alone, database):
    """Each in a namespace of its own: saves are gathered, and what some still want is done for all."""
    modern = bearer(make_key(database, "modern", "modern"))
    legacy = bearer(make_key(database, "legacy", "legacy"))
    legacy |= initialize(alone, headers=legacy).headers
    with Lock(database) as lock:
        for number in range(3):
            send_save(alone, f"modern {number}", MODERN, modern).http.close()
        connections = [send_save(alone, f"{name} {number}", era, headers) for number in range(3)
            for name, era, headers in (("modern", MODERN, modern), ("legacy", LEGACY, legacy))]
        wait_for("one or two statements of each namespace wait", lambda: lock.waiters() >= 2)
        lock.settle()
        before = lock.waiters()
        for connection in connections:
            connection.http.close()
        wait_for("those of one era are gone", lambda: 1 <= lock.waiters() < before, CANCELLED_WITHIN_S)
        lock.settle()
        assert 1 <= lock.waiters() <= 2
    finish(alone, legacy)
    assert saved(database) == {"legacy 0", "legacy 1", "legacy 2", "fence"}


# --- cancelling ------------------------------------------------------------------


@pytest.mark.parametrize("version, id", [*((version, 7) for version in VERSIONS), (LEGACY, "7"), (LEGACY, 0),
    (LEGACY, "水")])
def test_cancelled_call_of_a_session_is_stopped(alone, database, version, id):
    session = initialize(alone, version)
    with Lock(database) as lock:
        connection = send_save(alone, "unwanted", version, session.headers, id=id)
        lock.wait_for_waiters(1)
        began = time.monotonic()
        answer = session.notify(alone, "notifications/cancelled", {"requestId": id, "reason": "no more"})
        assert (answer.status, answer.body) == (202, b"")
        lock.wait_for_waiters(0, CANCELLED_WITHIN_S)
        response = connection.http.getresponse()
        said = response.read()
        assert time.monotonic() - began < CANCELLED_WITHIN_S
        assert b"result" not in said and b"error" not in said, "a cancelled request is not answered"
        assert connection.rpc("ping", headers=session.headers).result == {}, "the connection goes on"
        connection.http.close()
    finish(alone)
    assert saved(database) == {"fence"}


def test_one_of_a_batch_is_cancelled(alone, database):
    """The batch waits behind two saves that run, or it would be one statement already."""
    session = initialize(alone, "2025-03-26")
    messages = [{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": save_params(f"{n}")} for n in range(3)]
    connection = alone.connect()
    with Lock(database) as lock:
        running = []
        for count in (1, 2):
            running.append(send_save(alone, f"running {count}", LEGACY, session.headers, id=10 + count))
            lock.wait_for_waiters(count)
        connection.http.request("POST", "/mcp", json.dumps(messages),
            {"Content-Type": "application/json"} | session.headers)
        time.sleep(0.2)  # until it waits
        assert session.notify(alone, "notifications/cancelled", {"requestId": 1}).status == 202
    answers = json.loads(connection.http.getresponse().read())
    for each in (connection, *running):
        each.http.close()
    assert [answer["id"] for answer in answers if "result" in answer] == [0, 2] == [a["id"] for a in answers]
    assert saved(database) - {"running 1", "running 2"} == {"0", "2"}


def test_nobody_cancels_what_is_not_theirs(alone, database):
    session, other = initialize(alone), initialize(alone)
    with Lock(database) as lock:
        connection = send_save(alone, "wanted", LEGACY, session.headers, id=7)
        lock.wait_for_waiters(1)
        modern = send_save(alone, "modern", MODERN, id=7)
        lock.wait_for_waiters(2)
        bare = send_save(alone, "bare", LEGACY, id=7)  # gathered behind them
        for canceller, params in ((other, {"requestId": 7}), (session, {"requestId": "7"}), (session, {}),
                (session, {"requestId": None}), (session, {"requestId": 8}), (session, {"requestId": [7]})):
            assert canceller.notify(alone, "notifications/cancelled", params).status == 202
        with alone.connect() as sessionless:
            body = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}'
            assert sessionless.post(body).status == 202
        lock.stay_waiting(2, 0.5)
    for each in (connection, modern, bare):
        assert json.loads(each.http.getresponse().read())["result"]["structuredContent"]
        each.http.close()
    assert saved(database) == {"wanted", "modern", "bare"}


def test_cancelled_too_late_is_no_harm(alone):
    session = initialize(alone)
    assert session.rpc(alone, "tools/call", save_params("x"), id=3).result
    for id in (3, "never"):
        assert session.notify(alone, "notifications/cancelled", {"requestId": id}).status == 202
    assert session.rpc(alone, "ping", id=3).result == {}


# --- the end of the server -------------------------------------------------------


MESSAGE = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": save_params("x")}


def begin_save(server, transport: str):
    """A save under way; what has to be kept, and a function that reads its answer."""
    json_type = {"Content-Type": "application/json"}
    if transport == "http+sse":
        stream = EventStream(server, "GET", "/sse")
        with server.connect() as connection:
            accepted = connection.send("POST", stream.next().data, json.dumps(MESSAGE).encode(), json_type)
        assert accepted.status == 202
        return stream, lambda: stream.next().json
    if transport == "batch":
        connection = server.connect()
        connection.http.request("POST", "/mcp", json.dumps([MESSAGE]), json_type)
        return connection.http, lambda: json.loads(connection.http.getresponse().read())[0]
    if transport == "modern":
        connection = send_save(server, "x", MODERN)
    else:
        connection = send_save(server, "x", LEGACY, initialize(server).headers)
    return connection.http, lambda: json.loads(connection.http.getresponse().read())


TRANSPORTS = ["modern", "legacy", "batch", "http+sse"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_drain_waits_for_calls_under_way(start, database, door, transport):
    server = door(start(DATABASE_URL=database, HTTP_SSE="true").wait_ready())
    with Lock(database) as lock:
        kept, answer = begin_save(server, transport)
        lock.wait_for_waiters(1)
        server.signal(signal.SIGTERM)
        wait_for("it drains", lambda: server.logged("draining"))
        lock.stay_waiting(1, 0.5)
    assert answer()["result"]["structuredContent"]["id"]
    server.wait_stopped(10)
    kept.close()
    assert saved(database) == {"x"}


@pytest.mark.parametrize("leaves", [False, True], ids=["stays", "leaves"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_drain_deadline_ends_calls_under_way(start, database, door, transport, leaves):
    """The server leaves cleanly, whatever waits; Server.stop() looks for leaks."""
    server = door(start(DATABASE_URL=database, DRAIN_MS="300", HTTP_SSE="true").wait_ready())
    with Lock(database) as lock:
        kept, _ = begin_save(server, transport)
        lock.wait_for_waiters(1)
        if leaves:
            kept.close()
        server.stop()
        kept.close()
