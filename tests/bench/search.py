"""What a search by words costs as a namespace grows, and what its index costs a save; see README.md.

    search.py [--quick] [--long]     --quick only shows that everything runs; --long also has 1,000,000 memories

Memories are 40 words of a vocabulary of 50,000 that occur as words do (Zipf), twenty to a session, saved through HTTP. Questions
are seven such words, asked through HTTP by one client, in turn in each namespace. A bare insert is memory_save.sql without what
words are found by; both run from pgbench with one row and one client, against a cluster that fsyncs.
"""

import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ["SAGE_MCP"] = str(ROOT / "build/release-tests/server/sage-mcp")
sys.path.insert(0, str(ROOT / "tests/support"))

from load import DIRECT, Pgbench, statement  # noqa: E402
from sage import Cluster, Server, bearer, create_database, make_key, psql  # noqa: E402
from verdicts import main  # noqa: E402

VOCABULARY = 50_000
WORDS, ASKED_WORDS, SESSION, BATCH, SAVERS = 40, 7, 20, 200, 4
NAMES = ["ka", "lo", "mi", "ter", "van", "so", "pri", "un", "del", "gra", "fe", "hom"]
WEIGHTS = list(itertools.accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))


def word(number: int) -> str:
    said = ""
    for _ in range(5):
        number, syllable = divmod(number, len(NAMES))
        said += NAMES[syllable]
    return said


def text(draw: random.Random, words: int) -> str:
    return " ".join(word(n) for n in draw.choices(range(VOCABULARY), cum_weights=WEIGHTS, k=words))


def fill(server: Server, namespace: str, memories: int) -> dict:
    """Saves so many from a few clients; the key to ask with."""
    headers = bearer(make_key(server.database, "bench", namespace))

    def save(part: int):
        draw = random.Random(f"{namespace} {part}")
        with server.connect() as connection:
            for first in range(part * BATCH, memories, SAVERS * BATCH):
                batch = [{"user_input": text(draw, WORDS), "session_id": f"s{(first + i) // SESSION}", "force": True}
                    for i in range(min(BATCH, memories - first))]
                connection.done("save_memories", {"memories": batch}, headers=headers)

    savers = [threading.Thread(target=save, args=(part,)) for part in range(SAVERS)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    return headers


def settle(database: str):
    """As a server that has been running for a while: counts added up, tables vacuumed and analysed."""
    while psql(database, "SELECT count(*) FROM lexicon_changes") != "0":
        time.sleep(1)
    psql(database, "VACUUM (ANALYZE) memories")
    psql(database, "VACUUM (ANALYZE) lexicon_terms")


def ask(server: Server, keys: dict[int, dict], rounds: int) -> dict[int, list[float]]:
    took = {size: [] for size in keys}
    draw = random.Random(7)
    with server.connect() as connection:
        for i in range(rounds + 10):
            question = text(draw, ASKED_WORDS)
            for size, headers in keys.items():
                began = time.monotonic()
                connection.done("search_memories", {"query": question, "detail": "ids"}, headers=headers)
                if i >= 10:
                    took[size].append(time.monotonic() - began)
    return took


def saves(server: Server, cluster: Cluster, directory: Path, seconds: float) -> tuple[float, float]:
    """Milliseconds of a save with the index, and of one without."""
    rows = psql(server.database, "SELECT to_json(m) FROM (SELECT user_input, terms::text, lexicon::text, words FROM memories LIMIT 50) m")
    rows = [json.loads(row) for row in rows.splitlines()]
    means = []
    for name, indexed in (("indexed", True), ("bare", False)):
        (directory / name).mkdir()
        values = ["gen_random_uuid()", "'timing'", "'bench'", "NULL", "('s' || :number % 1000)", ":said", "''", "NULL", "NULL", "'shared'",
            "NULL", "sha256(:number::text::bytea)", "false", "NULL", "NULL", "NULL", "false", "NULL", "NULL",
            *((":terms", ":vector", ":words::int", "1") if indexed else ("NULL", "NULL", "NULL", "1"))]
        script = statement("db/sql/memory_save.sql", dict(enumerate(values, 1)))
        variables = [{"said": row["user_input"], "terms": row["terms"], "vector": row["lexicon"], "words": str(row["words"])} if indexed
            else {"said": row["user_input"]} for row in rows]
        bench = Pgbench(directory / name, script, variables, "\\set number random(1, 2000000000)\n")
        load = bench.run(cluster.socket_directory, DIRECT, "bench", 1, seconds, meters={})
        means.append(1000 * load.took_s / load.done)
    return means[0], means[1]


def run(quick: bool):
    sizes = [200, 1000] if quick else [1000, 100_000] + [1_000_000] * LONG
    cluster = Cluster(durable=True)
    try:
        with tempfile.TemporaryDirectory() as directory:
            directory = Path(directory)
            server = Server(directory, DATABASE_URL=create_database(cluster.uri, "bench")).wait_ready()
            keys = {size: fill(server, f"n{size}", size) for size in sizes}
            settle(server.database)
            took = {size: 1000 * statistics.median(times) for size, times in ask(server, keys, 10 if quick else 200).items()}
            indexed, bare = saves(server, cluster, directory, 1 if quick else 10)
            server.stop()
    finally:
        cluster.remove()
    limits = {100_000: ("<=", 3.0), 1_000_000: ("<=", 10.0)}
    return [(f"search by words, {size:,} memories, p50 in ms", took[size], None) for size in sizes] + [
        (f"the same, times that of {sizes[0]:,}", took[size] / took[sizes[0]], limits.get(size)) for size in sizes[1:]] + [
        ("a save with its index, ms", indexed, None), ("a bare insert, ms", bare, None),
        ("a save with its index, times a bare insert", indexed / bare, ("<=", 2.0))]


if __name__ == "__main__":
    LONG = "--long" in sys.argv
    sys.argv = [word for word in sys.argv if word != "--long"]
    main(__doc__, run)
