"""F6: the line to the database is slow, far, lossy or full of small pieces.

What does not fit through it waits where it was sent from (backpressure): the memory of the server
stays bounded, its deadlines hold, and whatever arrives is right.
"""

import statistics
import time

import pytest
from databases import uri_of
from generator import Shape
from trial import FRUGAL, saving

MEMORY_BYTES = 64 << 20  # more than at the start
LATENCY_S = 0.05


@pytest.mark.long
def test_narrow_line(trial, site, far):
    """200 kbit/s for 8 clients that save and read 20 KB: memory stays bounded, deadlines hold"""
    deadline_ms = 3000
    server = trial.start(DATABASE_URL=uri_of(site), DB_QUERY_TIMEOUT_MS=str(deadline_ms),
        DB_WAIT_TIMEOUT_MS=str(deadline_ms), DB_CONNECT_TIMEOUT_MS=str(deadline_ms), **FRUGAL)
    before = server.rss_bytes()
    with trial.load(server, Shape(text_bytes=20_000, writers=4, readers=4)) as load:
        site.slow("200kbit")
        most = 0
        until = time.monotonic() + 15
        while time.monotonic() < until:
            most = max(most, server.rss_bytes() - before)
            time.sleep(0.1)
        site.clear()
        saving(load)
    slowest = load.slowest_s()
    trial.note(f"{most >> 20} MB more at the most, slowest call {slowest:.1f} s")
    trial.check(load, far.uri)
    assert most < MEMORY_BYTES
    assert slowest < 3 * deadline_ms / 1000 + 1


def test_far_away(trial, cluster, proxy):
    """50 ms away: a save takes one round trip, and waits for one at the most"""
    server = trial.start(DATABASE_URL=uri_of(proxy))
    with trial.load(server) as load:
        proxy.to_server.latency_s = proxy.to_client.latency_s = LATENCY_S
        time.sleep(0.5)
        slow_since = time.monotonic()
        saving(load, count=60)
    took = statistics.median(m.ended - m.began for m in load.acknowledged_since(slow_since))
    trial.note(f"a save takes {took * 1000:.0f} ms")
    trial.check(load, cluster.uri)
    assert 2 * LATENCY_S < took < 4.2 * LATENCY_S
    assert not load.failed_reads()


def test_small_pieces(trial, cluster, proxy):
    """Everything arrives in pieces of seven bytes"""
    server = trial.start(DATABASE_URL=uri_of(proxy))
    with trial.load(server, Shape(text_bytes=2000)) as load:
        proxy.to_server.slice_bytes = proxy.to_client.slice_bytes = 7
        saving(load, count=60)
    trial.check(load, cluster.uri)
    assert not load.failed_reads() and load.count("acknowledged") == len(load.memories)


@pytest.mark.long
def test_lossy_line(trial, site, far):
    """One packet in ten is lost, in both directions"""
    server = trial.start(DATABASE_URL=uri_of(site))
    with trial.load(server) as load:
        site.lose(0.1)
        time.sleep(8)
        site.clear()
        saving(load)
    trial.note(f"slowest call {load.slowest_s():.1f} s")
    trial.check(load, far.uri)


@pytest.mark.long
def test_answers_stop_in_the_middle(trial, cluster, proxy):
    """Connections end in the middle of an answer, again and again"""
    server = trial.start(DATABASE_URL=uri_of(proxy))
    with trial.load(server, Shape(text_bytes=3000)) as load:
        proxy.to_client.limit_bytes = 20_000
        time.sleep(4)
        proxy.to_client.limit_bytes = 0
        saving(load)
    trial.note(f"{len(load.failed_reads())} of {len(load.reads)} reads failed, {load.count('unknown')} saves unknown")
    trial.check(load, cluster.uri)
