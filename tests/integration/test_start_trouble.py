"""serve that cannot: one clear line, which names the doctor, and exit status 1 (2: it was used wrongly).

What is wrong with the database ends it only with WAIT_FOR_DATABASE=false; else it waits for whoever mends
that (test_database_trouble.py, test_migrate.py), and says where to look.
"""

import socket

import pytest
from sage import Cluster, psql, run_command, wait_for

SECRET = "hunter2-very-secret"
USER = "sage_user"
DOCTOR = "sage-mcp doctor"


@pytest.fixture(scope="module")
def guarded():
    cluster = Cluster()
    cluster.guard(USER, SECRET, "good")
    yield cluster
    cluster.remove()


def ends(*words: str, status: int = 1, beside: int = 0, **settings: str):
    """serve ends with that status and one line of complaint with all these words, and the doctor's name."""
    done = run_command("serve", **{"LISTEN": "127.0.0.1:0", "METRICS_PORT": "0", "WAIT_FOR_DATABASE": "false"} | settings)
    assert done.returncode == status, done
    said = [line for line in (done.stdout + done.stderr).splitlines() if '"level":"info"' not in line]
    assert len(said) == 1 + beside, said
    for word in (*words, DOCTOR):
        assert word in said[-1], said
    assert SECRET not in done.stdout + done.stderr


def test_a_missing_secret(database, tmp_path):
    ends("DB_PASSWORD_FILE", "missing", "No such file", status=2, DB_PASSWORD_FILE=str(tmp_path / "missing"))
    (tmp_path / "empty").write_text("")
    ends("DATABASE_URL_FILE", "is empty", status=2, DATABASE_URL_FILE=str(tmp_path / "empty"))


def test_an_occupied_port(database):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        ends(address, "Address already in use", "--listen", DATABASE_URL=database, LISTEN=address)
        ends(address, "--metrics-host", DATABASE_URL=database, METRICS_PORT=address.rpartition(":")[2])


def test_a_log_directory_that_cannot_be_written(database, tmp_path):
    ends("LOG_DIR", "missing", "No such file", DATABASE_URL=database, LOG_DIR=str(tmp_path / "missing"))


def test_a_wrong_password(guarded):
    ends("password authentication failed", USER, "DB_PASSWORD",
        DATABASE_URL=f"host={guarded.socket_directory} dbname=good user={USER} password=wrong")


def test_a_database_that_is_away():
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        ends("Connection refused", "DB_HOST", DB_HOST="127.0.0.1", DB_PORT=str(bound.getsockname()[1]))


def test_an_old_pgvector(database):
    """Only 0.8 is installed here and its scripts make no older one, so the catalogue is told the version that is read."""
    psql(database, "CREATE EXTENSION vector; UPDATE pg_extension SET extversion = '0.6.2' WHERE extname = 'vector'")
    ends("pgvector", "0.6.2", "0.7.0 or newer", "ALTER EXTENSION vector UPDATE", DATABASE_URL=database)


def test_a_database_that_ran_other_migrations(database):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    psql(database, "UPDATE sage_migrations SET checksum = 'x' WHERE number = 2")
    ends("0002_namespaces", "another text", "belongs to the database", DATABASE_URL=database)


def test_a_newer_schema_is_served_and_said(start, database):
    """Two versions on one schema is how a new one is rolled out, so this is a warning, and the doctor's too."""
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    psql(database, "INSERT INTO sage_migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')")
    server = start(DATABASE_URL=database, WAIT_FOR_DATABASE="false").wait_ready()
    (line,) = [line for line in server.log() if line["level"] == "warn"]
    assert "newer version" in line["state"] and DOCTOR in line["help"]


def test_a_full_disk_of_postgresql(database):
    """What a full disk says (53100), said by a trigger: tests/faults/test_f18 fills a real one."""
    psql(database, """CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file "base/1/2": No space left on device' USING ERRCODE = 'disk_full'; END $$;
        CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()""")
    ends("No space left on device", "make room", DATABASE_URL=database)


def test_one_that_waits_names_the_doctor_too(start, guarded):
    server = start(DATABASE_URL=f"host={guarded.socket_directory} dbname=good user={USER} password=wrong")
    line = wait_for("a complaint", lambda: next((line for line in server.log() if line["level"] == "warn"), None))
    assert "password authentication failed" in line["state"] and DOCTOR in line["help"]


def test_nothing_to_wait_with():
    ends("WAIT_FOR_DATABASE", "MIGRATE", MIGRATE="false")
