"""Searches by embedding: the index is built by itself, finds what comparing all finds, and only what may be seen."""

import json
import random
import uuid

import pytest
from metrics import Metrics
from sage import Server, bearer, create_database, make_key, psql, run_command, wait_for

DIMENSIONS = 4096
WIDE, NARROW = 700, 60  # memories; a scope is wide from 500 on
CENTRES = 20
INDEX = "idx_memories_embedding_signs"
VALID = f"SELECT coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')), false)"
SCANS = f"SELECT coalesce((SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '{INDEX}'), 0)"

# Clusters of directions, as the embeddings of a few subjects are.
FILL = f"""
    SELECT setseed(.7);
    CREATE TEMP TABLE centre AS SELECT c, array_agg(random() - .5) AS v
        FROM generate_series(1, {CENTRES}) c, generate_series(1, {DIMENSIONS}) i GROUP BY c;
    INSERT INTO memories (namespace, agent, session_id, user_input, assistant_response, embedding, embed_state)
    SELECT CASE WHEN g <= {WIDE} THEN 'wide' ELSE 'narrow' END, 'ann', CASE WHEN g % 10 = 0 THEN 'tenth' ELSE 'rest' END,
        'memory ' || g, '', (SELECT array_agg(e + (random() - .5) + g * 0)::vector(4096)
            FROM unnest((SELECT v FROM centre WHERE c = 1 + g % {CENTRES})) AS e), 'ok'
    FROM generate_series(1, {WIDE + NARROW}) g;
    ANALYZE memories;"""


@pytest.fixture(scope="module")
def filled(cluster_uri, tmp_path_factory):
    """A server that finds enough embeddings to want an index, and keys of both namespaces."""
    database = create_database(cluster_uri, f"vectors_{uuid.uuid4().hex[:8]}")
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    psql(database, FILL)
    keys = {namespace: bearer(make_key(database, "ann", namespace)) for namespace in ("wide", "narrow")}
    server = Server(tmp_path_factory.mktemp("vectors"), DATABASE_URL=database, VECTOR_INDEX_ROWS="500").wait_ready()
    wait_for("the index is built", lambda: psql(database, VALID) == "t", 60)
    yield server, database, keys
    server.stop()


def metric(server: Server, name: str, **labels: str) -> float:
    with server.admin() as admin:
        return Metrics(admin).value(name, **labels)


def embedding_of(database: str, number: int) -> list[float]:
    return json.loads(psql(database, f"SELECT embedding FROM memories WHERE user_input = 'memory {number}'"))


def search(filled, namespace: str, vector: list[float], **more) -> list[dict]:
    server, _, keys = filled
    with server.connect() as connection:
        return connection.done("search_memories", {"query": "any", "embedding": vector, "strategy": "semantic"} | more, headers=keys[namespace])["hits"]


def nearest(database: str, namespace: str, vector: list[float], limit: int, where: str = "true") -> list[str]:
    return psql(database, f"""SELECT id FROM memories WHERE namespace = '{namespace}' AND {where}
        ORDER BY embedding <=> '{json.dumps(vector)}' LIMIT {limit}""").split()


def test_a_wide_scope_is_searched_by_the_index_and_finds_the_nearest(filled):
    database = filled[1]
    found = 0
    before = int(psql(database, SCANS))
    for number in random.Random(1).sample(range(1, WIDE), 10):
        vector = embedding_of(database, number)
        hits = [hit["id"] for hit in search(filled, "wide", vector, limit=10)]
        assert len(hits) == 10
        found += len(set(hits) & set(nearest(database, "wide", vector, 10)))
    assert found >= 99, f"{found} of 100"
    wait_for("PostgreSQL counts the scans", lambda: int(psql(database, SCANS)) >= before + 10, 15)


def test_a_narrow_scope_gets_full_results_and_exactly(filled):
    database = filled[1]
    vector = embedding_of(database, 3)  # which is of the other namespace
    assert [hit["id"] for hit in search(filled, "narrow", vector, limit=50)] == nearest(database, "narrow", vector, 50)
    tenth = search(filled, "wide", vector, session_id="tenth", limit=50)
    assert [hit["id"] for hit in tenth] == nearest(database, "wide", vector, 50, "session_id = 'tenth'")


def test_what_is_deleted_is_not_found(filled):
    server, database, keys = filled
    vector = embedding_of(database, 42)
    first = search(filled, "wide", vector, limit=1)[0]["id"]
    with server.connect() as connection:
        connection.done("delete_memory", {"ids": [first]}, headers=keys["wide"])
    assert first not in [hit["id"] for hit in search(filled, "wide", vector, limit=10)]


def test_status_and_metrics_tell_about_the_index(filled, tmp_path):
    server, database, keys = filled
    other = Server(tmp_path, DATABASE_URL=database, VECTOR_INDEX_ROWS="500").wait_ready()
    try:
        wait_for("the index was checked", lambda: metric(other, "vector_index_checked_total", found="true") > 0, 30)
        assert metric(other, "vector_index_checked_total", found="false") <= 1
        assert metric(other, "vector_index_state", state="ready") == 1
        with other.connect() as connection:
            index = connection.done("get_status", {}, headers=keys["wide"])["vector_index"]
        assert index["state"] == "ready" and index["vectors"] >= 500
    finally:
        other.stop()


def test_what_an_interrupted_build_left_is_built_again(filled, tmp_path):
    database = filled[1]
    psql(database, f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{INDEX}'::regclass")
    other = Server(tmp_path, DATABASE_URL=database, VECTOR_INDEX_ROWS="500").wait_ready()
    try:
        wait_for("the index is built again", lambda: psql(database, VALID) == "t", 60)
    finally:
        other.stop()


def test_few_embeddings_need_no_index(cluster_uri, tmp_path):
    database = create_database(cluster_uri, f"vectors_{uuid.uuid4().hex[:8]}")
    server = Server(tmp_path, DATABASE_URL=database).wait_ready()
    try:
        wait_for("the table is looked at", lambda: metric(server, "vector_index_state", state="few") == 1, 10)
        assert psql(database, f"SELECT to_regclass('{INDEX}') IS NULL") == "t"
    finally:
        server.stop()
