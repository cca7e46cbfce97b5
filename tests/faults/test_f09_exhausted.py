"""F9: more calls than connections: the line is long, full, or does not move.

Who is refused is refused within a bounded time, in clear words and with Retry-After; who waits is served
in a fair order, also between namespaces.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from databases import uri_of
from generator import Generator, Shape
from locks import Lock
from sage import bearer, make_key, run_command, tool_text
from trial import all_leases_are_back, saving

QUEUE, WAIT_MS = 20, 1000
CLIENTS = 60
NOTHING = {"id": "00000000-0000-4000-8000-000000000000"}
LATENCY_S = 0.01


def timed_read(server) -> tuple[float, dict, str | None]:
    with server.connect() as connection:
        began = time.monotonic()
        answer = connection.rpc("tools/call", {"name": "get_memory", "arguments": NOTHING})
        return time.monotonic() - began, answer.result, answer.headers["Retry-After"]


def test_line_is_full_and_does_not_move(trial, database):
    """60 reads, two connections, room for 20 in line, a table that is locked"""
    server = trial.start(DATABASE_URL=database, DB_POOL_SIZE="2", DB_QUEUE_LIMIT=str(QUEUE),
        DB_WAIT_TIMEOUT_MS=str(WAIT_MS))
    with trial.watch(server), ThreadPoolExecutor(CLIENTS) as pool:
        with Lock(database):
            with server.connect() as connection:
                connection.rpc("tools/list")  # the credential is known now, for two seconds
            reads = [pool.submit(timed_read, server) for _ in range(CLIENTS)]
            time.sleep(WAIT_MS / 1000 + 0.5)
        answers = [read.result(20) for read in reads]
    busy = [(took, retry) for took, result, retry in answers if "busy" in tool_text(result)]
    at_once = [took for took, _ in busy if took < WAIT_MS / 1000 / 2]
    in_line = [took for took, _ in busy if took >= WAIT_MS / 1000 / 2]
    trial.note(f"{len(at_once)} refused at once (slowest {max(at_once) * 1000:.0f} ms), {len(in_line)} after the wait")
    # Of two connections one namespace may have one; for the other one more may wait.
    assert QUEUE <= len(in_line) <= QUEUE + 1 and len(in_line) + len(at_once) == CLIENTS - 1
    assert max(in_line) < WAIT_MS / 1000 + 0.5
    assert all(retry is not None and 1 <= int(retry) <= 10 for _, retry in busy)
    all_leases_are_back(server)


@pytest.mark.long
def test_saturated(trial, cluster, proxy):
    """60 clients on two connections, 10 ms away: none is refused, none waits much longer than others"""
    server = trial.start(DATABASE_URL=uri_of(proxy), DB_POOL_SIZE="2")
    with trial.load(server, Shape(writers=20, readers=40, think_s=0)) as load:
        proxy.to_server.latency_s = LATENCY_S
        saving(load)
        since = time.monotonic()
        time.sleep(4)
    took = sorted(read.ended - read.began for read in load.reads if read.began > since)
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99)]
    trial.note(f"reads: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    trial.check(load, cluster.uri)
    assert not load.sayings(), load.sayings()
    assert p99 < 3 * p50


def test_fair_between_namespaces(trial, cluster, proxy):
    """40 clients of one namespace and one of another, two connections 10 ms away: the one is served at once"""
    assert run_command("migrate", DATABASE_URL=cluster.uri).returncode == 0
    red, blue = (bearer(make_key(cluster.uri, name, name)) for name in ("red", "blue"))
    server = trial.start(DATABASE_URL=uri_of(proxy), DB_POOL_SIZE="2")
    many, one = Shape(writers=20, readers=20, think_s=0, headers=red), Shape(writers=1, readers=1, headers=blue)
    with trial.load(server, many) as flood, Generator(server, one) as alone:
        proxy.to_server.latency_s = LATENCY_S
        saving(flood)
        since = time.monotonic()
        time.sleep(4)
        alone.stop()
    one_ms, many_ms = (1000 * statistics.median(read.ended - read.began for read in load.reads if read.began > since)
        for load in (alone, flood))
    trial.note(f"median of the reads: {one_ms:.0f} ms of the one, {many_ms:.0f} ms of the many")
    for load in (flood, alone):
        trial.check(load, cluster.uri)
        assert not load.sayings(), load.sayings()
    assert one_ms < many_ms / 3


@pytest.mark.long
def test_full_line_of_another_namespace(trial, cluster, proxy):
    """40 clients of one namespace fill the line of 20: another one's calls still get in"""
    assert run_command("migrate", DATABASE_URL=cluster.uri).returncode == 0
    red, blue = (bearer(make_key(cluster.uri, name, name)) for name in ("red", "blue"))
    server = trial.start(DATABASE_URL=uri_of(proxy), DB_POOL_SIZE="2", DB_QUEUE_LIMIT=str(QUEUE))
    many, one = Shape(writers=2, readers=38, think_s=0, headers=red), Shape(writers=1, readers=1, headers=blue)
    with trial.load(server, many) as flood, Generator(server, one) as alone:
        proxy.to_server.latency_s = LATENCY_S
        time.sleep(4)
        alone.stop()
    trial.note(f"{len(flood.failed_reads())} reads of the many refused, {len(alone.failed_reads())} of the one")
    for load in (flood, alone):
        trial.check(load, cluster.uri)
    assert flood.failed_reads(), "the line was never full"
    assert not alone.sayings(), alone.sayings()
