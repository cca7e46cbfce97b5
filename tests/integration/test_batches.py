"""Batches: several messages in one POST, which only revision 2025-03-26 has."""

import json

import pytest
from sage import LEGACY, MODERN, bearer, make_key, rpc_message, run_command
from sessions import VERSIONS, Session, initialize, initialize_message

BATCHES = "2025-03-26"
MAX_BATCH = 64


def request(method: str, id, params: dict | None = None) -> dict:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}


def tool(name: str, id, **arguments) -> dict:
    return request("tools/call", id, {"name": name, "arguments": arguments})


def notification(method: str = "notifications/initialized") -> dict:
    return {"jsonrpc": "2.0", "method": method}


def modern(method: str, id) -> dict:
    return json.loads(rpc_message(method, era=MODERN, id=id)[0])


def send(server, messages, headers: dict | None = None):
    with server.connect() as connection:
        return connection.post(json.dumps(messages).encode(), headers)


def by_id(answer) -> dict:
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json"), answer.body
    assert all(message["jsonrpc"] == "2.0" for message in answer.json)
    ids = [message["id"] for message in answer.json]
    assert len(set(ids)) == len(ids)
    return {message["id"]: message for message in answer.json}


# How a client says that it speaks the revision with batches.
SPOKEN = {"no header": {}, "header": {"MCP-Protocol-Version": BATCHES}, "session": None}


@pytest.fixture(params=SPOKEN)
def spoken(request, front):
    """Headers of one who may send batches."""
    headers = SPOKEN[request.param]
    return initialize(front, BATCHES).headers if headers is None else headers


# --- answered --------------------------------------------------------------------


def test_each_request_is_answered_by_its_id(front, spoken):
    answers = by_id(send(front, [
        request("tools/list", 1), notification(), request("ping", "1"), tool("get_status", "水"),
        notification("notifications/unheard-of"), request("ping", 0), request("no/such", -7),
        request("tools/call", 2**53 - 1, {"name": "no_such_tool"}),
        request("tools/call", "", {"name": "get_memory", "arguments": {"id": "x"}}),
    ], spoken))
    assert set(answers) == {1, "1", "水", 0, -7, 2**53 - 1, ""}
    assert answers[1]["result"]["tools"]
    assert answers["1"]["result"] == answers[0]["result"] == {}
    assert answers["水"]["result"]["structuredContent"]
    assert answers[-7]["error"]["code"] == -32601
    assert answers[2**53 - 1]["error"]["code"] == -32602
    assert answers[""]["result"]["isError"] is True


def test_what_a_batch_saves_is_saved(front, spoken):
    answers = by_id(send(front, [tool("save_memory", n, user_input=f"batch {n}") for n in range(8)], spoken))
    assert set(answers) == set(range(8))
    for number, answer in answers.items():
        id = answer["result"]["structuredContent"]["id"]
        with front.connect() as connection:
            assert connection.done("get_memory", {"id": id})["user_input"] == f"batch {number}"


def test_one_request_is_answered_by_an_array(front, spoken):
    assert by_id(send(front, [request("ping", 5)], spoken)) == {5: {"jsonrpc": "2.0", "id": 5, "result": {}}}


@pytest.mark.parametrize("count", [1, 3, MAX_BATCH])
def test_notifications_alone_are_accepted(front, spoken, count):
    answer = send(front, [notification()] * count, spoken)
    assert (answer.status, answer.body) == (202, b"")


def test_as_many_as_the_limit(front, spoken):
    assert set(by_id(send(front, [request("ping", n) for n in range(MAX_BATCH)], spoken))) == set(range(MAX_BATCH))


def test_initialize_must_not_be_in_a_batch(front):
    answer = send(front, [request("ping", 1), initialize_message(BATCHES, id=2), request("ping", 3)])
    answers = by_id(answer)
    assert answers[2]["error"]["code"] == -32600
    assert answers[1]["result"] == answers[3]["result"] == {}
    assert answer.headers["MCP-Session-Id"] is None


def test_subscriptions_in_a_batch_belong_to_the_session(front):
    session = initialize(front, BATCHES)
    uris = [f"sage://session/{n}" for n in range(4)]
    batch = [request("resources/subscribe", n, {"uri": uri}) for n, uri in enumerate(uris)]
    answers = by_id(send(front, batch, session.headers))
    assert all(answer["result"] == {} for answer in answers.values())
    with session.open(front, "unknown") as stream:
        assert sorted(stream.next().json["params"]["uri"] for _ in uris) == uris


# --- refused ---------------------------------------------------------------------


def refused(answer, code: int = -32600) -> str:
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.error["code"] == code
    assert answer.json.get("id") is None
    return answer.error["message"]


def test_empty(front, spoken):
    refused(send(front, [], spoken))


@pytest.mark.parametrize("message", [request("ping", 1), notification()], ids=["requests", "notifications"])
def test_more_than_the_limit(front, spoken, message):
    assert str(MAX_BATCH) in refused(send(front, [message] * (MAX_BATCH + 1), spoken))


@pytest.mark.parametrize("body", [b"[", b'[{"jsonrpc":"2.0"', b"[1,]", b"[] []", b"[\xff]"])
def test_not_json(front, spoken, body):
    with front.connect() as connection:
        refused(connection.post(body, spoken), -32700)


@pytest.mark.parametrize("messages", [
    [modern("tools/list", 1)],
    [request("ping", 1), modern("tools/list", 2)],
    [modern("server/discover", 1), notification()],
    [notification(), {**notification(), "params": modern("tools/list", 1)["params"]}],
], ids=["alone", "last", "first", "notification"])
def test_modern_messages_are_not_batched(front, spoken, messages):
    refused(send(front, messages, spoken))


@pytest.mark.parametrize("version", [LEGACY, "2025-06-18", "2024-11-05", MODERN, "2099-01-01", "nonsense"])
def test_no_other_revision_has_batches(front, version):
    answer = send(front, [request("ping", 1)], {"MCP-Protocol-Version": version})
    assert answer.status == 400
    assert answer.error["message"]


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != BATCHES])
def test_session_of_another_revision_has_no_batches(front, version):
    session = initialize(front, version)
    for headers in (session.headers, {"MCP-Session-Id": session.id}):
        refused(send(front, [tool("save_memory", 1, user_input="x")], headers))


def test_batch_in_an_unknown_session(front):
    for messages in ([request("ping", 1)], [notification()]):
        assert send(front, messages, {"MCP-Session-Id": "forged"}).status == 404
    session = initialize(front, BATCHES)
    assert session.end(front).status == 204
    assert session.post(front, [request("ping", 1)]).status == 404


def test_batch_without_a_key(start, database, door):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    key = make_key(database, "ann", "red")
    server = door(start(DATABASE_URL=database).wait_ready())
    assert send(server, [request("ping", 1)]).status == 401
    assert by_id(send(server, [request("ping", 1)], bearer(key)))[1]["result"] == {}
    session = initialize(server, BATCHES, headers=bearer(key))
    other = Session(session.id, BATCHES, bearer(make_key(database, "bob", "red")))
    assert other.post(server, [request("ping", 1)]).status == 404
