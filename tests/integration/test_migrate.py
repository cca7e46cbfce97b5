"""The schema: from nothing, from a database of the original Sage in both its shapes, and refused."""

import subprocess
from urllib.parse import urlsplit, urlunsplit

import pytest
from sage import BINARY, ROOT, environment, psql, run_command, wait_for

# What the original's installations hold: its init script, and what its migrations for agents add to some.
PLAIN, AGENTS, ROWS = ((ROOT / f"tests/integration/original_{name}.sql").read_text()
    for name in ("schema", "agents", "rows"))
SHAPES = {"plain": PLAIN, "with agents": PLAIN + AGENTS}


def migrate(database: str) -> subprocess.CompletedProcess:
    return run_command("migrate", DATABASE_URL=database)


def applied(database: str) -> list[str]:
    return psql(database, "SELECT name FROM sage_migrations ORDER BY number").split()


def wait_for_judgement(database: str):
    """Housekeeping has looked at all vectors, and dropped the random ones."""
    wait_for("all were looked at", lambda: psql(database,
        "SELECT count(*) FROM memories WHERE embed_state = 'unchecked'") == "0", 20)


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def script(request):
    return request.param


def test_database_of_the_original_is_upgraded_in_place(start, database, script):
    psql(database, script + ROWS)
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "new words", "session_id": "old"})
        sessions = connection.done("manage_session", {"action": "list"})["sessions"]
        assert {s["session_id"]: s["memories"] for s in sessions}["old"] == 4
        old = psql(database, "SELECT id FROM memories WHERE user_input = 'question 2'").strip()
        memory = connection.done("get_memory", {"id": old})
        assert (memory["assistant_response"], memory["metadata"]["n"]) == ("answer 2", 1)
        assert memory["created_at"].startswith("2024-01-01")
        wait_for_judgement(database)
        hits = connection.done("search_memories", {"query": "question", "embedding": [1.0] * 4096})["hits"]
        assert {hit["user_input"] for hit in hits} == {f"question {i}" for i in (1, 2, 3)}
    assert saved["id"]


def test_rows_of_the_original_are_kept_and_found_by_words(start, database, script):
    psql(database, script + ROWS)
    kept = "SELECT id, session_id, user_input, assistant_response, embedding, metadata, created_at FROM memories ORDER BY id"
    before = psql(database, kept)
    assert migrate(database).returncode == 0
    assert psql(database, kept) == before
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        for words, found in (("where did the pelican land", "a pelican lands"), ("鹈鹕", "鹈鹕在哪里"),
                ("is the build green", "report on the build")):
            assert wait_for(f"{found} is found", lambda words=words: connection.done("search_memories",
                {"query": words})["hits"])[0]["user_input"] == found
        status = connection.done("get_status")
    assert status["memories"] == 6
    wait_for_judgement(database)
    assert psql(database, "SELECT user_input FROM memories WHERE embed_state = 'ok' AND embedding IS NOT NULL ORDER BY 1").split("\n") == [
        "question 1", "question 2", "question 3"]
    assert psql(database, "SELECT embedding IS NULL, embed_state FROM memories WHERE session_id = 'random'") == "t|pending"


# What the original runs, on a database that was upgraded.
VECTOR = "(SELECT embedding FROM memories WHERE user_input = 'question 2')"
STATEMENTS = {
    "dedup check": ("SELECT user_input FROM memories WHERE (metadata->>'content_hash' = md5('2') OR metadata->>'time_aware_hash' = 'x')"
        " AND session_id = 'old' ORDER BY created_at DESC LIMIT 1", "question 2"),
    "save": (f"INSERT INTO memories (id, session_id, user_input, assistant_response, embedding, metadata, is_agent_report, agent_metadata)"
        f" VALUES (gen_random_uuid(), 'old', 'a', 'b', {VECTOR}, '{{}}', false, NULL::jsonb) RETURNING user_input", "a"),
    "vector search": (f"SELECT round((1 - (embedding <=> {VECTOR}))::numeric, 3) FROM memories WHERE session_id = 'old'"
        f" ORDER BY embedding <=> {VECTOR} LIMIT 1", "1.000"),
    "text search": ("SELECT user_input FROM memories WHERE user_input ILIKE '%pelican%' OR assistant_response ILIKE '%pelican%'"
        " ORDER BY created_at DESC LIMIT 5", "a pelican lands"),
    "update": ("UPDATE memories SET metadata = '{\"m\": 2}', user_input = 'changed', updated_at = now() WHERE user_input = 'question 1'"
        " RETURNING user_input", "changed"),
    "delete": ("DELETE FROM memories WHERE user_input = 'question 3' RETURNING user_input", "question 3"),
    "sessions": ("SELECT session_id, count(*), min(created_at) = max(created_at) FROM memories WHERE session_id = 'old' GROUP BY session_id",
        "old|3|t"),
    "statistics": ("SELECT count(*), count(DISTINCT session_id), min(created_at) < max(created_at) FROM memories", "6|3|t"),
}
AGENT_STATEMENTS = {
    "view": ("SELECT agent_name, task_id FROM agent_reports_summary", "builder|t1"),
    "history": ("SELECT agent_name, task_id FROM get_agent_execution_history('builder', 't1', 5)", "builder|t1"),
    "detection": ("INSERT INTO memories (user_input, assistant_response, metadata) VALUES ('c', 'd',"
        " '{\"is_agent_report\": true, \"agent_name\": \"x\"}') RETURNING is_agent_report, agent_metadata ->> 'agent_name'", "t|x"),
}


def test_the_originals_own_statements_run_on_an_upgraded_database(database, script):
    psql(database, script + ROWS)
    assert migrate(database).returncode == 0
    for name, (sql, said) in (STATEMENTS | (AGENT_STATEMENTS if AGENTS in script else {})).items():
        assert psql(database, f"BEGIN; {sql}; ROLLBACK") == said, name


def test_reports_of_the_original_are_reports_here(start, database):
    psql(database, PLAIN + AGENTS + ROWS)
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        [agent] = connection.done("agent_reports")["agents"]
        assert (agent["agent_name"], agent["reports"]) == ("builder", 1)


def test_two_migrators_at_once_apply_each_migration_once(database):
    running = [subprocess.Popen([BINARY, "migrate"], env=environment(DATABASE_URL=database),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(6)]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 6, said
    names = [path.stem for path in sorted((ROOT / "migrations").glob("*.sql"))]
    assert applied(database) == names
    assert sum(text.count("applied 0") for text in said) == len(names), said


def test_changed_migration_is_refused(start, database):
    assert migrate(database).returncode == 0
    psql(database, "UPDATE sage_migrations SET checksum = 'x' WHERE number = 2")
    done = migrate(database)
    assert done.returncode == 1
    assert "0002_namespaces" in done.stderr and "another text" in done.stderr
    server = start(DATABASE_URL=database)
    wait_for("the refusal in the log", lambda: any("0002_namespaces" in line.get("error", "") for line in server.log()))
    with server.connect() as connection:
        assert connection.get("/healthz").status == 200
        assert connection.get("/readyz").status == 503
        assert connection.tool("search_memories", {"query": "anything"})["isError"]


def test_a_server_waits_for_the_database_to_be_mended(start, database):
    assert migrate(database).returncode == 0
    right = psql(database, "SELECT checksum FROM sage_migrations WHERE number = 2").strip()
    psql(database, "UPDATE sage_migrations SET checksum = 'x' WHERE number = 2")
    server = start(DATABASE_URL=database)
    wait_for("the refusal in the log", lambda: any("0002_namespaces" in line.get("error", "") for line in server.log()))
    psql(database, f"UPDATE sage_migrations SET checksum = '{right}' WHERE number = 2")
    server.wait_ready()
    with server.connect() as connection:
        assert connection.done("save_memory", {"user_input": "mended"})["state"] == "stored"


def test_schema_of_a_newer_version_is_served(database):
    assert migrate(database).returncode == 0
    psql(database, "INSERT INTO sage_migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')")
    done = migrate(database)
    assert done.returncode == 0, done.stderr
    assert "newer version" in done.stdout + done.stderr


def test_runs_after_the_same_files_ran_as_init_scripts(database):
    for path in sorted((ROOT / "migrations").glob("*.sql")):
        psql(database, path.read_text())
    assert migrate(database).returncode == 0


def test_failed_migration_leaves_nothing_behind(database):
    psql(database, "CREATE TABLE memories (id INT)")
    done = migrate(database)
    assert done.returncode == 1
    assert "0001_original_tables" in done.stderr
    assert applied(database) == []
    assert psql(database, "SELECT to_regclass('sessions') IS NULL").strip() == "t"


def test_user_without_rights_is_told_what_to_do(database):
    parts = urlsplit(database)
    role = f"plain_{parts.path[1:]}"
    psql(database, f"CREATE ROLE {role} LOGIN")
    host = parts.netloc.rpartition("@")[2]
    done = migrate(urlunsplit(parts._replace(netloc=f"{role}@{host}")))
    assert done.returncode == 1
    assert "CREATE EXTENSION vector" in done.stderr
