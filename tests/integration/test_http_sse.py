"""HTTP with SSE, the transport of 2024-11-05: a stream for all answers, and an address to POST to."""

import json
import signal

import pytest
from http_sse import Client
from locks import Lock
from sage import LEGACY, FixtureServer, bearer, make_key, once, psql, run_command, wait_for


@pytest.fixture
def old(start, database, door):
    return door(start(DATABASE_URL=database, HTTP_SSE="true").wait_ready())


def save(text: str, id="save") -> dict:
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": "save_memory", "arguments": {"user_input": text}}}


# --- off -------------------------------------------------------------------------


def test_off_by_default(front):
    with front.connect() as connection:
        for method, path in (("GET", "/sse"), ("POST", "/sse"), ("POST", "/messages"),
                ("POST", "/messages?sessionId=x"), ("GET", "/messages")):
            answer = connection.send(method, path, b"{}" if method == "POST" else None)
            assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
            assert answer.json["error"]


# --- a conversation --------------------------------------------------------------


def test_conversation(old):
    with Client(old) as client:
        client.begin()
        assert client.ask("ping", id=0)["result"] == {}
        assert "save_memory" in [tool["name"] for tool in client.ask("tools/list", id="水")["result"]["tools"]]
        client.send(save("by an old client", id=2**53 - 1))
        saved = client.read(2**53 - 1)["result"]["structuredContent"]
        found = client.ask("tools/call", {"name": "get_memory", "arguments": {"id": saved["id"]}})["result"]
        assert found["structuredContent"]["user_input"] == "by an old client"
        assert "resultType" not in found
        assert client.ask("prompts/list")["result"]["prompts"]
        assert client.ask("resources/read", {"uri": "sage://nothing"})["error"]["code"] == -32002
        assert client.ask("no/such")["error"]["code"] == -32601
        assert client.ask("tools/call", {"name": "no_such_tool"})["error"]["code"] == -32602


def test_progress_and_questions(database, tmp_path, door):
    server = FixtureServer(tmp_path, DATABASE_URL=database, HTTP_SSE="true")
    try:
        with Client(door(server.wait_ready())) as client:
            client.begin(sampling={})
            client.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
                "name": "test_tool_with_progress", "_meta": {"progressToken": "p"}}})
            told = [client.stream.next().json["params"]["progress"] for _ in range(3)]
            assert told == [0, 50, 100]
            assert "result" in client.read(1)
            client.send({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
                "name": "test_sampling", "arguments": {"prompt": "hello"}}})
            question = client.stream.next().json
            assert question.get("method") == "sampling/createMessage", question
            client.send({"jsonrpc": "2.0", "id": question["id"], "result": {"role": "assistant", "model": "m",
                "content": {"type": "text", "text": "right"}}})
            assert "right" in json.dumps(client.read(2)["result"])
    finally:
        server.stop()


def test_cancelled_call_is_stopped(old, database):
    with Lock(database) as lock, Client(old) as client:
        client.begin()
        client.send(save("unwanted", id=7))
        lock.wait_for_waiters(1)
        client.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}})
        lock.wait_for_waiters(0, 5)
        assert client.ask("ping")["result"] == {}, "without an answer before"
    assert psql(database, "SELECT count(*) FROM memories") == "0"


def test_subscribed_changes_arrive_on_the_stream(old):
    with Client(old) as client:
        client.begin()
        assert client.ask("resources/subscribe", {"uri": "sage://session/team"})["result"] == {}
        with old.connect() as connection:
            connection.done("save_memory", {"user_input": once(), "session_id": "team"})
        told = client.stream.next(5).json
        assert (told["method"], told["params"]) == ("notifications/resources/updated", {"uri": "sage://session/team"})


def test_stream_headers(old):
    with Client(old) as client:
        assert "no-cache" in client.stream.headers["Cache-Control"]
        assert client.stream.headers["MCP-Session-Id"] is None


def test_bad_messages_are_answered_on_the_stream(old):
    with Client(old) as client:
        for body, code in ((b"{", -32700), (b'"x"', -32600), (b"[]", -32600),
                (b'{"jsonrpc":"1.0","id":null,"method":"ping"}', -32600)):
            answer = client.post(body)
            assert answer.status in (202, 400)
            message = client.stream.next().json if answer.status == 202 else answer.json
            assert (message["id"], message["error"]["code"]) == (None, code)
        assert client.ask("ping")["result"] == {}


def test_answers_go_to_their_own_stream(old):
    with Client(old) as one, Client(old) as two:
        assert one.endpoint != two.endpoint
        for number in range(10):
            for client in (one, two):
                client.send(save("x", id=f"{client.endpoint} {number}"))
        for client in (one, two):
            got = sorted(client.stream.next().json["id"] for _ in range(10))
            assert got == sorted(f"{client.endpoint} {number}" for number in range(10))


def test_streamable_http_is_served_beside_it(old):
    with Client(old) as client, old.connect() as connection:
        client.begin()
        assert connection.rpc("tools/list").result["tools"]
        assert connection.send("GET", "/mcp", headers={"Accept": "text/event-stream"}).status == 405
        id = client.endpoint.partition("=")[2]
        answer = connection.rpc("ping", headers={"MCP-Session-Id": id, "MCP-Protocol-Version": LEGACY})
        assert answer.status in (200, 404)
        assert client.ask("ping")["result"] == {}


# --- whose stream ----------------------------------------------------------------


def test_wrong_session_ids_are_unknown(old):
    with Client(old) as client:
        path, _, id = client.endpoint.partition("=")
        ping = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
        for endpoint in ("/messages", f"{path}=", f"{path}={id[:-1]}", f"{path}={id}A", f"{path}=x&{id}",
                f"/messages?other={id}", f"{path}={'x' * 4000}", f"/messages?xsessionId={id}"):
            answer = client.post(ping, endpoint=endpoint)
            assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json"), endpoint
            assert answer.error["message"]
        assert client.post(ping, endpoint=f"/messages?more=1&sessionId={id}&most=2").status == 202
        assert client.read(1)["result"] == {}


def test_closed_stream_is_unknown(old):
    with Client(old) as client:
        client.begin()
    ping = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    wait_for("the stream is forgotten", lambda: client.post(ping).status == 404)


def test_stream_belongs_to_its_process(old, start, database, door):
    other = door(start(DATABASE_URL=database, HTTP_SSE="true").wait_ready())
    with Client(old) as client:
        assert client.post(b'{"jsonrpc":"2.0","id":1,"method":"ping"}', server=other).status == 404


def test_stream_belongs_to_its_principal(start, database, door):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    ann, bob, eve = (bearer(make_key(database, *who)) for who in (("ann", "red"), ("bob", "red"), ("ann", "blue")))
    server = door(start(DATABASE_URL=database, HTTP_SSE="true").wait_ready())
    with server.connect() as connection:
        assert connection.get("/sse").status == 401
    with Client(server, ann) as client:
        client.begin()
        body = json.dumps(save("not yours")).encode()
        for headers, status in ((bob, 404), (eve, 404), ({}, 401), (bearer("sage_wrong"), 401)):
            assert client.post(body, headers=headers).status == status
        assert client.ask("tools/call", {"name": "get_status", "arguments": {}})[
            "result"]["structuredContent"]["memories"] == 0


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}], ids=str)
def test_foreign_pages_are_refused(start, database, headers):
    server = start(DATABASE_URL=database, HTTP_SSE="true").wait_ready()
    with server.connect() as connection:
        assert connection.send("GET", "/sse", headers=headers).status == 403
        assert connection.send("POST", "/messages?sessionId=x", b"{}", headers).status == 403


# --- the end ---------------------------------------------------------------------


def test_drain_ends_the_stream(old):
    with Client(old) as client:
        client.begin()
        old.signal(signal.SIGTERM)
        assert client.stream.next() is None
        old.wait_stopped(10)


def test_call_of_a_client_that_left_is_completed(old, database):
    with Lock(database) as lock:
        with Client(old) as client:
            client.begin()
            client.send(save("left behind"))
            lock.wait_for_waiters(1)
        lock.stay_waiting(1)
    wait_for("it is saved", lambda: psql(database, "SELECT count(*) FROM memories") == "1")
