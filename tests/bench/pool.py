"""The connection pool against PostgreSQL's own pgbench and pgBouncer, on a cluster that fsyncs; see README.md.

    pool.py [--quick]     --quick only shows that everything runs: short runs, no verdicts
"""

import math
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

os.environ["SAGE_MCP"] = str(ROOT / "build/release-tests/server/sage-mcp")
sys.path.insert(0, str(ROOT / "tests/support"))

from load import DIRECT, Load, Pgbench, Wrk, accounted, process_cpu, tree_cpu  # noqa: E402
from pgbouncer import PgBouncer  # noqa: E402
from sage import Cluster, Server, psql  # noqa: E402
from texts import Texts  # noqa: E402
from verdicts import main  # noqa: E402

CLIENTS = 64
SMALL, LARGE = SIZES = (8, 20)  # of the pool
CROWDS = (64, 256, 1000)  # clients at once on the small pool


class Bench:
    """One durable cluster; a server for each size of the pool and a database for each; one more for pgbench."""

    def __init__(self, stack: ExitStack, directory: Path, quick: bool):
        self.rounds, self.seconds = (1, 1) if quick else (5, 4)
        self.stack, self.directory = stack, directory
        self.cluster = Cluster(durable=True)
        stack.callback(self.cluster.remove)
        self.socket = f"{self.cluster.directory}/run"
        self.postmaster = int((Path(self.cluster.directory) / "cluster/postmaster.pid").read_text().split()[0])
        psql(self.cluster.uri, "CREATE DATABASE seed")
        seed = self.server("seed", SMALL)
        self.texts = Texts(seed, directory, 3000 if quick else 20_000)
        seed.stop()
        for name in ("library", "pgbench", *(f"pool{size}" for size in SIZES)):
            psql(self.cluster.uri, f"CREATE DATABASE {name} TEMPLATE seed")
        self.library = self.server("library", SMALL)
        self.servers = {size: self.server(f"pool{size}", size) for size in SIZES}
        self.pgbouncer = PgBouncer(self.cluster.directory, SMALL, server="connect_query='SET jit = off'")
        stack.callback(self.pgbouncer.stop)
        self.surplus = 0  # rows that are there and were not acknowledged, or the other way round

    def uri(self, database: str) -> str:
        return self.cluster.uri.replace("/postgres?", f"/{database}?")

    def server(self, database: str, size: int) -> Server:
        folder = self.directory / f"server-{database}"
        folder.mkdir()
        server = Server(folder, DATABASE_URL=self.uri(database), DB_POOL_SIZE=str(size))
        self.stack.callback(server.stop)
        return server.wait_ready()

    def meters(self, **more) -> dict:
        return {"postgres": lambda: tree_cpu(self.postmaster)} | more

    def counted(self, database: str, run) -> Load:
        """A run of saves, from a checkpoint on: as many rows must have come as were acknowledged."""
        psql(self.uri(database), "CHECKPOINT")
        before = int(psql(self.uri(database), "SELECT count(*) FROM memories"))
        load = run()
        surplus = int(psql(self.uri(database), "SELECT count(*) FROM memories")) - before - load.done
        if surplus:
            print(f"  {database}: {surplus:+} rows beside those acknowledged")
        self.surplus += abs(surplus)
        return load

    def http(self, server: Server, calls: Path, clients: int) -> Load:
        load = Load()
        with accounted(load, self.meters(server=lambda: process_cpu(server.process.pid))):
            done = Wrk(server.port, calls, clients, self.seconds).wait()
        done.cpu_s = load.cpu_s
        if done.errors:
            print(f"  {clients} clients: {done.errors} errors, such as {done.why}")
        return done

    def saves(self, size: int, clients: int) -> Load:
        return self.counted(f"pool{size}", lambda: self.http(self.servers[size], self.texts.saves, clients))

    def pgbench(self, script: Pgbench, database: str, clients: int) -> Load:
        return script.run(self.socket, DIRECT, database, clients, self.seconds, meters=self.meters())

    def pooled_saves(self, mode: str, connect: bool = False) -> Load:
        meters = self.meters(pgbouncer=lambda: process_cpu(self.pgbouncer.process.pid))
        return self.counted("pgbench", lambda: self.texts.save_one.run(self.pgbouncer.socket, self.pgbouncer.port, "pgbench",
            CLIENTS, self.seconds, mode=mode, connect=connect, meters=meters))

    def interleaved(self, *runs) -> list[list[Load]]:
        """Rounds in which all take turns, so that a slow moment of the machine hits all of them."""
        loads = [[] for _ in runs]
        for number in range(self.rounds):
            print(f"  round {number + 1} of {self.rounds} ...", flush=True)
            for run, rounds in zip(runs, loads):
                rounds.append(run())
        return loads


# --- the table -------------------------------------------------------------------

CPU = ("server", "pgbouncer", "postgres", "client", "others")


def median(loads: list[Load], value) -> float:
    return statistics.median(value(load) for load in loads)


def ratio(over: list[Load], under: list[Load], name: str) -> float:
    """Median over the rounds, in each of which the two ran one after the other."""
    return statistics.median(getattr(a, name) / getattr(b, name) for a, b in zip(over, under))


def title(text: str):
    print(f"\n{text:56} {'each s':>8} {'mean ms':>8} {'p50':>8} {'p99':>8} |" + "".join(f"{who:>10}" for who in CPU)
        + "  (us of CPU for each)")


def line(name: str, loads: list[Load]):
    print(f"{name:56} {median(loads, lambda load: load.rate):8,.0f}", end="")
    for value in ("mean_ms", "p50_ms", "p99_ms"):
        found = median(loads, lambda load, value=value: getattr(load, value))
        print(f" {'-':>8}" if math.isnan(found) else f" {found:8.2f}", end="")
    print(" |" + "".join(f"{median(loads, lambda load, who=who: load.cpu_us(who)):10.1f}" for who in CPU))


# --- what is measured ----------------------------------------------------------------


def saves(bench: Bench) -> list[tuple]:
    scripts = (bench.texts.save_one, bench.texts.save)
    runs = []
    for size in SIZES:
        runs.append(lambda size=size: bench.saves(size, CLIENTS))
        runs += [lambda size=size, script=script: bench.counted("pgbench",
            lambda: bench.pgbench(script, "pgbench", size)) for script in scripts]
    *loads, each, simple, extended = bench.interleaved(*runs, lambda: bench.pooled_saves("simple", connect=True),
        lambda: bench.pooled_saves("simple"), lambda: bench.pooled_saves("extended"))
    title("saves")
    results = []
    for i, size in enumerate(SIZES):
        ours, plain, own = loads[3 * i:3 * i + 3]
        line(f"HTTP, {CLIENTS} clients, pool of {size}", ours)
        line(f"pgbench -M prepared, {size} connections, plain INSERT", plain)
        line(f"pgbench -M prepared, {size} connections, memory_save.sql", own)
        quickest = [max(pair, key=attrgetter("rate")) for pair in zip(plain, own)]
        results += [
            (f"saves, pool of {size}, times pgbench with its quicker one", ratio(ours, quickest, "rate"), (">=", 2.0)),
            ("the same by CPU of server, PostgreSQL and client", ratio(quickest, ours, "whole_cpu_us"), None),
        ]
    line(f"pgBouncer, pool of {SMALL}, {CLIENTS} clients that connect each time", each)
    line(f"pgBouncer, pool of {SMALL}, {CLIENTS} clients, -M simple", simple)
    line(f"pgBouncer, pool of {SMALL}, {CLIENTS} clients, -M extended", extended)
    return [*results, ("saves, times pgBouncer and a connection each time", ratio(loads[0], each, "rate"), None)]


def single(bench: Bench) -> list[tuple]:
    """One client, one call after the other: what HTTP and JSON add to a statement."""
    texts, mean = bench.texts, attrgetter("mean_ms")
    library = bench.library
    search, statement, rare, rare_statement, get, plain = bench.interleaved(
        lambda: bench.http(library, texts.searches, 1),
        lambda: bench.pgbench(texts.search, "library", 1),
        lambda: bench.http(library, texts.rare_searches, 1),
        lambda: bench.pgbench(texts.rare_search, "library", 1),
        lambda: bench.http(library, texts.gets, 1),
        lambda: bench.pgbench(texts.get, "library", 1))
    title("one client")
    line("HTTP, search_memories", search)
    line("pgbench -M prepared, search_words.sql", statement)
    line("HTTP, search_memories, rare words", rare)
    line("pgbench -M prepared, search_words.sql, rare words", rare_statement)
    line("HTTP, get_memory", get)
    line("pgbench -M prepared, memory_get.sql", plain)
    return [
        ("latency of a search, times that of its statement", ratio(search, statement, "mean_ms"), 1.15),
        ("the same for rare words", ratio(rare, rare_statement, "mean_ms"), None),
        ("the same for get_memory", ratio(get, plain, "mean_ms"), None),
        ("what HTTP and JSON add to get_memory, ms", median(get, mean) - median(plain, mean), None),
    ]


def crowds(bench: Bench) -> list[tuple]:
    """More and more clients on the small pool; its queue holds them all."""
    loads = bench.interleaved(*(lambda clients=clients: bench.saves(SMALL, clients) for clients in CROWDS))
    title(f"saves, pool of {SMALL}")
    results = []
    for clients, rounds in zip(CROWDS, loads):
        line(f"HTTP, {clients} clients", rounds)
        results += [
            (f"p99, times p50, {clients} clients", median(rounds, lambda load: load.p99_ms / load.p50_ms), 3),
            (f"calls that failed or were refused, {clients} clients", sum(r.errors + r.busy for r in rounds), 0),
        ]
    return results


def beside_saves(bench: Bench) -> Load:
    """Searches while 64 clients save all they can, in the same namespace."""
    server = bench.servers[SMALL]
    saving = Wrk(server.port, bench.texts.saves, CLIENTS, bench.seconds + 2)
    time.sleep(1)
    load = bench.http(server, bench.texts.searches, 1)
    saved = saving.wait()
    load.errors += saved.errors + saved.busy
    return load


def mixed(bench: Bench) -> list[tuple]:
    alone, among = bench.interleaved(
        lambda: bench.http(bench.servers[SMALL], bench.texts.searches, 1),
        lambda: beside_saves(bench))
    title(f"searches, one client, pool of {SMALL}")
    line("HTTP, alone", alone)
    line(f"HTTP, while {CLIENTS} clients save", among)
    return [
        ("p99 of a search among saves, times alone", ratio(among, alone, "p99_ms"), None),
        ("calls that failed or were refused, mixed", sum(r.errors + r.busy for r in among), 0),
    ]


def run(quick: bool) -> list[tuple]:
    with ExitStack() as stack:
        bench = Bench(stack, Path(stack.enter_context(tempfile.TemporaryDirectory())), quick)
        results = []
        for part in (saves, single, crowds, mixed):
            results += part(bench)
        return [*results, ("rows that are not acknowledged saves", bench.surplus, 0)]


if __name__ == "__main__":
    main(__doc__, run)
