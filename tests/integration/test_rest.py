"""The tools for curl: plain JSON in and out, and what OpenAPI says about it."""

import json

import pytest
from sage import bearer, make_key, once

JSON = {"Content-Type": "application/json"}


def run(connection, tool: str, arguments=None, headers: dict | None = None):
    body = b"" if arguments is None else json.dumps(arguments).encode()
    return connection.send("POST", f"/v1/tools/{tool}", body, JSON | (headers or {}))


def test_saves_and_finds(connection):
    word = once("heron")
    saved = run(connection, "save_memory", {"user_input": word})
    assert (saved.status, saved.json["state"]) == (200, "stored")
    assert [hit["id"] for hit in connection.get(f"/v1/search?q={word.replace(' ', '+')}&limit=1").json["hits"]] == [
        saved.json["id"]]
    assert run(connection, "get_memory", {"id": saved.json["id"]}).json["user_input"] == word


def test_people_get_text(connection):
    answer = run(connection, "save_memory", {"user_input": once()}, {"Accept": "text/plain"})
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.body.startswith(b"Saved as memory ")


def test_a_tool_without_arguments_needs_no_body(connection):
    assert run(connection, "get_status").json["version"]


REFUSED = {
    "unknown tool": ("fly", {}, 404, "fly"),
    "no such memory": ("get_memory", {"id": "00000000-0000-4000-8000-000000000000"}, 404, "no memory"),
    "bad argument": ("search_memories", {"query": "x", "limit": 0}, 400, "limit"),
    "unknown argument": ("search_memories", {"query": "x", "limits": 1}, 400, "limits"),
    "array": ("search_memories", [], 400, "object"),
    "NUL": ("search_memories", {"query": "a\0b"}, 400, "U+0000"),
}


@pytest.mark.parametrize("tool, arguments, status, named", REFUSED.values(), ids=REFUSED)
def test_refusals_are_json_with_a_status(connection, tool, arguments, status, named):
    answer = run(connection, tool, arguments)
    assert answer.status == status == answer.json["error"]["code"]
    assert named in answer.json["error"]["message"]


@pytest.mark.parametrize("query, named", [("", "query"), ("?q=x&limit=many", "limit"), ("?q=x&what=1", "what"),
    ("?q=%zz", "percent"), ("?q=%00", "percent"), ("?q=%ff", "UTF-8"), ("?q", "NAME=VALUE")])
def test_bad_queries_are_refused(connection, query, named):
    answer = connection.get("/v1/search" + query)
    assert answer.status == 400
    assert named in answer.json["error"]["message"]


def test_broken_json_is_refused(connection):
    assert connection.send("POST", "/v1/tools/save_memory", b'{"user_input":', JSON).status == 400


def test_keys_are_needed_here_too(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    key = make_key(database, "ann", "red")
    with server.connect() as connection:
        assert run(connection, "get_status").status == 401
        assert run(connection, "get_status", headers=bearer(key)).json["namespace"] == "red"


def test_an_absent_database_is_503(start):
    server = start(DATABASE_URL="postgresql://nobody@/nowhere?host=/nonexistent")
    with server.connect() as connection:
        answer = run(connection, "save_memory", {"user_input": "x"})
        assert answer.status == 503
        assert "database" in answer.json["error"]["message"]


def test_openapi_describes_every_tool(connection):
    paths = connection.get("/openapi.json").json["paths"]
    tools = connection.rpc("tools/list").result["tools"]
    assert {f"/v1/tools/{tool['name']}" for tool in tools} <= set(paths)
    assert "/v1/search" in paths


# --- how many tools a model is shown -----------------------------------------------

CORE_TOKENS = 2500  # counted as bytes / 4


def listed(connection, query: str) -> list[dict]:
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    return connection.send("POST", f"/mcp{query}", body, JSON | {"Accept": "application/json"}).result["tools"]


def test_profiles_show_more_and_more_tools(connection):
    core, full, admin = (listed(connection, f"?tools={name}") for name in ("core", "full", "admin"))
    assert listed(connection, "") == core
    names = [[tool["name"] for tool in tools] for tools in (core, full, admin)]
    assert set(names[0]) <= set(names[1]) < set(names[2])
    assert "reset_circuit_breaker" in names[2]


def test_the_core_list_is_small(connection):
    assert len(json.dumps(listed(connection, "?tools=core"), separators=(",", ":")).encode()) / 4 < CORE_TOKENS
