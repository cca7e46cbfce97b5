"""Calls that are answered by a stream: what is on it, and how a client that lost it goes on."""

import json

import pytest
from sage import LEGACY, MODERN, FixtureServer, rpc_message
from sessions import VERSIONS, Session, initialize, initialize_message
from streams import Event, EventStream

PROGRESS = {"_meta": {"progressToken": "p"}}
RESUMABLE = [version for version in VERSIONS if version != "2024-11-05"]


@pytest.fixture
def busy(database, tmp_path, door):
    """A server with tools that take their time."""
    directory = tmp_path / "server"
    directory.mkdir()
    server = FixtureServer(directory, DATABASE_URL=database)
    yield door(server.wait_ready())
    server.stop()


def rest(stream: EventStream) -> list[Event]:
    return list(iter(stream.next, None))


def work(session: Session, server, id=1) -> EventStream:
    """A call that reports its progress three times."""
    stream = session.call_streamed(server, "test_tool_with_progress", id=id, **PROGRESS)
    assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
    assert "no-cache" in stream.headers["Cache-Control"]
    return stream


def check_work(events: list[Event], id=1):
    """Messages of such a call, all or the last of them."""
    *reports, answer = [event.json for event in events]
    assert all(report["method"] == "notifications/progress" for report in reports)
    assert [report["params"]["progress"] for report in reports] == [0, 50, 100][3 - len(reports):]
    assert (answer["id"], "result" in answer) == (id, True)


@pytest.mark.parametrize("version", VERSIONS)
def test_progress_and_answer(busy, version):
    session = initialize(busy, version)
    with work(session, busy) as stream:
        events = rest(stream)
    if version == LEGACY:
        first = events.pop(0)
        assert first.id and first.retry > 0 and first.data == ""
    assert len(events) == 4
    check_work(events)
    ids = [event.id for event in events]
    assert len(set(ids)) == 4 if version in RESUMABLE else ids == [None] * 4


def test_modern_streams_have_no_ids(busy):
    body, headers = rpc_message("tools/call", {"name": "test_tool_with_progress"} | PROGRESS, era=MODERN)
    with EventStream(busy, body=body, headers=headers) as stream:
        events = rest(stream)
    check_work(events)
    assert [(event.id, event.retry) for event in events] == [(None, None)] * 4
    assert events[-1].json["result"]["resultType"] == "complete"


@pytest.mark.parametrize("version", RESUMABLE)
def test_finished_call_is_repeated_from_each_event(busy, version):
    session = initialize(busy, version)
    with work(session, busy) as stream:
        events = rest(stream)
    for known in range(len(events) - 1):
        with session.open(busy, events[known].id) as stream:
            assert [(event.id, event.data) for event in rest(stream)] == \
                [(event.id, event.data) for event in events[known + 1:]]
    with session.open(busy, events[-1].id) as stream:
        assert rest(stream) == []


@pytest.mark.parametrize("version", RESUMABLE)
def test_client_that_lost_its_call_gets_the_rest(busy, version):
    session = initialize(busy, version)
    with work(session, busy) as stream:
        last = stream.next()
    with session.open(busy, last.id) as stream:
        events = rest(stream)
    assert len(events) == (4 if version == LEGACY else 3)
    check_work(events)


def test_streams_of_one_session_are_not_mixed(busy):
    session = initialize(busy)
    with session.open(busy) as own, work(session, busy, id="a") as a, work(session, busy, id="b") as b:
        of_get = own.next()
        of_a, of_b = rest(a), rest(b)
        for events, id in ((of_a, "a"), (of_b, "b")):
            check_work(events[1:], id)
            with session.open(busy, events[0].id) as stream:
                check_work(rest(stream), id)
        ids = [event.id for event in (of_get, *of_a, *of_b)]
        assert len(set(ids)) == len(ids)


def test_other_sessions_cannot_resume(busy):
    session, other = initialize(busy), initialize(busy)
    with work(session, busy) as stream:
        events = rest(stream)
    with other.open(busy, events[0].id) as stream:
        first = stream.next()
        assert first.data == "" and first.id not in [event.id for event in events]
        assert stream.silent_for(0.5)


def test_server_hangs_up_and_answers_who_comes_back(busy):
    session = initialize(busy)
    with session.call_streamed(busy, "test_reconnection") as stream:
        events = rest(stream)
    assert [event.data for event in events] == [""]
    assert events[0].retry > 0
    with session.open(busy, events[0].id) as stream:
        answer = stream.next().json
        assert (answer["id"], answer["result"]["content"][0]["type"]) == (1, "text")
        assert stream.next() is None


# --- questions -------------------------------------------------------------------


def capable(server, version: str) -> Session:
    message = initialize_message(version)
    message["params"]["capabilities"] = {"elicitation": {}, "sampling": {}, "roots": {}}
    with server.connect() as connection:
        answer = connection.post(json.dumps(message).encode())
    return Session(answer.headers["MCP-Session-Id"], version)


@pytest.mark.parametrize("version", RESUMABLE)
def test_only_the_session_that_was_asked_can_answer(busy, version):
    session, other = capable(busy, version), capable(busy, version)
    with session.call_streamed(busy, "test_sampling", {"prompt": "hello"}) as stream:
        event = stream.next()
        if event.data == "":
            event = stream.next()
        question = event.json
        assert question["method"] == "sampling/createMessage"
        reply = {"jsonrpc": "2.0", "id": question["id"], "result": {"role": "assistant", "model": "m",
            "content": {"type": "text", "text": "right"}}}
        for who in (other, Session("forged")):
            assert who.post(busy, reply).status in (400, 404)
        with busy.connect() as connection:
            assert connection.post(json.dumps(reply).encode()).status == 400
        assert session.post(busy, reply | {"id": "made up"}).status == 400
        taken = session.post(busy, reply)
        assert (taken.status, taken.body) == (202, b"")
        answer = stream.next().json
        assert answer["id"] == 1 and "right" in json.dumps(answer["result"])
        assert stream.next() is None
    assert session.post(busy, reply).status == 400, "answered already"


def test_nobody_is_asked_who_cannot_answer(busy):
    session = initialize(busy)
    answer = session.rpc(busy, "tools/call", {"name": "test_sampling", "arguments": {"prompt": "x"}})
    assert answer.refusal and "sampling" in answer.refusal
