"""Resources, prompts and completion, in both eras."""

import json

import pytest
from sage import LEGACY, MODERN

NOT_FOUND = {LEGACY: -32002, MODERN: -32602}


@pytest.fixture
def own(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        yield connection


def read(connection, uri: str, **how) -> dict:
    answer = connection.rpc("resources/read", {"uri": uri}, **how)
    [content] = answer.result["contents"]
    assert (content["uri"], content["mimeType"]) == (uri, "application/json")
    return json.loads(content["text"])


def test_list_pages_through_every_session_once(own):
    for i in range(120):
        own.done("manage_session", {"action": "create", "session_id": f"s {i}/ä"})
    uris, params, pages = [], {}, 0
    while True:
        result = own.rpc("resources/list", params).result
        uris += [resource["uri"] for resource in result["resources"]]
        pages += 1
        if "nextCursor" not in result:
            break
        params = {"cursor": result["nextCursor"]}
    assert pages == 3
    assert len(uris) == len(set(uris)) == 120 + 2 + 1, "sessions, fixed resources, the default session"
    assert "sage://session/s%207%2F%C3%A4" in uris
    assert read(own, "sage://session/s%207%2F%C3%A4")["session_id"] == "s 7/ä"


@pytest.mark.parametrize("cursor", ["", "x", "MTIzNA", "🐘", "a" * 5000])
def test_foreign_cursor_is_refused(own, cursor):
    error = own.rpc("resources/list", {"cursor": cursor}).error
    assert error["code"] == -32602
    assert "cursor" in error["message"]


def test_templates_name_what_can_be_read(connection):
    templates = connection.rpc("resources/templates/list").result["resourceTemplates"]
    assert {t["uriTemplate"] for t in templates} == {"sage://memory/{id}", "sage://session/{session_id}",
        "sage://feed/{namespace}"}


@pytest.mark.parametrize("era", [LEGACY, MODERN])
def test_reads_what_was_saved(own, era):
    saved = own.done("save_memory", {"user_input": "水豚 🦫", "session_id": "zoo"})
    memory = read(own, f"sage://memory/{saved['id']}", era=era)
    assert memory["user_input"] == "水豚 🦫"
    session = read(own, "sage://session/zoo", era=era)
    assert [m["id"] for m in session["latest"]] == [saved["id"]]
    assert [m["id"] for m in read(own, "sage://feed/default", era=era)["latest"]] == [saved["id"]]
    assert "zoo" in [s["session_id"] for s in read(own, "sage://sessions/list", era=era)["sessions"]]
    assert read(own, "sage://system/status", era=era)["memories"] == 1


@pytest.mark.parametrize("era", [LEGACY, MODERN])
@pytest.mark.parametrize("uri", ["sage://memory/4a3af271-1e12-4a13-bdec-694d29f2a247", "sage://memory/x",
    "sage://session/none", "sage://feed/other", "sage://feed/", "sage://nothing", "http://example.com/",
    "sage://session/%zz", "sage://session/" + "a" * 3000])
def test_missing_resource(connection, era, uri):
    error = connection.rpc("resources/read", {"uri": uri}, era=era).error
    assert error["code"] == NOT_FOUND[era], error
    assert error["data"]["uri"] == uri


def test_caching_hints_only_in_the_modern_era(own):
    for method, params, scope in [("resources/list", {}, "private"), ("resources/templates/list", {}, "public"),
            ("tools/list", {}, "public"), ("prompts/list", {}, "public"),
            ("resources/read", {"uri": "sage://system/status"}, "private"), ("server/discover", {}, "public")]:
        modern = own.rpc(method, params, era=MODERN).result
        assert modern["resultType"] == "complete"
        assert modern["cacheScope"] == scope and modern["ttlMs"] >= 0, method
        if method != "server/discover":
            legacy = own.rpc(method, params).result
            assert not legacy.keys() & {"resultType", "cacheScope", "ttlMs", "_meta"}, method


# --- prompts --------------------------------------------------------------------


def prompt_text(connection, name: str, arguments: dict, **how) -> str:
    [message] = connection.rpc("prompts/get", {"name": name, "arguments": arguments}, **how).result["messages"]
    assert message["role"] == "user"
    return message["content"]["text"]


@pytest.mark.parametrize("era", [LEGACY, MODERN])
def test_prompts_carry_what_is_remembered(own, era):
    own.done("save_memory", {"user_input": "The gateway listens on port 9443.", "session_id": "net"})
    text = prompt_text(own, "auto_context_injection", {"user_input": "Which port has the gateway?"}, era=era)
    assert "9443" in text and "Which port has the gateway?" in text
    assert "9443" in prompt_text(own, "smart_suggestion", {"topic": "gateway"}, era=era)
    assert "9443" in prompt_text(own, "memory_summary", {"session_id": "net", "limit": "5"}, era=era)
    assert "no memories" in prompt_text(own, "memory_summary", {"session_id": "empty"}, era=era)


@pytest.mark.parametrize(("params", "named"), [
    ({}, "name"), ({"name": "none"}, "none"), ({"name": "smart_suggestion"}, "topic"),
    ({"name": "smart_suggestion", "arguments": {"topic": 1}}, "topic"),
    ({"name": "memory_summary", "arguments": {"limit": "many"}}, "limit"),
    ({"name": "memory_summary", "arguments": {"limit": "99999999999999999999"}}, "limit"),
    ({"name": "memory_summary", "arguments": {"color": "red"}}, "color"),
])
def test_bad_prompt_requests(connection, params, named):
    error = connection.rpc("prompts/get", params).error
    assert error["code"] == -32602
    assert named in error["message"]


def complete(connection, ref: dict, name: str, value: str) -> dict:
    return connection.rpc("completion/complete",
        {"ref": ref, "argument": {"name": name, "value": value}}).result["completion"]


def test_completion_of_session_ids(own):
    for i in range(130):
        own.done("manage_session", {"action": "create", "session_id": f"proj-{i:03}"})
    own.done("manage_session", {"action": "create", "session_id": "100%_sure"})
    prompt = {"type": "ref/prompt", "name": "memory_summary"}
    template = {"type": "ref/resource", "uri": "sage://session/{session_id}"}
    for ref in prompt, template:
        got = complete(own, ref, "session_id", "proj-")
        assert (len(got["values"]), got["total"], got["hasMore"]) == (100, 130, True)
        assert complete(own, ref, "session_id", "proj-01")["total"] == 10
        assert complete(own, ref, "session_id", "100%_")["values"] == ["100%_sure"]
        assert complete(own, ref, "session_id", "%")["values"] == []
    assert complete(own, prompt, "limit", "1")["values"] == []


@pytest.mark.parametrize("params", [{}, {"ref": {"type": "ref/prompt", "name": "none"},
    "argument": {"name": "a", "value": ""}}, {"ref": "x", "argument": {"name": "a", "value": ""}},
    {"ref": {"type": "ref/prompt", "name": "memory_summary"}, "argument": {"name": "limit", "value": 1}}])
def test_bad_completion_requests(connection, params):
    assert connection.rpc("completion/complete", params).error["code"] == -32602
