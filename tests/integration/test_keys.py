"""API keys: who may speak, and what each key sees."""

import socket

import pytest
from sage import bearer, make_key, run_command, wait_for

# 127.0.0.1, spelled so that the server does not take it for a loopback address: what a test
# starts must not be reachable from outside.
UNRECOGNIZED_LOOPBACK = "2130706433"


@pytest.fixture
def keyed(start, database):
    """A server, its database, and two keys of different namespaces."""
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    keys = make_key(database, "ann", "red"), make_key(database, "bob", "blue")
    return start(DATABASE_URL=database).wait_ready(), database, keys


@pytest.mark.parametrize("headers", [{}, bearer("sage_wrong"), bearer(""), {"Authorization": "Basic YTpi"},
    bearer("x" * 4000)], ids=["none", "wrong", "empty", "basic", "long"])
def test_without_a_valid_key_401(keyed, headers):
    server, _, _ = keyed
    with server.connect() as connection:
        answer = connection.rpc("tools/list", headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.error["message"]
        assert connection.get("/healthz").status == 200


def test_each_key_sees_its_own_namespace(keyed):
    server, _, (ann, bob) = keyed
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "zebra"}, headers=bearer(ann))
        assert connection.done("search_memories", {"query": "zebra"}, headers=bearer(ann))["hits"]
        assert not connection.done("search_memories", {"query": "zebra"}, headers=bearer(bob))["hits"]
        assert connection.tool("get_memory", {"id": saved["id"]}, headers=bearer(bob))["isError"]
        status = connection.done("get_status", headers=bearer(bob))
        assert (status["namespace"], status["agent"], status["memories"]) == ("blue", "bob", 0)


def test_revoked_key_ends(keyed):
    server, database, (ann, bob) = keyed
    listed = run_command("key", "list", DATABASE_URL=database).stdout
    assert ann not in listed and bob not in listed
    hint = next(line.split()[1] for line in listed.splitlines() if " ann " in line)
    with server.connect() as connection:
        assert connection.rpc("tools/list", headers=bearer(ann)).status == 200
        assert run_command("key", "revoke", hint, DATABASE_URL=database).returncode == 0
        wait_for("the key ends", lambda: connection.rpc("tools/list", headers=bearer(ann)).status == 401)
        assert connection.rpc("tools/list", headers=bearer(bob)).status == 200


def test_first_key_closes_the_open_server(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        assert connection.rpc("tools/list").status == 200
        make_key(database, "ann", "red")
        wait_for("a key is asked for", lambda: connection.rpc("tools/list").status == 401)


def test_auth_required_asks_for_a_key_from_the_start(start, database):
    server = start(DATABASE_URL=database, AUTH="required").wait_ready()
    with server.connect() as connection:
        assert connection.rpc("tools/list").status == 401


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_public_address_opens_with_the_first_key(start, database):
    public = f"{UNRECOGNIZED_LOOPBACK}:{free_port()}"
    server = start(DATABASE_URL=database, LISTEN=public).wait_ready()
    assert [line["address"] for line in server.logged("listening")] == [server.address]
    with server.connect() as connection:
        assert connection.rpc("tools/list").status == 200
        key = make_key(database, "ann", "red")
        wait_for("the public address", lambda: [line["address"] for line in server.logged("listening")][1:] == [public])
        # The connection made before is still served, and asks for the key now.
        wait_for("a key is asked for", lambda: connection.rpc("tools/list").status == 401)
    with server.connect() as connection:
        assert connection.rpc("tools/list", headers=bearer(key)).status == 200
