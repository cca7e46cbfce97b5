"""F12: clients leave while their call waits, or close their half of the connection.

A call of the revision of 2026-07-28 ends with its connection: the database connection is free again
within 100 ms and PostgreSQL stops working. A legacy call goes on. A half-close is a close.
"""

import random
import socket
import struct
import threading
import time

import pytest
from generator import Generator, Shape
from locks import Lock
from sage import LEGACY, MODERN, rpc_message, wait_for
from streams import listen
from trial import all_leases_are_back, rest_is_long, saving

CLIENTS = 8
FREED_S = 0.1
# With a libpq that cannot cancel, PostgreSQL looks by itself whether its client is there, ten times a second.
STOPPED_S = 0.1 + FREED_S
SLACK_S = 0.05  # of the looking


def close(http):
    http.sock.close()


def reset(http):
    http.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    http.sock.close()


def half_close(http):
    http.sock.shutdown(socket.SHUT_WR)


LEAVE = {"close": close, "reset": reset, "half-close": half_close}


def send(server, tool: str, arguments: dict, era: str):
    """A call under way; its HTTP connection."""
    body, own = rpc_message("tools/call", {"name": tool, "arguments": arguments}, era=era)
    connection = server.connect()
    connection.http.request("POST", "/mcp", body, {"Content-Type": "application/json",
        "Accept": "application/json, text/event-stream"} | own)
    return connection.http


def send_save(server, memory, era: str):
    return send(server, "save_memory", {"user_input": memory.text, "idempotency_key": memory.key}, era)


def wait_for_saves(lock: Lock):
    """Saves of one namespace gather: one or two statements wait for the lock, the others behind them."""
    wait_for("a save waits for the lock", lambda: lock.waiters() > 0)
    time.sleep(0.1)


def time_of_quiet(lock: Lock) -> float:
    """Since when nobody waits for the lock: between two statements nobody does, too, for a moment."""
    since = None

    def quiet():
        nonlocal since
        since = (since or time.monotonic()) if lock.waiters() == 0 else None
        return since is not None and time.monotonic() - since > 0.2

    wait_for("nobody waits for the lock", quiet, 5)
    return since


@pytest.mark.parametrize("how", rest_is_long(*LEAVE))
@pytest.mark.parametrize("libpq", ["own", "newer"])
def test_modern_clients_leave(trial, database, request, how, libpq):
    """Eight modern clients leave while their save waits for a lock"""
    more = request.getfixturevalue("newer") if libpq == "newer" else {}
    server = trial.start(DATABASE_URL=database, **more)
    load = Generator(server, Shape(writers=0, readers=0))
    with trial.watch(server):
        with Lock(database) as lock:
            waiting = [send_save(server, load.new_memory(), MODERN) for _ in range(CLIENTS)]
            wait_for_saves(lock)
            began = time.monotonic()
            for connection in waiting:
                LEAVE[how](connection)
            stopped = time_of_quiet(lock) - began
        all_leases_are_back(server)
    for connection in waiting:
        connection.close()
    trial.note(f"PostgreSQL stopped after {stopped * 1000:.0f} ms")
    for memory in load.memories:
        memory.state = "refused"
    trial.check(load, database)
    assert stopped < (FREED_S if libpq == "newer" else STOPPED_S) + SLACK_S


def test_connections_are_freed(trial, database):
    """The connections of modern clients that left are free within 100 ms"""
    server = trial.start(DATABASE_URL=database, DB_POOL_SIZE="4")
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "known"})
    with trial.watch(server), Lock(database, "sessions") as lock, server.connect() as connection:
        # One namespace may have three of four connections, so the next call waits for one of theirs.
        waiting = [send(server, "manage_session", {"action": "list"}, MODERN) for _ in range(3)]
        lock.wait_for_waiters(3)
        threading.Timer(0.5, lambda: [close(each) for each in waiting]).start()
        began = time.monotonic()
        connection.done("get_memory", {"id": saved["id"]})
        freed = time.monotonic() - began - 0.5
    trial.note(f"freed after {freed * 1000:.0f} ms")
    assert 0 < freed < FREED_S + SLACK_S


@pytest.mark.parametrize("how", rest_is_long(*LEAVE))
def test_legacy_clients_leave(trial, database, how):
    """Eight legacy clients leave while their save waits: it is stored"""
    server = trial.start(DATABASE_URL=database)
    load = Generator(server, Shape(writers=0, readers=0))
    with trial.watch(server):
        with Lock(database) as lock:
            waiting = [send_save(server, load.new_memory(), LEGACY) for _ in range(CLIENTS)]
            wait_for_saves(lock)
            for connection in waiting:
                LEAVE[how](connection)
            lock.stay_waiting(lock.waiters(), 0.3)
        all_leases_are_back(server)
    for connection in waiting:
        connection.close()
    stored = load.stored(database)
    assert sorted(len(ids) for ids in stored.values()) == [1] * CLIENTS


def test_readers_of_streams_leave(trial, database):
    """A hundred readers of streams leave: nothing of them stays"""
    server = trial.start(DATABASE_URL=database)
    with trial.load(server) as load:
        before = server.descriptors()
        streams = [listen(server, "sage://session/default", "sage://feed/default") for _ in range(100)]
        saving(load)
        assert server.descriptors() >= before + 100
        for number, stream in enumerate(streams):
            how = list(LEAVE)[number % len(LEAVE)]
            LEAVE[how](stream.http)
            if how != "half-close":
                stream.close()
        wait_for("their descriptors are closed", lambda: server.descriptors() <= before + 5, 2)
        saving(load)
    for stream in streams:
        stream.close()
    trial.check(load, database)


@pytest.mark.long
def test_clients_leave_at_random(trial, database):
    """Clients leave at random for ten seconds, between others that stay"""
    server = trial.start(DATABASE_URL=database, DB_POOL_SIZE="4")
    with trial.load(server) as load:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            connection = send_save(server, load.new_memory(), random.choice([LEGACY, MODERN]))
            time.sleep(random.random() * 0.004)
            LEAVE[random.choice(list(LEAVE))](connection)
            connection.close()
    all_leases_are_back(server)
    unanswered = [memory for memory in load.memories if memory.state is None]
    for memory in unanswered:
        memory.state = "unknown"
    trial.note(f"{len(unanswered)} left")
    trial.check(load, database)
    assert not load.sayings(), load.sayings()
