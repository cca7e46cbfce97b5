"""Export and import: lossless, repeatable, and from the formats of others."""

import base64
import json
import subprocess

import pytest
from embedding_stub import Stub
from embeddings import settled
from sage import BINARY, bearer, create_database, environment, make_key, once, psql, run_command, wait_for

# What AddressSanitizer keeps of freed memory would be measured instead.
QUARANTINE = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1"}

DIGEST = """SELECT md5(string_agg(row::text, E'\\n' ORDER BY row::text)) FROM (
    SELECT id, session_id, agent, user_input, assistant_response, metadata, tags, visibility, pinned, created_at,
        updated_at, event_at, valid_until, deleted_at IS NULL, supersedes, content_hash, version, agent_metadata,
        embedding::text, embed_model, (SELECT array_agg((v.model, v.part, v.embedding::text) ORDER BY v.part)
            FROM memory_vectors v WHERE v.memory_id = memories.id)
    FROM memories WHERE namespace = '{0}') row"""
FURTHER = "SELECT count(*) FROM memory_vectors"  # vectors of further pieces of texts
WORDS = [f"word{n}" for n in range(3000)]


def digest(database: str, namespace: str) -> str:
    return psql(database, DIGEST.format(namespace))


def copy_of(cluster_uri: str) -> str:
    """An empty database with our tables."""
    other = create_database(cluster_uri, once("copy").replace(" ", "_"))
    assert run_command("migrate", DATABASE_URL=other).returncode == 0
    return other


@pytest.fixture
def filled(start, database, stub):
    """A database with memories of every kind in the namespace team, and their vectors."""
    server = start(DATABASE_URL=database, **stub.settings(EMBEDDING_CHUNK_BYTES="200")).wait_ready()
    ann, bob = bearer(make_key(database, "ann", "team")), bearer(make_key(database, "bob", "team"))
    with server.connect() as connection:
        def save(who=ann, **arguments) -> str:
            return connection.done("save_memory", {"user_input": once()} | arguments, headers=who)["id"]

        old = save(session_id="s1", metadata={"n": [1, 2.5, "水", None]}, tags=["a", "b"], pinned=True)
        save(supersedes=old, event_time="2024-02-29T12:00:00+08:00", valid_until="2030-01-01T00:00:00Z")
        save(bob, visibility="private", assistant_response="quotes \" and \\ and\nlines")
        save(agent_metadata={"agent_name": "x", "error_count": 3}, embedding=[0.25] * 4096)
        gone = save(session_id="s2")
        connection.done("delete_memory", {"ids": [gone]}, headers=ann)
        changed = save()
        for n in range(3):
            connection.done("update_memory", {"id": changed, "user_input": once(str(n))}, headers=ann)
        for n in range(250):
            save(session_id=f"many-{n % 7}")
        save(session_id="long", user_input=" ".join(WORDS))
        save(session_id="long", user_input="short", assistant_response=" ".join(WORDS[:300]))
        settled(database, 60)
    server.stop()
    return database


def test_a_round_trip_loses_nothing(filled, cluster_uri, tmp_path):
    file = tmp_path / "team.jsonl"
    done = run_command("export", str(file), "namespace=team", DATABASE_URL=filled)
    assert done.returncode == 0 and "258 memories" in done.stderr, done.stderr
    further = int(psql(filled, FURTHER))
    assert further > 110, "more than a page of them"
    other = copy_of(cluster_uri)
    imported = run_command("import", str(file), "namespace=team", DATABASE_URL=other)
    assert imported.returncode == 0 and "258 stored, 0 were there already" in imported.stderr, imported.stderr
    assert f" {further} vectors of further pieces, 0 problems" in imported.stderr, imported.stderr
    assert digest(other, "team") == digest(filled, "team")
    versions = "SELECT memory_id, version, user_input FROM memory_versions ORDER BY 1, 2"
    assert psql(other, versions) == psql(filled, versions) != ""
    assert psql(other, "SELECT id, status FROM sessions WHERE namespace = 'team' ORDER BY 1") == psql(
        filled, "SELECT id, status FROM sessions WHERE namespace = 'team' ORDER BY 1")
    again = run_command("import", str(file), "namespace=team", DATABASE_URL=other)
    assert again.returncode == 0 and "0 stored, 258 were there already" in again.stderr
    assert digest(other, "team") == digest(filled, "team")


def test_a_cut_import_is_finished_by_repeating_it(filled, cluster_uri, tmp_path):
    file, half = tmp_path / "team.jsonl", tmp_path / "half.jsonl"
    assert run_command("export", str(file), "namespace=team", DATABASE_URL=filled).returncode == 0
    lines = file.read_text().splitlines(keepends=True)
    vectors = [n for n, line in enumerate(lines) if '"kind":"vector"' in line]
    half.write_text("".join(lines[:vectors[len(vectors) // 2]]))
    other = copy_of(cluster_uri)
    cut = run_command("import", str(half), "namespace=team", DATABASE_URL=other)
    assert cut.returncode == 1, "a cut export is told"
    assert 0 < int(psql(other, FURTHER)) < int(psql(filled, FURTHER))
    assert run_command("import", str(file), "namespace=team", DATABASE_URL=other).returncode == 0
    assert digest(other, "team") == digest(filled, "team")


def test_an_export_of_before_vectors_of_further_pieces_comes_in(filled, cluster_uri, tmp_path):
    """Version 1 of the format had one vector a memory, with all its numbers."""
    old = tmp_path / "old.jsonl"
    lines = run_command("export", "-", "namespace=team", DATABASE_URL=filled).stdout.splitlines()
    objects = [json.loads(line) for line in lines if '"kind":"vector"' not in line]
    objects[0]["version"] = 1
    del objects[-1]["vectors"]
    for embedding in (o["embedding"] for o in objects if "embedding" in o):
        numbers = base64.b64decode(embedding["data"]).ljust(4096 * 4, b"\0")
        embedding |= {"dimensions": 4096, "data": base64.b64encode(numbers).decode()}
    old.write_text("".join(json.dumps(o) + "\n" for o in objects))
    other = copy_of(cluster_uri)
    imported = run_command("import", str(old), "namespace=team", DATABASE_URL=other)
    assert imported.returncode == 0 and "258 stored" in imported.stderr, imported.stderr
    psql(filled, "DELETE FROM memory_vectors")
    assert digest(other, "team") == digest(filled, "team")


def test_vectors_join_only_the_words_they_were_made_from(filled, cluster_uri, tmp_path):
    file = tmp_path / "team.jsonl"
    assert run_command("export", str(file), "namespace=team", DATABASE_URL=filled).returncode == 0
    other = copy_of(cluster_uri)
    assert run_command("import", str(file), "namespace=team", DATABASE_URL=other).returncode == 0
    psql(other, "DELETE FROM memory_vectors; UPDATE memories SET content_hash = sha256('another text') WHERE user_input = 'short';"
        " UPDATE memories SET embed_model = 'another@64' WHERE user_input ~ '^word0 word1'")
    assert run_command("import", str(file), "namespace=team", DATABASE_URL=other).returncode == 0
    assert psql(other, FURTHER) == "0"
    assert run_command("import", str(file), "namespace=elsewhere", DATABASE_URL=other).returncode == 0
    assert psql(other, FURTHER) == "0"


def test_vectors_of_another_model_are_made_anew_where_they_come_in(start, filled, cluster_uri, tmp_path):
    file = tmp_path / "team.jsonl"
    assert run_command("export", str(file), "namespace=team", DATABASE_URL=filled).returncode == 0
    other, stub = copy_of(cluster_uri), Stub(model="other")
    psql(other, "UPDATE embedding_model SET current = 'other@64'")
    assert run_command("import", str(file), "namespace=team", DATABASE_URL=other).returncode == 0
    start(DATABASE_URL=other, **stub.settings()).wait_ready()
    wait_for("all are of the other model", lambda: psql(other, "SELECT DISTINCT embed_model FROM memories"
        " WHERE deleted_at IS NULL AND embed_model IS NOT NULL") == "other@64", 60)
    assert psql(other, "SELECT DISTINCT model FROM memory_vectors WHERE memory_id IN (SELECT id FROM memories"
        " WHERE deleted_at IS NULL)") == "other@64"
    stub.close()


def test_what_a_switch_has_not_moved_yet_goes_as_it_will_be(filled, cluster_uri, tmp_path):
    """A switch of the model leaves the new vectors beside the memories, from where they are moved."""
    psql(filled, """UPDATE memories SET embed_model = 'new@64' WHERE embed_model IS NOT NULL;
        UPDATE memory_vectors SET model = 'new@64'; UPDATE embedding_model SET current = 'new@64'""")
    moved = digest(filled, "team")
    psql(filled, """INSERT INTO memory_vectors (memory_id, model, part, embedding)
            SELECT id, 'new@64', 0, embedding FROM memories WHERE embed_model IS NOT NULL;
        UPDATE memories SET embed_model = 'old@64', embedding = embedding + embedding
            WHERE embed_model IS NOT NULL""")
    file, other = tmp_path / "team.jsonl", copy_of(cluster_uri)
    assert run_command("export", str(file), "namespace=team", DATABASE_URL=filled).returncode == 0
    assert run_command("import", str(file), "namespace=team", DATABASE_URL=other).returncode == 0
    assert digest(other, "team") == moved


def test_filters_and_markdown(filled, tmp_path):
    whole = run_command("export", "-", "namespace=team", "session=many-3", DATABASE_URL=filled)
    kinds = [json.loads(line).get("kind") for line in whole.stdout.splitlines()]
    assert kinds.count("memory") == 36 and kinds.count("session") == 1
    early = run_command("export", "-", "namespace=team", "to=2025-01-01T00:00:00Z", DATABASE_URL=filled)
    assert [json.loads(line)["kind"] for line in early.stdout.splitlines()[1:]].count("memory") == 1
    text = run_command("export", "-", "namespace=team", "format=markdown", "session=s1", DATABASE_URL=filled)
    assert text.returncode == 0 and text.stdout.startswith("# ")


FOREIGN = {
    "server_memory": '{"type":"entity","name":"Ann","entityType":"person","observations":["likes herons"]}\n',
    "mem0": '{"results":[{"id":"m1","memory":"Ann likes herons","created_at":"2024-05-01T00:00:00Z"}]}',
    "transcript": json.dumps({"type": "user", "uuid": "u1", "sessionId": "s", "timestamp": "2024-05-01T00:00:00Z",
        "message": {"role": "user", "content": "Ann likes herons"}}) + "\n",
    "conversation": "Human: Ann likes herons\nAssistant: Noted.\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_formats_of_others_are_found_out_and_imported_once(database, tmp_path, name):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    file = tmp_path / "foreign"
    file.write_text(FOREIGN[name])
    for _ in range(2):
        done = run_command("import", str(file), DATABASE_URL=database)
        assert done.returncode == 0, done.stderr
    assert psql(database, "SELECT count(*) FROM memories WHERE user_input || assistant_response ~ 'herons'") == "1"


def test_secrets_do_not_come_in_by_files(database, tmp_path):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    file = tmp_path / "talk"
    key = "sk-ant-api03-" + "aB3dE5gH7j" * 9
    file.write_text(f"Human: my key is {key}\nAssistant: ok\n")
    assert run_command("import", str(file), DATABASE_URL=database).returncode == 0
    assert key not in psql(database, "SELECT m::text FROM memories m")


def test_nor_by_tags_and_names_of_an_export(start, database, cluster_uri, tmp_path):
    tag, file = "ghp_" + "aB3dE5gH7j" * 3 + "aB3dE5", tmp_path / "export.jsonl"
    with start(DATABASE_URL=database).wait_ready().connect() as connection:
        connection.done("save_memory", {"user_input": "x", "session_id": "s", "tags": ["PLACE", "b"]})
        connection.done("manage_session", {"action": "rename", "session_id": "s", "name": "About PLACE"})
    assert run_command("export", str(file), DATABASE_URL=database).returncode == 0
    file.write_text(file.read_text().replace("PLACE", tag))
    other = copy_of(cluster_uri)
    assert run_command("import", str(file), DATABASE_URL=other).returncode == 0
    assert psql(other, "SELECT tags FROM memories") == "{[redacted:api_key],b}"
    assert psql(other, "SELECT name FROM sessions WHERE id = 's'") == "About [redacted:api_key]"


@pytest.mark.parametrize("words, named", [(["export"], "usage"), (["export", "-", "what=1"], "what=1"),
    (["export", "-", "format=xml"], "format=xml"), (["import", "/nonexistent"], "/nonexistent"),
    (["import", "-", "format=what"], "format=what"), (["export", "/nonexistent/file"], "/nonexistent/file"),
    (["export", "-", "from=yesterday"], "from=yesterday"), (["export", "-", "tz=Mars/Olympus"], "tz=Mars/Olympus"),
    (["export", "-", "to=2026-01-01", "from=2026-01-01"], "from=2026-01-01")], ids=str)
def test_wrong_use_is_told(database, words, named):
    done = run_command(*words, DATABASE_URL=database)
    assert done.returncode in (1, 2) and named in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_memory_stays_constant(database, tmp_path):
    """Forty megabytes come in within the room that four need."""
    assert run_command("migrate", DATABASE_URL=database).returncode == 0

    def peak_kb(turns: int) -> int:
        file = tmp_path / f"{turns}"
        file.write_text("".join(f"Human: {turns} {n} {'word ' * 400}\nAssistant: yes\n" for n in range(turns)))
        done = subprocess.run(["/usr/bin/env", "python3", "-c", "import resource, subprocess, sys;"
            "code = subprocess.call(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)",
            BINARY, "import", str(file)], env=environment(DATABASE_URL=database) | QUARANTINE, capture_output=True, text=True, timeout=120, check=True)
        return int(done.stdout.split()[-1])

    assert peak_kb(10_000) < 1.5 * peak_kb(1_000)
