"""docker-compose-db.yml: a developer's database, from nothing to the first memory."""

import os
import socket

import pytest
from containers import Stack
from sage import Server, run_command

from nginx import free_port


@pytest.fixture(scope="module")
def stack(engine, tmp_path_factory):
    engine.images("pgvector/pgvector:pg15")
    made = Stack(engine, "docker-compose-db.yml", DB_PORT=str(free_port()))
    made.up()
    yield made.wait_healthy("sage-db")
    made.remove()


def settings(stack: Stack, password: str = "sage123") -> dict:
    return {"DB_PORT": stack.settings["DB_PORT"], "DB_HOST": "127.0.0.1", "DB_PASSWORD": password}


def test_is_what_the_guide_says(stack):
    said = stack.engine.inspect("sage-db")
    assert said["Config"]["Image"] == "pgvector/pgvector:pg15"
    assert stack.psql("SELECT current_user, current_database()") == "sage|sage_memory"
    assert stack.psql("SELECT extname FROM pg_extension WHERE extname = 'vector'") == "vector"
    assert {mount["Name"] for mount in said["Mounts"] if mount["Type"] == "volume"} == {f"{stack.project}_sage-db-data"}


def test_is_published_on_loopback_only(stack):
    bindings = stack.engine.inspect("sage-db")["HostConfig"]["PortBindings"]
    assert bindings == {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": stack.settings["DB_PORT"]}]}


def test_its_tables_are_those_of_the_binary(stack):
    """The init scripts are the migrations: the binary's own run changes nothing and then knows them."""
    tables = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' " \
        "AND table_name <> 'sage_migrations' ORDER BY 1, ordinal_position"
    before = stack.psql(tables)
    done = run_command("migrate", **settings(stack))
    assert done.returncode == 0, done.stderr
    assert stack.psql(tables) == before
    assert "memories|embedding" in before


def test_memories_survive_a_restart_of_the_database(stack, tmp_path):
    server = Server(tmp_path, **settings(stack)).wait_ready()
    with server.connect() as c:
        saved = c.done("save_memory", {"user_input": "kept in a volume"})
    stack.compose("restart")
    stack.wait_healthy("sage-db")
    server.wait_ready()
    with server.connect() as c:
        assert c.done("get_memory", {"id": saved["id"]})["user_input"] == "kept in a volume"
    server.stop()


def test_wrong_password_is_one_clear_line(stack):
    done = run_command("migrate", **settings(stack, "wrong"))
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr and len(done.stderr.splitlines()) <= 2, done.stderr


@pytest.mark.parametrize("how", ["environment", "file"])
def test_another_password(engine, tmp_path, how):
    (tmp_path / "password").write_text("another one\n")
    given = {"POSTGRES_PASSWORD": "another one"} if how == "environment" else \
        {"POSTGRES_PASSWORD_FILE": str(tmp_path / "password")}
    os.chmod(tmp_path, 0o755)
    stack = Stack(engine, "docker-compose-db.yml", DB_PORT=str(free_port()), **given)
    engine.docker("rm", "-f", "sage-db", check=False)  # a fixed name: one at a time
    try:
        stack.up()
        stack.wait_healthy("sage-db")
        assert run_command("migrate", **settings(stack, "another one")).returncode == 0
        assert run_command("migrate", **settings(stack)).returncode != 0
    finally:
        stack.remove()


def test_occupied_port_is_one_clear_line(engine):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        stack = Stack(engine, "docker-compose-db.yml", DB_PORT=port)
        engine.docker("rm", "-f", "sage-db", check=False)
        try:
            done = engine.run(engine.compose_program, "-f", "docker-compose-db.yml", "up", "-d", check=False, **stack.settings)
            assert done.returncode != 0
            assert port in done.stderr and "in use" in done.stderr
        finally:
            stack.remove()
