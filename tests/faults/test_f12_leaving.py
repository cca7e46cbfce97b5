"""F12: clients leave while their call waits, or close their half of the connection.

A call of the revision of 2026-07-28 ends with its connection: the database connection is free again
within 100 ms and PostgreSQL stops working. A legacy call goes on. A half-close is a close.
"""

import random
import socket
import struct
import time

import pytest
from generator import Generator, Shape
from locks import Lock
from sage import LEGACY, MODERN, rpc_message, wait_for
from streams import listen
from trial import all_leases_are_back, saving

CLIENTS = 8
FREED_S = 0.1
# With a libpq that cannot cancel, PostgreSQL looks by itself whether its client is there, once a second.
STOPPED_S = 1.0 + 0.3
SLACK_S = 0.03  # of the looking


def close(http):
    http.sock.close()


def reset(http):
    http.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    http.sock.close()


def half_close(http):
    http.sock.shutdown(socket.SHUT_WR)


LEAVE = {"close": close, "reset": reset, "half-close": half_close}


def send_save(server, memory, era: str):
    """A save under way; its HTTP connection."""
    arguments = {"user_input": memory.text}
    body, own = rpc_message("tools/call", {"name": "save_memory", "arguments": arguments}, era=era)
    connection = server.connect()
    connection.http.request("POST", "/mcp", body, {"Content-Type": "application/json",
        "Accept": "application/json, text/event-stream"} | own)
    return connection.http


def busy(server) -> int:
    with server.connect() as connection:
        return connection.done("get_status")["database_pool"]["busy"]


@pytest.mark.parametrize("how", LEAVE)
@pytest.mark.parametrize("libpq", ["own", "newer"])
def test_modern_clients_leave(trial, database, request, how, libpq):
    """Eight modern clients leave while their save waits for a lock"""
    more = request.getfixturevalue("newer") if libpq == "newer" else {}
    server = trial.start(DATABASE_URL=database, **more)
    load = Generator(server, Shape(writers=0, readers=0))
    with trial.watch(server):
        with Lock(database) as lock:
            waiting = [send_save(server, load.new_memory(), MODERN) for _ in range(CLIENTS)]
            lock.wait_for_waiters(CLIENTS)
            began = time.monotonic()
            for connection in waiting:
                LEAVE[how](connection)
            wait_for("nobody waits for the lock", lambda: lock.waiters() == 0, 5)
            stopped = time.monotonic() - began
        all_leases_are_back(server)
    for connection in waiting:
        connection.close()
    trial.note(f"PostgreSQL stopped after {stopped * 1000:.0f} ms")
    for memory in load.memories:
        memory.state = "refused"
    trial.check(load, database)
    assert stopped < (FREED_S + SLACK_S if libpq == "newer" else STOPPED_S)


def test_connections_are_freed(trial, database):
    """The connections of modern clients that left are free within 100 ms"""
    server = trial.start(DATABASE_URL=database, DB_POOL_SIZE="4")
    load = Generator(server, Shape(writers=0, readers=0))
    with trial.watch(server), Lock(database, "sessions") as lock, server.connect() as connection:
        waiting = [send_save(server, load.new_memory(), MODERN) for _ in range(4)]
        lock.wait_for_waiters(4)
        began = time.monotonic()
        for each in waiting:
            each.close()
        # All connections were in use, so this one waits for one of theirs.
        connection.tool("get_memory", {"id": "00000000-0000-4000-8000-000000000000"})
        freed = time.monotonic() - began
    trial.note(f"freed after {freed * 1000:.0f} ms")
    assert freed < FREED_S


@pytest.mark.parametrize("how", LEAVE)
def test_legacy_clients_leave(trial, database, how):
    """Eight legacy clients leave while their save waits: it is stored"""
    server = trial.start(DATABASE_URL=database)
    load = Generator(server, Shape(writers=0, readers=0))
    with trial.watch(server):
        with Lock(database) as lock:
            waiting = [send_save(server, load.new_memory(), LEGACY) for _ in range(CLIENTS)]
            lock.wait_for_waiters(CLIENTS)
            for connection in waiting:
                LEAVE[how](connection)
            lock.stay_waiting(CLIENTS, 0.3)
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
