"""sage-mcp doctor: a line for each thing a server needs, what to do about it, an exit status; nothing is changed."""

import json
import re
import socket
import subprocess
import threading

import pytest
from sage import ROOT, Cluster, make_key, psql, run_command

SECRET = "hunter2-very-secret"
USER = "sage_user"
CHECKS = ["options", "secrets", "stop", "log", "descriptors", "listen", "admin", "database", "postgresql", "pgvector", "role",
    "connections", "clock", "schema", "keys", "replica"]


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class Diagnosis:
    """What the doctor says, as JSON and as lines, which must agree."""

    def __init__(self, *flags: str, **settings: str):
        settings = {"LISTEN": f"127.0.0.1:{free_port()}", "METRICS_PORT": str(free_port()), "STOP_GRACE_MS": "60000"} | settings
        done = run_command("doctor", "--json", *flags, **settings)
        assert done.stderr == "", done.stderr
        assert SECRET not in done.stdout
        said = json.loads(done.stdout)
        self.status, self.exit, self.checks = said["status"], done.returncode, said["checks"]
        assert self.exit == (1 if self.status == "fail" else 0)
        for check in self.checks:
            assert ("next" in check) == (check["status"] != "ok"), check
        lines = run_command("doctor", *flags, **settings).stdout.splitlines()
        assert [line.split()[:2] for line in lines] == [[check["status"], check["check"]] for check in self.checks]

    def named(self, name: str) -> list[dict]:
        return [check for check in self.checks if check["check"] == name]

    def expect(self, name: str, status: str, *words: str):
        (check,) = self.named(name)
        assert check["status"] == status, check
        said = f"{check['text']}; {check.get('next', '')}"
        for word in words:
            assert word in said, said


@pytest.fixture(scope="module")
def guarded():
    """A cluster that asks for passwords, with a plain user who owns a database."""
    cluster = Cluster(max_connections=30)
    cluster.guard(USER, SECRET, "good", "plain")
    yield cluster
    cluster.remove()


def url(cluster: Cluster, database: str = "good", user: str = USER, password: str = SECRET) -> str:
    return f"host={cluster.socket_directory} dbname={database} user={user} password={password}"


def snapshot(database: str) -> str:
    """Everything that a change would show in: objects, rows, extensions."""
    return psql(database, """SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_extension),
        (SELECT count(*) FROM pg_proc), (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables)""")


def test_all_is_well(guarded, tmp_path):
    said = Diagnosis(DATABASE_URL=url(guarded), LOG_DIR=str(tmp_path), MAX_CONNECTIONS="100")
    assert [check["check"] for check in said.checks] == CHECKS
    assert (said.status, said.exit) == ("ok", 0), said.checks


def test_nothing_is_changed(guarded, tmp_path):
    database = guarded.uri.replace("/postgres?", "/good?")
    before = snapshot(database)
    Diagnosis(DATABASE_URL=url(guarded), LOG_DIR=str(tmp_path))
    assert snapshot(database) == before
    assert list(tmp_path.iterdir()) == []


def test_words_of_its_own_only(guarded):
    for words in (["doctor", "now"], ["serve", "--json"], ["key", "list", "--json"]):
        assert run_command(*words, DATABASE_URL=url(guarded)).returncode == 2, words


# --- options and secrets -----------------------------------------------------------------


def test_a_missing_secret(tmp_path):
    said = Diagnosis(DB_PASSWORD_FILE=str(tmp_path / "missing"))
    said.expect("options", "fail", "DB_PASSWORD_FILE", "missing", "No such file or directory")
    assert len(said.checks) == 1


def test_an_unknown_option():
    said = Diagnosis("--db-pool-siz", "3")
    said.expect("options", "fail", "--db-pool-siz", "--help")


def test_options_that_contradict_each_other(guarded):
    Diagnosis(DATABASE_URL=url(guarded), DB_POOL_MIN="21").expect("options", "fail", "DB_POOL_MIN (21)", "DB_POOL_SIZE (20)")
    Diagnosis(DATABASE_URL=url(guarded), DRAIN_MS="40000", STOP_GRACE_MS="40000").expect(
        "options", "fail", "DRAIN_MS (40000)", "STOP_GRACE_MS (40000)")


def test_a_mistyped_variable(guarded):
    Diagnosis(DATABASE_URL=url(guarded), DB_PASWORD="x").expect("options", "warn", "DB_PASWORD", "mistyped")


def test_secrets_that_others_can_read(guarded, tmp_path):
    secret = tmp_path / "password"
    secret.write_text(SECRET)
    settings = {"DB_HOST": guarded.socket_directory, "DB_USER": USER, "DB_NAME": "good", "DB_PASSWORD_FILE": str(secret)}
    secret.chmod(0o640)
    Diagnosis(**settings).expect("secrets", "ok")
    secret.chmod(0o644)
    Diagnosis(**settings).expect("secrets", "warn", "DB_PASSWORD_FILE", str(secret), "chmod")
    Diagnosis("--db-password", SECRET, DB_HOST=guarded.socket_directory, DB_USER=USER, DB_NAME="good").expect(
        "secrets", "warn", "flag", "ps")


# --- the machine --------------------------------------------------------------------------


def test_a_log_directory_that_cannot_be_written(guarded, tmp_path):
    Diagnosis(DATABASE_URL=url(guarded), LOG_DIR=str(tmp_path / "missing")).expect(
        "log", "fail", "LOG_DIR", str(tmp_path / "missing"), "No such file or directory")
    (tmp_path / "sage-mcp.log").mkdir()
    Diagnosis(DATABASE_URL=url(guarded), LOG_DIR=str(tmp_path)).expect("log", "fail", "LOG_DIR", "sage-mcp.log")


def test_a_full_disk_of_the_log(guarded, disk):
    small = disk(1)
    settings = {"DATABASE_URL": url(guarded), "LOG_DIR": str(small.directory)}
    with small.full():
        Diagnosis(**settings).expect("log", "fail", "LOG_DIR", str(small.directory), "is full", "make room", "log lines are lost")
    Diagnosis(**settings).expect("log", "warn", "only 1 MB are free", "make room")
    subprocess.run(["mount", "-o", "remount,nr_inodes=1", small.directory], check=True)  # the directory is one
    Diagnosis(**settings).expect("log", "fail", str(small.directory), "is full")


def test_too_few_descriptors(guarded):
    Diagnosis(DATABASE_URL=url(guarded), MAX_CONNECTIONS="1000000").expect("descriptors", "warn", "MAX_CONNECTIONS", "LimitNOFILE")


def test_an_address_of_another_program(guarded):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        threading.Thread(target=lambda: [taken.accept()[0].close() for _ in range(4)], daemon=True).start()
        said = Diagnosis(DATABASE_URL=url(guarded), LISTEN=f"127.0.0.1:{port}", METRICS_PORT=str(port))
    said.expect("listen", "fail", "LISTEN", f"127.0.0.1:{port}", "another program")
    said.expect("admin", "fail", "METRICS_PORT", f"127.0.0.1:{port}", "another program")


def test_an_address_of_a_server_of_ours(guarded, start):
    server = start(DATABASE_URL=url(guarded)).wait_ready()
    (line,) = server.logged("admin listening")
    said = Diagnosis(DATABASE_URL=url(guarded), LISTEN=server.address, METRICS_PORT=line["address"].rpartition(":")[2])
    for what in ("listen", "admin"):
        said.expect(what, "ok", "a sage-mcp serves", '"status":"ready"')


def test_an_address_of_another_machine(guarded):
    Diagnosis(DATABASE_URL=url(guarded), LISTEN="192.0.2.1:8080").expect("listen", "fail", "192.0.2.1:8080", "assign")
    Diagnosis(DATABASE_URL=url(guarded), LISTEN="nonsense").expect("listen", "fail", "LISTEN", "HOST:PORT")


# --- the database -------------------------------------------------------------------------


def test_a_database_that_lets_nobody_in(guarded):
    said = Diagnosis(DATABASE_URL=url(guarded, password="wrong"))
    said.expect("database", "fail", "password authentication failed", USER, "DB_PASSWORD")
    assert said.checks[-1]["check"] == "database"


def test_a_database_that_is_not_there():
    said = Diagnosis(DB_HOST="127.0.0.1", DB_PORT=str(free_port()))
    said.expect("database", "fail", "Connection refused", "DB_HOST", "DB_PORT")
    Diagnosis(DATABASE_URL="host=a passwort=x").expect("database", "fail", "passwort", "DATABASE_URL")


def test_pgvector_that_nobody_may_make(guarded):
    said = Diagnosis(DATABASE_URL=url(guarded, "plain"))
    said.expect("pgvector", "fail", USER, "CREATE EXTENSION vector")


def test_pgvector_that_is_old(database):
    psql(database, "CREATE EXTENSION vector; UPDATE pg_extension SET extversion = '0.6.2' WHERE extname = 'vector'")
    Diagnosis(DATABASE_URL=database).expect("pgvector", "fail", "0.6.2", "0.7.0", "ALTER EXTENSION vector UPDATE")


def test_the_oldest_pgvector_is_one_and_the_same():
    ours = re.search(r'PGVECTOR_OLDEST "(.*)"', (ROOT / "db/migrations.h").read_text())[1]
    assert f"vector_oldest={ours}\n" in (ROOT / "deploy/check-sage-db.sh").read_text()


def test_a_superuser_and_an_owner_of_nothing(guarded):
    superuser = guarded.uri.replace("/postgres?", "/good?")
    Diagnosis(DATABASE_URL=superuser).expect("role", "warn", "superuser")
    psql(guarded.uri, "CREATE DATABASE theirs")
    theirs = guarded.uri.replace("/postgres?", "/theirs?")
    psql(theirs, "CREATE EXTENSION vector; CREATE TABLE memories (id int)")
    Diagnosis(DATABASE_URL=url(guarded, "theirs")).expect("role", "fail", "does not own memories", "OWNER TO")
    psql(theirs, "DROP TABLE memories")
    Diagnosis(DATABASE_URL=url(guarded, "theirs")).expect("role", "fail", "may not make tables")
    psql(guarded.uri, f"ALTER ROLE {USER} IN DATABASE theirs SET default_transaction_read_only = on")
    Diagnosis(DATABASE_URL=url(guarded, "theirs")).expect("database", "fail", "read-only")


def test_fewer_connections_than_wanted(guarded):
    Diagnosis(DATABASE_URL=url(guarded), DB_POOL_SIZE="40").expect("connections", "fail", "41", "27", "max_connections", "DB_POOL_SIZE")
    Diagnosis(DATABASE_URL=url(guarded), DB_POOL_SIZE="26").expect("connections", "warn", "of 27")
    psql(guarded.uri, f"ALTER ROLE {USER} CONNECTION LIMIT 5")
    Diagnosis(DATABASE_URL=url(guarded)).expect("connections", "fail", "gives 5")
    psql(guarded.uri, f"ALTER ROLE {USER} CONNECTION LIMIT -1")


def test_a_schema_of_another_version(database):
    Diagnosis(DATABASE_URL=database).expect("schema", "ok", "have not run")
    Diagnosis(DATABASE_URL=database, MIGRATE="false").expect("schema", "fail", "sage-mcp migrate")
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    Diagnosis(DATABASE_URL=database).expect("schema", "ok", "up to date")
    psql(database, "INSERT INTO sage_migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')")
    Diagnosis(DATABASE_URL=database).expect("schema", "warn", "1 migrations ahead", "newer version")
    psql(database, "UPDATE sage_migrations SET checksum = 'x' WHERE number = 2")
    Diagnosis(DATABASE_URL=database).expect("schema", "fail", "0002_namespaces", "belongs to the database")


def test_keys(database):
    public = {"DATABASE_URL": database, "LISTEN": f"0.0.0.0:{free_port()}"}
    Diagnosis(**public).expect("keys", "warn", "loopback only", "sage-mcp key create")
    Diagnosis(DATABASE_URL=database, AUTH="required").expect("keys", "warn", "nobody gets in")
    run_command("migrate", DATABASE_URL=database)
    make_key(database, "ann", "team")
    Diagnosis(**public).expect("keys", "ok")


def test_replicas(cluster):
    Diagnosis(DATABASE_URL=cluster.uri, DB_READ_FROM="replica").expect("replica", "warn", "DB_READ_FROM", "there is none")
    replica = cluster.replica()
    try:
        both = f"host={cluster.socket_directory},{replica.socket_directory} dbname=postgres user=postgres"
        Diagnosis(DATABASE_URL=both).expect("replica", "ok", replica.socket_directory[:40], "follows")
        replica.stop()
        Diagnosis(DATABASE_URL=both).expect("replica", "warn", "is PostgreSQL running there")
    finally:
        replica.remove()
