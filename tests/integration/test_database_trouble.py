"""A database that cannot be used: one clear line says why, and what to do about it."""

import re
import signal
import socket
import threading
import time

import pytest
from sage import Cluster, create_database, psql, run_command, tool_text, wait_for

SECRET = "hunter2-very-secret"
USER = "sage_user"
QUIET_S = 2.5  # so long that whatever is tried again has been


@pytest.fixture(scope="module")
def guarded():
    """A cluster that asks for passwords, with a user and a database of its own."""
    cluster = Cluster(max_connections=12, superuser_reserved_connections=3)
    cluster.guard(USER, SECRET, "good")
    yield cluster
    cluster.remove()


def url(cluster: Cluster, database: str = "good", user: str = USER, password: str = SECRET) -> str:
    return f"host={cluster.socket_directory} dbname={database} user={user} password={password}"


def complaints(server) -> list[dict]:
    return [line for line in server.log() if line["level"] in ("warn", "error")]


def text_of(line: dict) -> str:
    return line.get("state") or line.get("error") or line["msg"]


def assert_one_line(server, *words: str) -> str:
    """The log complains once about the database, in one line with all these words."""
    wait_for("a complaint", lambda: complaints(server))
    time.sleep(QUIET_S)
    told = complaints(server)
    assert len(told) == 1, told
    said = text_of(told[0])
    assert "\n" not in said
    for word in words:
        assert word in said, said
    assert SECRET not in server.output()
    return said


def assert_command_says(settings: dict, *words: str):
    """sage-mcp migrate ends with status 1 and one line with all these words."""
    done = run_command("migrate", **settings)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_the_right_password_works(start, guarded):
    server = start(DATABASE_URL=url(guarded)).wait_ready()
    with server.connect() as connection:
        connection.done("save_memory", {"user_input": "hello"})
    assert complaints(server) == []


TROUBLE = {
    "wrong password": (dict(password="wrong"), ["password authentication failed", USER, "DB_PASSWORD"]),
    "no password": (dict(password="''"), ["no password supplied", "DB_PASSWORD"]),
    "no such user": (dict(user="nobody_here"), ["nobody_here", "DB_USER"]),
    "no such database": (dict(database="missing"), ["missing", "does not exist", "createdb", "DB_NAME"]),
}


@pytest.mark.parametrize("how, words", TROUBLE.values(), ids=TROUBLE)
def test_the_log_says_once_what_to_do(start, guarded, how, words):
    assert_one_line(start(DATABASE_URL=url(guarded, **how)), *words)


@pytest.mark.parametrize("how, words", TROUBLE.values(), ids=TROUBLE)
def test_the_command_says_what_to_do(guarded, how, words):
    assert_command_says({"DATABASE_URL": url(guarded, **how)}, *words)


def test_nothing_listens_there(start):
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        nowhere = {"DB_HOST": "127.0.0.1", "DB_PORT": str(bound.getsockname()[1]), "DB_NAME": "x", "DB_USER": "x"}
        assert_one_line(start(**nowhere), "Connection refused", "is PostgreSQL running", "DB_HOST", "DB_PORT")
        assert_command_says(nowhere, "Connection refused", "DB_HOST", "DB_PORT")


def test_no_such_host(start):
    nowhere = {"DB_HOST": "no-such-host.invalid", "DB_NAME": "x", "DB_USER": "x"}
    assert_one_line(start(**nowhere), "no-such-host.invalid")
    assert_command_says(nowhere, "no-such-host.invalid")


def test_a_server_without_pgvector(start, guarded):
    """The words are PostgreSQL's own for a file that is missing, said by a trigger."""
    psql(guarded.uri, f"CREATE DATABASE bare OWNER {USER}")
    bare = guarded.uri.replace("/postgres?", "/bare?")
    psql(bare, """CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'extension "vector" is not available' USING ERRCODE = 'feature_not_supported',
            DETAIL = 'Could not open extension control file.'; END $$;
        CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION refuse()""")
    words = ["vector", "not available", "install pgvector", "postgresql-NN-pgvector"]
    assert_one_line(start(DATABASE_URL=url(guarded, "bare")), *words)
    assert_command_says({"DATABASE_URL": url(guarded, "bare")}, *words)


def test_a_database_of_another_owner(start, guarded):
    psql(guarded.uri, "CREATE DATABASE theirs")
    psql(guarded.uri.replace("/postgres?", "/theirs?"), "CREATE EXTENSION vector")
    words = ["permission denied for schema public", "own"]
    assert_one_line(start(DATABASE_URL=url(guarded, "theirs")), *words)
    assert_command_says({"DATABASE_URL": url(guarded, "theirs")}, *words)


def test_tables_of_another_owner(start, guarded):
    psql(guarded.uri, f"CREATE DATABASE mixed OWNER {USER}")
    mixed = guarded.uri.replace("/postgres?", "/mixed?")
    psql(mixed, """CREATE EXTENSION vector; CREATE TABLE memories (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        session_id varchar(255), user_input text NOT NULL, assistant_response text NOT NULL, embedding vector(4096),
        metadata jsonb, created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now())""")
    words = ["must be owner of table memories", "change their owner"]
    assert_one_line(start(DATABASE_URL=url(guarded, "mixed")), *words)
    assert_command_says({"DATABASE_URL": url(guarded, "mixed")}, *words)


def test_a_server_that_is_full(start, guarded):
    """Nine connections for everybody: the pool takes what it gets, and says so once."""
    server = start(DATABASE_URL=url(guarded), DB_POOL_SIZE="20", DB_POOL_MIN="12").wait_ready()
    said = assert_one_line(server, "no further connection", "DB_POOL_SIZE", "max_connections")
    assert "remaining connection slots" in said or "too many clients" in said
    with server.connect() as connection, server.admin() as admin:
        connection.done("save_memory", {"user_input": "hello"})
        pool = admin.get("/pools").json["pools"][0]
        assert (pool["breaker"], pool["reachable"]) == ("closed", True)
        assert 1 <= pool["sv_idle"] <= 9


def test_a_password_that_changed(start, guarded):
    """Those who are in stay in; that nobody else gets in is told before the last has gone."""
    psql(guarded.uri, f"CREATE ROLE changing LOGIN PASSWORD '{SECRET}'")
    psql(guarded.uri, "CREATE DATABASE changing OWNER changing")
    psql(guarded.uri.replace("/postgres?", "/changing?"), "CREATE EXTENSION vector")
    server = start(DATABASE_URL=url(guarded, "changing", "changing"), DB_POOL_MIN="2").wait_ready()
    with server.admin() as admin, server.connect() as connection:
        wait_for("two connections", lambda: admin.get("/pools").json["pools"][0]["sv_idle"] >= 2)
        psql(guarded.uri, "ALTER ROLE changing PASSWORD 'another'")
        psql(guarded.uri, """WITH pool AS (SELECT pid FROM pg_stat_activity
                WHERE usename = 'changing' AND query NOT LIKE 'LISTEN%')
            SELECT pg_terminate_backend(pid) FROM pool WHERE pid <> (SELECT max(pid) FROM pool)""")
        assert_one_line(server, "no further connection", "password authentication failed", "DB_PASSWORD")
        connection.done("save_memory", {"user_input": "hello"})


# --- options that contradict each other --------------------------------------------------


CONTRADICTIONS = {
    "minimum above size": ({"DB_POOL_MIN": "21"}, ["DB_POOL_MIN (21)", "DB_POOL_SIZE (20)"]),
    "size as large as all": ({"DB_POOL_SIZE": "100"}, ["DB_POOL_SIZE (100)", "DB_MAX_CONNECTIONS (100)"]),
    "size above all": ({"DB_POOL_SIZE": "50", "DB_MAX_CONNECTIONS": "10"}, ["DB_MAX_CONNECTIONS (10)"]),
    "namespace limit above size": ({"DB_NAMESPACE_LIMIT": "21"}, ["DB_NAMESPACE_LIMIT (21)", "DB_POOL_SIZE (20)"]),
    "read from nowhere": ({"DB_READ_FROM": "nowhere"}, ["DB_READ_FROM", "primary", "replica"]),
    "prepared statements maybe": ({"DB_PREPARED_STATEMENTS": "maybe"}, ["DB_PREPARED_STATEMENTS", "true", "false"]),
    "size of nothing": ({"DB_POOL_SIZE": "0"}, ["DB_POOL_SIZE", "1"]),
    "no time": ({"DB_QUERY_TIMEOUT_MS": "0"}, ["DB_QUERY_TIMEOUT_MS", "10"]),
    "negative": ({"DB_QUEUE_LIMIT": "-1"}, ["DB_QUEUE_LIMIT"]),
    "more ports than hosts": ({"DATABASE_URL": "host=a port=1,2"}, ["1 hosts, 2 ports"]),
    "too many hosts": ({"DATABASE_URL": "host=" + ",".join("abcdefghi")}, ["9 hosts", "8"]),
    "unknown option of libpq": ({"DATABASE_URL": "host=a passwort=x"}, ["passwort"]),
}


@pytest.mark.parametrize("settings, words", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions_end_with_one_clear_line(settings, words):
    done = run_command("serve", LISTEN="127.0.0.1:0", METRICS_PORT="0", **settings)
    assert done.returncode in (1, 2)
    said = (done.stdout + done.stderr).splitlines()
    assert len(said) == 1, said
    for word in words:
        assert word in said[0], said


def test_an_unknown_option_ends_with_one_clear_line(tmp_path):
    config = tmp_path / "sage.conf"
    config.write_text("DB_POOL_SIZ=3\n")
    done = run_command("serve", "--config", str(config), LISTEN="127.0.0.1:0")
    assert done.returncode in (1, 2)
    said = (done.stdout + done.stderr).splitlines()
    assert len(said) == 1 and "DB_POOL_SIZ" in said[0]


def test_sighup_changes_the_pool(start, database, tmp_path):
    config = tmp_path / "sage.conf"
    config.write_text("DB_POOL_SIZE=4\nDB_POOL_MIN=4\n")
    server = start("--config", str(config), DATABASE_URL=database).wait_ready()

    def hup(text: str, logged: str):
        before = len(server.logged(logged))
        config.write_text(text)
        server.signal(signal.SIGHUP)
        wait_for("the configuration is read", lambda: len(server.logged(logged)) > before)

    with server.admin() as admin, server.connect() as connection:
        def pool() -> tuple[int, int]:
            row = admin.get("/pools").json["pools"][0]
            return row["pool_size"], row["sv_idle"] + row["sv_active"]

        wait_for("four connections", lambda: pool() == (4, 4))
        hup("DB_POOL_SIZE=2\nDB_POOL_MIN=1\n", "configuration read again")
        wait_for("two connections", lambda: pool() == (2, 2))
        hup("DB_POOL_SIZE=6\nDB_POOL_MIN=5\n", "configuration read again")
        wait_for("five connections", lambda: pool() == (6, 5))
        hup("DB_POOL_SIZE=6\nDB_POOL_MIN=7\n", "configuration not taken; the old one stays in force")
        assert pool() == (6, 5)
        connection.done("save_memory", {"user_input": "hello"})


# --- the circuit breaker -----------------------------------------------------------------


class Doorbell:
    """A database that hangs up on everyone, and knows when they came."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.rung = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            visitor.close()
            self.rung.append(time.monotonic())

    def close(self):
        self.listener.close()


@pytest.fixture
def doorbell():
    doorbell = Doorbell()
    yield doorbell
    doorbell.close()


def breakers(connection) -> dict[str, str]:
    return {b["name"]: b["state"] for b in connection.done("get_status")["circuit_breakers"]}


def test_reset_circuit_breaker_tries_at_once(start, doorbell):
    """Every time, although a wait of up to a second and a half had been drawn."""
    server = start(DATABASE_URL=f"host=127.0.0.1 port={doorbell.port} dbname=x user=x", MIGRATE="false")
    late = 0
    with server.connect() as connection:
        for _ in range(10):
            wait_for("the breaker is open", lambda: breakers(connection)["primary"] == "open", 20)
            began = time.monotonic()
            reset = connection.done("reset_circuit_breaker", {"name": "primary"})["reset"]
            assert [(r["name"], r["now"]) for r in reset] == [("primary", "closed")]
            wait_for("it is tried", lambda began=began: doorbell.rung[-1] > began)
            late += next(t for t in doorbell.rung if t > began) - began > 0.2
    assert late <= 2, f"{late} of 10 came late"


def test_reset_circuit_breaker_of_all_and_of_none(start, doorbell):
    server = start(DATABASE_URL=f"host=127.0.0.1 port={doorbell.port} dbname=x user=x", MIGRATE="false")
    with server.connect() as connection:
        wait_for("the breaker is open", lambda: breakers(connection)["primary"] == "open", 20)
        names = {r["name"] for r in connection.done("reset_circuit_breaker")["reset"]}
        assert names == set(breakers(connection))
        result = connection.tool("reset_circuit_breaker", {"name": "no such"})
        assert result["isError"] is True
        assert "no such" in tool_text(result) and "get_status" in tool_text(result)


def test_a_breaker_closes_when_the_database_is_back(start, cluster):
    server = start(DATABASE_URL=create_database(cluster.uri, "breaker")).wait_ready()
    with server.connect() as connection:
        assert breakers(connection)["primary"] == "closed"
        cluster.stop()
        wait_for("the breaker opens", lambda: breakers(connection)["primary"] == "open", 30)
        answer = connection.rpc("tools/call", {"name": "save_memory", "arguments": {"user_input": "x"}})
        assert answer.result["isError"] is True
        assert re.fullmatch(r"[12]", answer.headers["Retry-After"])
        cluster.start()
        wait_for("the breaker closes", lambda: breakers(connection)["primary"] == "closed", 10)
        connection.done("save_memory", {"user_input": "hello"})
