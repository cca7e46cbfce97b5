"""Export and import of many memories: lossless, at what rate, in how much memory; see README.md.

    transfer.py [--quick]              --quick only shows that everything runs
    transfer.py --memories 1000000     one round trip of so many, without the smaller one before it
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import streams  # noqa: F401 - first: it says which binary is meant
from sage import BINARY, Cluster, create_database, environment, psql, run_command
from verdicts import main

PATIENCE_S = 3600  # of what is asked of a million memories at once
VECTOR_EVERY = 100  # one memory in so many has a vector, 4,096 floats
PARTS = 5  # further vectors of each tenth of these

# Sessions, tags, metadata, Chinese, private, superseded, deleted and pinned ones, one in fifty with two earlier versions.
FILL = """
CREATE TEMP TABLE direction AS
    SELECT v, (SELECT array_agg(sin(n * (v + 1)) + 0.001)::vector(4096) FROM generate_series(1, 4096) n) AS vector
    FROM generate_series(0, 63) v;
INSERT INTO sessions (namespace, id, name, status)
    SELECT 'bench', 'session-' || n, 'Session ' || n, 'active' FROM generate_series(0, {count} / 50) n;
INSERT INTO memories (id, namespace, agent, session_id, user_input, assistant_response, metadata, tags, visibility, pinned,
    created_at, updated_at, event_at, deleted_at, content_hash, version, embed_model, embedding, embed_state, terms)
SELECT md5('memory ' || n)::uuid, 'bench', 'agent-' || n % 5, 'session-' || n / 50,
    'Question ' || n || ': ' || repeat('where does the heron 苍鹭 nest? ', 1 + n % 20),
    'Answer ' || n || ': ' || repeat('in the reeds of lake ' || n % 97 || '. ', n % 30),
    CASE WHEN n % 3 = 0 THEN jsonb_build_object('number', n, 'place', 'lake ' || n % 97, 'deep', '[1, 2.5, null, "水"]'::jsonb)
        ELSE '{{}}' END,
    CASE WHEN n % 4 = 0 THEN ARRAY['tag-' || n % 11, '标签'] ELSE '{{}}' END,
    CASE WHEN n % 10 = 0 THEN 'private' ELSE 'shared' END, n % 1000 = 0,
    timestamptz '2024-01-01' + n * interval '1 second', timestamptz '2025-01-01' + n * interval '1 ms',
    CASE WHEN n % 7 = 0 THEN timestamptz '2023-01-01' + n * interval '1 minute' END,
    CASE WHEN n % 101 = 0 THEN timestamptz '2025-06-01' END,
    sha256(('memory ' || n)::bytea), CASE WHEN n % 50 = 0 THEN 3 ELSE 1 END,
    CASE WHEN n % {every} = 0 THEN 'bench-model' END,
    CASE WHEN n % {every} = 0 THEN (SELECT vector FROM direction WHERE v = n / {every} % 64) END,
    CASE WHEN n % {every} = 0 THEN 'ok' ELSE 'pending' END, ARRAY[n % 1000, 7]
FROM generate_series(1, {count}) n;
INSERT INTO memory_versions (memory_id, version, namespace, session_id, user_input, assistant_response, metadata, tags,
    visibility, pinned, written_at, replaced_by)
SELECT md5('memory ' || n)::uuid, v, 'bench', 'session-' || n / 50, 'Earlier ' || v || ' of ' || n, '', '{{}}', '{{}}',
    'shared', false, timestamptz '2024-06-01' + v * interval '1 hour', 'ann'
FROM generate_series(50, {count}, 50) n, generate_series(1, 2) v;
INSERT INTO memory_vectors (memory_id, model, part, embedding)
SELECT md5('memory ' || n)::uuid, 'bench-model', part, (SELECT vector FROM direction WHERE v = (n / {every} + part) % 64)
FROM generate_series(10 * {every}, {count}, 10 * {every}) n, generate_series(1, {parts}) part;
"""

# Of everything that an export must carry. A sum of hashes needs no sorting and no memory.
DIGEST = """
SELECT count(*), sum(hashtextextended(row::text, 1)), sum(hashtextextended(row::text, 2)) FROM (
    SELECT id, session_id, agent, user_input, assistant_response, metadata, tags, visibility, pinned, created_at, updated_at,
        event_at, valid_until, deleted_at, supersedes, content_hash, version, agent_metadata, embedding::text, embed_model
    FROM memories WHERE namespace = 'bench') row
UNION ALL SELECT count(*), sum(hashtextextended(row::text, 1)), sum(hashtextextended(row::text, 2)) FROM (
    SELECT memory_id, version, session_id, user_input, assistant_response, metadata, tags, visibility, pinned, written_at,
        event_at, valid_until, replaced_by FROM memory_versions WHERE namespace = 'bench') row
UNION ALL SELECT count(*), sum(hashtextextended(row::text, 1)), sum(hashtextextended(row::text, 2)) FROM (
    SELECT memory_id, model, part, embedding::text FROM memory_vectors) row
UNION ALL SELECT count(*), sum(hashtextextended(row::text, 1)), sum(hashtextextended(row::text, 2)) FROM (
    SELECT id, name, status, metadata, created_at, updated_at, last_active FROM sessions WHERE namespace = 'bench') row
"""


def peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0  # it has ended


def watched(*words: str, database: str) -> tuple[float, float]:
    """Runs a command; the seconds it took and the most memory it had."""
    peak, began = 0.0, time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([BINARY, *words], env=environment(DATABASE_URL=database), stderr=said)
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(0.02)
        took = time.monotonic() - began
        said.seek(0)
        assert process.returncode == 0, said.read().decode()
    return took, peak


def hash_of(file: Path) -> str:
    """Of all lines but the first, which tells when it was written."""
    found = hashlib.sha256()
    with file.open("rb") as lines:
        json.loads(lines.readline())
        for line in lines:
            found.update(line)
    return found.hexdigest()


def round_trip(cluster: Cluster, directory: Path, count: int) -> list[tuple]:
    source, copy = (create_database(cluster.uri, f"{name}_{count}") for name in ("source", "copy"))
    for database in (source, copy):
        assert run_command("migrate", DATABASE_URL=database).returncode == 0
    psql(source, FILL.format(count=count, every=VECTOR_EVERY, parts=PARTS), PATIENCE_S)
    first, second = directory / f"{count}.jsonl", directory / f"{count}-again.jsonl"
    exported, export_peak = watched("export", str(first), "namespace=bench", database=source)
    imported, import_peak = watched("import", str(first), "namespace=bench", database=copy)
    again, _ = watched("import", str(first), "namespace=bench", database=copy)
    watched("export", str(second), "namespace=bench", database=copy)
    assert psql(copy, DIGEST, PATIENCE_S) == psql(source, DIGEST, PATIENCE_S), "the copy differs from the source"
    assert hash_of(first) == hash_of(second), "the export of the copy differs from that of the source"
    size = first.stat().st_size / 1e6
    first.unlink()
    second.unlink()
    for database in (source, copy):
        psql(cluster.uri, f"DROP DATABASE {database.split('?')[0].rsplit('/', 1)[1]}")
    print(f"{count} memories, {count // VECTOR_EVERY} with a vector, "
        f"{count // VECTOR_EVERY // 10 * PARTS} further vectors, {count // 50 * 2} earlier versions, {size:.0f} MB: "
        "nothing lost", flush=True)
    return [(f"export of {count}, memories a second", count / exported, None),
        (f"import of {count}, memories a second", count / imported, None),
        ("the same again, which finds them there already", count / again, None),
        (f"export of {count}, peak memory in MB", export_peak, None),
        (f"import of {count}, peak memory in MB", import_peak, None)]


def run(quick: bool) -> list[tuple]:
    counts = [MEMORIES] if MEMORIES else [500, 2_000] if quick else [10_000, 100_000]
    cluster = Cluster(durable=True)
    try:
        with tempfile.TemporaryDirectory() as tmp:
            rows = [round_trip(cluster, Path(tmp), count) for count in counts]
    finally:
        cluster.remove()
    few, many = rows[0], rows[-1]
    return [row for part in rows for row in part] + ([] if MEMORIES else [
        (f"{what} of {counts[1]}, peak memory times that of {counts[0]}", many[at][1] / few[at][1], 1.2)
        for what, at in (("export", 3), ("import", 4))] + [
        (f"{what} of {counts[1]}, rate times that of {counts[0]}", many[at][1] / few[at][1], (">=", 0.5))
        for what, at in (("export", 0), ("import", 1))])


MEMORIES = 0

if __name__ == "__main__":
    if "--memories" in sys.argv:
        at = sys.argv.index("--memories")
        MEMORIES = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    main(__doc__, run)
