"""F11: a client goes just as its result arrives, and the cancel comes later than both.

The connection is not used again before the cancel is over, so it never hits the query of somebody else.
"""

import random
import struct
import threading
import time

import pytest
from databases import uri_of
from generator import Generator, Shape
from locks import Lock
from metrics import Metrics
from sage import MODERN, rpc_message, wait_for
from tcp_proxy import Faults, Link
from trial import all_leases_are_back, rest_is_long, saving

CANCEL_REQUEST = struct.pack("!ii", 16, 80877102)  # PostgreSQL's, in front of pid and key
CANCELLED = "canceling statement due to user request"


def delay_cancels(proxy, most_s: float):
    """Cancels take up to so long to arrive; nothing else does."""
    seen = []

    def choose(first: bytes, link: Link):
        if first.startswith(CANCEL_REQUEST):
            seen.append(first)
            link.to_server = Faults(latency_s=random.random() * most_s)

    proxy.choose = choose
    return seen


def leave_at_random(server, load: Generator, seconds: float) -> int:
    """Modern clients that begin a call and go within a few milliseconds; how many."""
    until = time.monotonic() + seconds
    left = 0
    known = load.of("acknowledged")[0]
    body, headers = rpc_message("tools/call", {"name": "get_memory", "arguments": {"id": known.id}}, era=MODERN)
    while time.monotonic() < until:
        with server.connect() as connection:
            connection.http.request("POST", "/mcp", body, {"Content-Type": "application/json"} | headers)
            time.sleep(random.random() * 0.004)
        left += 1
    return left


@pytest.mark.parametrize("libpq", rest_is_long("newer", "own"))
def test_clients_leave_as_results_arrive(trial, cluster, proxy, request, libpq):
    """Clients leave just as their result arrives; cancels are up to 30 ms late"""
    more = request.getfixturevalue("newer") if libpq == "newer" else {}
    server = trial.start(DATABASE_URL=uri_of(proxy), DB_POOL_SIZE="4", **more)
    cancels = delay_cancels(proxy, 0.03)
    with trial.load(server, Shape(writers=3, readers=3, think_s=0)) as load:
        left = leave_at_random(server, load, 4)
        saving(load)
    trial.note(f"{left} left, {len(cancels)} cancels, {cluster.log().count(CANCELLED)} hit")
    trial.check(load, cluster.uri)
    all_leases_are_back(server)
    assert not load.sayings(), load.sayings()
    assert left > 100
    assert bool(cancels) == (libpq == "newer")


def test_late_cancel_hits_nobody(trial, cluster, proxy, newer):
    """One connection; its cancel is 300 ms late, the result is not: who comes next is not hit"""
    server = trial.start(DATABASE_URL=uri_of(proxy), DB_POOL_SIZE="1", DB_POOL_MIN="1", **newer)
    load = Generator(server, Shape(writers=0, readers=0))
    with server.admin() as admin:  # the only connection is not to be housekeeping's when the lock comes
        wait_for("the first round of housekeeping is over", lambda: Metrics(admin).value(
            "pg_query_duration_seconds_count", statement="keep_vectors") > 0)
    for _ in range(3):
        seen = []

        def choose(first: bytes, link: Link, seen=seen):
            if first.startswith(CANCEL_REQUEST):
                seen.append(first)
                link.to_server = Faults(latency_s=0.3)

        proxy.choose = choose
        with trial.watch(server), server.connect() as connection:
            with Lock(cluster.uri) as lock:
                memory = load.new_memory()
                arguments = {"user_input": memory.text}
                body, own = rpc_message("tools/call", {"name": "save_memory", "arguments": arguments}, era=MODERN)
                leaver = server.connect()
                leaver.http.request("POST", "/mcp", body, {"Content-Type": "application/json"} | own)
                wait_for("it waits", lambda: lock.waiters() == 1)
                leaver.http.close()
                wait_for("the cancel is on its way", lambda: seen)
            # The save is done now, and its cancel still on its way.
            began = time.monotonic()
            memory.state = "unknown"
            next_one = load.new_memory()
            load.save(connection, next_one)
            took = time.monotonic() - began
        assert next_one.state == "acknowledged", next_one.said
    trial.note(f"the next one waited {took * 1000:.0f} ms")
    trial.check(load, cluster.uri)
    all_leases_are_back(server)
