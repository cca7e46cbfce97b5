"""Searches by embedding against comparing all of them, in one table that two namespaces share; see README.md.

    vectors.py [--quick]     --quick only shows that everything runs: few vectors, no verdicts
"""

import json
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

import streams  # noqa: F401 - first: it says which binary is meant
from sage import Cluster, Server, bearer, create_database, make_key, psql, run_command, wait_for
from verdicts import main

LIMIT = 10
SUBJECTS = 300  # directions that the embeddings lie around
SLICE = 1000  # memories made by one statement
INDEX = "idx_memories_embedding_signs"
VALID = f"SELECT coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')), false)"
SUBJECTS_SQL = f"""CREATE TABLE subject AS SELECT s, array_agg(random() - .5) AS v
    FROM generate_series(1, {SUBJECTS}) s, generate_series(1, 4096) i GROUP BY s"""


def slice_sql(first: int) -> str:
    """One memory in a hundred belongs to the small namespace."""
    return f"""INSERT INTO memories (namespace, agent, user_input, assistant_response, embedding, embed_state)
        SELECT CASE WHEN g % 100 = 0 THEN 'small' ELSE 'large' END, 'ann', 'memory ' || g, '',
            (SELECT array_agg(e + (random() - .5) + g * 0)::vector(4096)
                FROM unnest((SELECT v FROM subject WHERE s = 1 + g % {SUBJECTS})) AS e), 'ok'
        FROM generate_series({first}, {first + SLICE - 1}) g"""


def fill(database: str, count: int):
    psql(database, SUBJECTS_SQL)
    for first in range(1, count, SLICE):
        psql(database, slice_sql(first))
        if first % 20_000 == 1:
            print(f"  {first - 1} of {count} memories ...", flush=True)
    psql(database, "VACUUM ANALYZE memories")


class Bench:
    def __init__(self, server: Server, database: str, rounds: int):
        self.server, self.database, self.rounds = server, database, rounds
        self.keys = {name: bearer(make_key(database, "ann", name)) for name in ("large", "small")}
        self.random = random.Random(1)

    def question(self) -> str:
        """The direction of some memory, and a little beside it."""
        embedding = json.loads(psql(self.database, f"""SELECT embedding FROM memories
            WHERE user_input = 'memory {self.random.randrange(1, 500)}'"""))
        return json.dumps([round(number + self.random.uniform(-.2, .2), 5) for number in embedding])

    def exact(self, namespace: str, vector: str) -> tuple[list[str], float]:
        """By PostgreSQL alone, one process, as it says itself: ids and milliseconds."""
        said = psql(self.database, f"""SET max_parallel_workers_per_gather = 0; SET jit = off;
            PREPARE exact AS SELECT id FROM memories WHERE namespace = '{namespace}' AND deleted_at IS NULL
                AND embed_state = 'ok' ORDER BY embedding <=> '{vector}' LIMIT {LIMIT};
            EXECUTE exact; EXPLAIN (ANALYZE, TIMING OFF) EXECUTE exact""")
        ids = [line for line in said.splitlines() if re.fullmatch(r"[0-9a-f-]{36}", line)]
        return ids, float(re.search(r"Execution Time: ([\d.]+)", said)[1])

    def search(self, connection, namespace: str, vector: str) -> tuple[list[str], float]:
        """Through HTTP, all told: the search and 4,096 numbers to read."""
        arguments = {"query": "any", "embedding": json.loads(vector), "limit": LIMIT, "strategy": "semantic"}
        began = time.monotonic()
        hits = connection.done("search_memories", arguments, headers=self.keys[namespace])["hits"]
        return [hit["id"] for hit in hits], (time.monotonic() - began) * 1000

    def compare(self, namespace: str) -> tuple[float, float, float, int]:
        """Medians of the search and the exact scan in ms, recall, and the fewest hits of a search."""
        took, scan, found, fewest = [], [], 0, LIMIT
        with self.server.connect() as connection:
            self.search(connection, namespace, self.question())
            for _ in range(self.rounds):
                vector = self.question()
                wanted, ms = self.exact(namespace, vector)
                scan.append(ms)
                ids, ms = self.search(connection, namespace, vector)
                took.append(ms)
                found += len(set(ids) & set(wanted))
                fewest = min(fewest, len(ids))
        return statistics.median(took), statistics.median(scan), found / (self.rounds * LIMIT), fewest


def run(quick: bool) -> list[tuple]:
    count, rounds = (2000, 3) if quick else (100_000, 20)
    cluster, server = Cluster(), None
    with tempfile.TemporaryDirectory() as tmp:
        database = create_database(cluster.uri, "vectors")
        try:
            assert run_command("migrate", DATABASE_URL=database).returncode == 0
            fill(database, count)
            server = Server(Path(tmp), DATABASE_URL=database, VECTOR_INDEX_ROWS="1000", VECTOR_INDEX_MEMORY_MB="1024")
            server.wait_ready()
            began = time.monotonic()
            wait_for("the index is built", lambda: psql(database, VALID) == "t", 900)
            built_s = time.monotonic() - began
            bench = Bench(server, database, rounds)
            large, large_scan, recall, _ = bench.compare("large")
            small, small_scan, small_recall, fewest = bench.compare("small")
            return [
                (f"memories, of {SUBJECTS} subjects", count, None),
                ("building the index, s", built_s, None),
                ("large namespace: exact scan in PostgreSQL, ms", large_scan, None),
                ("large namespace: search through HTTP, ms", large, None),
                ("the scan, times the search", large_scan / large, (">=", 100)),
                (f"recall@{LIMIT} against the scan", recall, (">=", .99)),
                ("1 % namespace: exact scan in PostgreSQL, ms", small_scan, None),
                ("1 % namespace: search through HTTP, ms", small, None),
                ("the search, times the scan", small / small_scan, 1.25),
                ("recall of the search", small_recall, (">=", 1.0)),
                ("fewest hits of a search", fewest, (">=", LIMIT)),
            ]
        finally:
            if server is not None:
                server.kill()
            cluster.remove()


if __name__ == "__main__":
    main(__doc__, run)
