"""What the server does by itself, and retention on demand."""

import random
import subprocess

import pytest
from sage import once, psql, tool_text, wait_for


@pytest.fixture
def own(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        yield connection


def save(connection, **arguments) -> str:
    return connection.done("save_memory", {"user_input": once()} | arguments)["id"]


def found(connection, words: str) -> list[str]:
    return [hit["id"] for hit in connection.done("search_memories", {"query": words})["hits"]]


def test_what_expires_goes_by_itself(own):
    id = save(own, expires_at="2020-01-01T00:00:00Z")
    stays = save(own, expires_at="2099-01-01T00:00:00Z")
    wait_for("it has gone", lambda: own.tool("get_memory", {"id": id}).get("isError"), 20)
    assert own.done("get_memory", {"id": stays})
    assert own.done("get_receipt", {"id": id})["state"] == "deleted"


def test_words_that_another_program_wrote_are_found(own, database):
    psql(database, "INSERT INTO memories (session_id, user_input, assistant_response)"
        " SELECT NULL, 'heron ' || n, '水鸟' FROM generate_series(1, 30) AS n")
    wait_for("they are found", lambda: len(own.done("search_memories", {"query": "heron", "limit": 50})["hits"]) == 30, 20)
    assert len(found(own, "水鸟")) == 10


def vector(kind: str, seed: int) -> str:
    draw = random.Random(seed)
    make = {"normal": lambda: draw.gauss(0, 1), "uniform": draw.random, "centred": lambda: draw.uniform(-1, 1),
        "real": lambda: draw.gauss(0, 1) * (6 if draw.random() < 0.02 else 1)}[kind]  # a few large ones, as embeddings have
    return "[" + ",".join(f"{make():.6f}" for _ in range(4096)) + "]"


def test_random_vectors_of_an_original_sage_are_dropped(start, database, tmp_path):
    kinds = ["normal", "uniform", "centred", "real"] * 4
    rows = ", ".join(f"('{kind}', '', '{vector(kind, seed)}', 'unchecked')" for seed, kind in enumerate(kinds))
    server = start(DATABASE_URL=database).wait_ready()
    script = tmp_path / "rows.sql"
    script.write_text(f"INSERT INTO memories (user_input, assistant_response, embedding, embed_state) VALUES {rows}")
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", script, database], check=True)
    wait_for("all were looked at", lambda: psql(database, "SELECT count(*) FROM memories WHERE embed_state = 'unchecked'") == "0", 20)
    assert psql(database, "SELECT user_input, embed_state, embedding IS NULL, count(*) FROM memories GROUP BY 1, 2, 3 ORDER BY 1").split() == [
        "centred|pending|t|4", "normal|pending|t|4", "real|ok|f|4", "uniform|pending|t|4"]
    assert server.process.poll() is None


def test_retention_counts_before_it_deletes(own, database):
    old, new, pinned = save(own), save(own), save(own, pinned=True)
    psql(database, f"UPDATE memories SET created_at = now() - interval '90 days' WHERE id IN ('{old}', '{pinned}')")
    counted = own.done("apply_retention", {"older_than_days": 30})
    assert (counted["applied"], counted["deleted"], counted["by_age"]) == (False, 1, 1)
    assert own.done("get_memory", {"id": old})
    applied = own.done("apply_retention", {"older_than_days": 30, "apply": True})
    assert applied["deleted"] == 1
    assert own.tool("get_memory", {"id": old})["isError"]
    assert own.done("get_memory", {"ids": [new, pinned]})
    assert own.done("get_receipt", {"id": applied["receipt_id"]})["counts"] == {"deleted": 1, "purged": 0}


def test_retention_by_count_and_by_idle_sessions(own, database):
    ids = [save(own, session_id=f"s{n}") for n in range(4)]
    assert own.done("apply_retention", {"keep_latest": 3})["by_count"] == 1
    psql(database, "UPDATE sessions SET last_active = now() - interval '9 days' WHERE id IN ('s1', 's2')")
    assert own.done("apply_retention", {"idle_sessions_days": 7, "apply": True})["by_idle_session"] == 2
    assert own.done("get_memory", {"ids": ids})["not_found"] == ids[1:3]


def test_what_was_deleted_long_ago_is_taken_away(own, database):
    id = save(own)
    own.done("delete_memory", {"ids": [id]})
    assert own.done("apply_retention", {"purge_deleted_days": 1})["purged"] == 0
    psql(database, "UPDATE memories SET deleted_at = now() - interval '3 days'")
    assert own.done("apply_retention", {"purge_deleted_days": 1, "apply": True})["purged"] == 1
    assert psql(database, "SELECT count(*) FROM memories") == "0"


def test_retention_needs_a_rule(own):
    assert tool_text(own.tool("apply_retention", {"apply": True})).startswith("older_than_days")
