"""The schema: from nothing, from a database of the original Sage in both its shapes, and refused."""

import subprocess
from urllib.parse import urlsplit, urlunsplit

import pytest
from sage import BINARY, ROOT, environment, psql, run_command, wait_for

# What the original's installations hold: its init script, and the two columns some have besides.
ORIGINAL = (ROOT / "tests/integration/original_schema.sql").read_text()
AGENT_COLUMNS = """
ALTER TABLE memories ADD COLUMN is_agent_report BOOLEAN DEFAULT FALSE;
ALTER TABLE memories ADD COLUMN agent_metadata JSONB;
"""
ROWS = """
INSERT INTO sessions (id, name) VALUES ('old', 'An old session');
INSERT INTO memories (session_id, user_input, assistant_response, embedding, metadata, created_at)
    SELECT 'old', 'question ' || i, 'answer ' || i, array_fill(i, ARRAY[4096])::vector, '{"n": 1}', '2024-01-01'
    FROM generate_series(1, 3) AS i;
"""


def migrate(database: str) -> subprocess.CompletedProcess:
    return run_command("migrate", DATABASE_URL=database)


def applied(database: str) -> list[str]:
    return psql(database, "SELECT name FROM sage_migrations ORDER BY number").split()


@pytest.mark.parametrize("script", [ORIGINAL, ORIGINAL + AGENT_COLUMNS], ids=["plain", "with agent columns"])
def test_database_of_the_original_is_upgraded_in_place(start, database, script):
    psql(database, script + ROWS)
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "new words", "session_id": "old"})
        sessions = connection.done("manage_session", {"action": "list"})["sessions"]
        assert {s["session_id"]: s["memories"] for s in sessions}["old"] == 4
        old = psql(database, "SELECT id FROM memories WHERE user_input = 'question 2'").strip()
        memory = connection.done("get_memory", {"id": old})
        assert (memory["assistant_response"], memory["metadata"]) == ("answer 2", {"n": 1})
        assert memory["created_at"].startswith("2024-01-01")
        hits = connection.done("search_memories", {"query": "question", "embedding": [1.0] * 4096})["hits"]
        assert {hit["user_input"] for hit in hits} == {f"question {i}" for i in (1, 2, 3)}
    # The original's own statements keep working.
    psql(database, "INSERT INTO memories (session_id, user_input, assistant_response) VALUES ('old', 'a', 'b')")
    assert psql(database, "SELECT count(*) FROM memories WHERE session_id = 'old'").strip() == "5"
    assert saved["id"]


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
