"""Behind a pgBouncer in transaction mode, as managed databases have one: everything still works."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from pgbouncer import Missing, PgBouncer
from sage import ROOT, Cluster, psql, run_command, wait_for

SETTINGS = {"DB_PREPARED_STATEMENTS": "false", "DB_POOL_SIZE": "10"}
SERVERS = 3  # connections of pgBouncer to PostgreSQL


@pytest.fixture(scope="module")
def pooled():
    """A cluster with an empty database "sage"."""
    cluster = Cluster()
    psql(cluster.uri, "CREATE DATABASE sage")
    yield cluster
    cluster.remove()


@pytest.fixture
def bouncer(pooled):
    """bouncer(settings) -> a pgBouncer before it."""
    running = []

    def bouncer(**settings) -> PgBouncer:
        try:
            running.append(PgBouncer(pooled.directory, SERVERS, **settings))
        except Missing as why:
            pytest.skip(str(why))
        return running[-1]

    yield bouncer
    for each in running:
        each.stop()
        shutil.rmtree(each.socket)


def backends(pooled) -> int:
    return int(psql(pooled.uri, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'sage'"))


def test_everything_works(start, pooled, bouncer):
    server = start(DATABASE_URL=bouncer(ignore_startup_parameters="options").url("sage"), **SETTINGS).wait_ready()
    with server.connect() as connection:
        saved = [connection.done("save_memory", {"user_input": "the sky is blue", "idempotency_key": "one"})["id"]
            for _ in range(2)]
        assert saved[0] == saved[1]
        assert connection.done("get_memory", {"id": saved[0]})["user_input"] == "the sky is blue"
        assert connection.done("search_memories", {"query": "sky"})["hits"]
        connection.done("manage_session", {"action": "create", "session_id": "s", "name": "S"})
        assert connection.done("manage_session", {"action": "list"})["sessions"]
        assert connection.done("get_status")["mode"] == "ready"

    def save(client: int):
        with server.connect() as connection:
            for turn in range(20):
                text = f"client {client} turn {turn}"
                id = connection.done("save_memory", {"user_input": text})["id"]
                assert connection.done("get_memory", {"id": id})["user_input"] == text

    with ThreadPoolExecutor(16) as crowd:
        list(crowd.map(save, range(16)))
    assert backends(pooled) <= SERVERS
    assert int(psql(pooled.uri.replace("/postgres?", "/sage?"), "SELECT count(*) FROM memories")) == 1 + 16 * 20


def test_many_may_migrate_through_it(start, pooled, bouncer):
    """Each transaction may have another session there, so no lock may outlast its transaction."""
    psql(pooled.uri, "CREATE DATABASE fresh")
    url = bouncer(ignore_startup_parameters="options").url("fresh")
    with ThreadPoolExecutor(4) as crowd:
        for _ in range(3):
            done = list(crowd.map(lambda _: run_command("migrate", DATABASE_URL=url), range(4)))
            assert [(each.returncode, each.stdout) for each in done if each.returncode != 0] == []
    fresh = pooled.uri.replace("/postgres?", "/fresh?")
    assert int(psql(fresh, "SELECT count(*) FROM sage_migrations")) == len(list((ROOT / "migrations").glob("*.sql")))
    assert psql(fresh, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"
    start(DATABASE_URL=url, **SETTINGS).wait_ready()


def test_lost_servers_are_survived(start, pooled, bouncer):
    first = bouncer(ignore_startup_parameters="options")
    server = start(DATABASE_URL=first.url("sage"), **SETTINGS).wait_ready()
    with server.connect() as connection:
        connection.done("get_status")
        psql(pooled.uri, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'sage'")

        def saved():
            return not connection.tool("save_memory", {"user_input": "hello"}).get("isError")

        wait_for("saves work again", saved, 10)


def test_a_pooler_that_refuses_our_settings(start, bouncer):
    server = start(DATABASE_URL=bouncer().url("sage"), **SETTINGS)
    told = wait_for("it is told", lambda: [line for line in server.log() if line["level"] == "warn"])
    assert "options" in told[0]["state"] and "ignore_startup_parameters = options" in told[0]["state"]
