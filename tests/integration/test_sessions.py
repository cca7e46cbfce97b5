"""Sessions of the older revisions: by whom, where and how long an id is accepted."""

import json
import uuid

import pytest
from sage import LEGACY, MODERN, bearer, create_database, make_key, run_command, wait_for
from sessions import VERSIONS, Session, initialize, initialize_message

MAX_SUBSCRIPTIONS = 1000


def verdicts(server, session: Session) -> list[int]:
    """What POST, GET and DELETE say to a session that is not accepted."""
    return [session.rpc(server, "ping").status, session.get(server).status, session.end(server).status]


# --- beginning -------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_every_older_revision_gets_a_session(front, version):
    first, second = initialize(front, version), initialize(front, version)
    assert first.id != second.id
    assert all(0x21 <= ord(c) <= 0x7E for c in first.id)
    assert first.rpc(front, "ping").result == {}
    assert first.rpc(front, "tools/list").result["tools"]


@pytest.mark.parametrize("asked", [MODERN, "2026-07-29", "1999-01-01", "nonsense", "", "2025-11-25x", "水"])
def test_unknown_revision_is_answered_with_the_latest(front, asked):
    with front.connect() as connection:
        answer = connection.post(json.dumps(initialize_message(asked)).encode())
    assert (answer.status, answer.result["protocolVersion"]) == (200, LEGACY)
    session = Session(answer.headers["MCP-Session-Id"])
    assert session.rpc(front, "ping").result == {}


@pytest.mark.parametrize("asked", [None, 1, [LEGACY], {}])
def test_revision_that_is_no_text_is_refused(front, asked):
    with front.connect() as connection:
        answer = connection.post(json.dumps(initialize_message(asked)).encode())
    assert answer.error["code"] == -32602
    assert "protocolVersion" in answer.error["message"]
    assert answer.headers["MCP-Session-Id"] is None


# --- where it is good ------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_accepted_by_every_process_and_after_a_restart(start, database, door, version):
    one, two = (start(DATABASE_URL=database).wait_ready() for _ in range(2))
    session = initialize(door(one), version)
    assert session.rpc(door(two), "tools/call", {"name": "get_status", "arguments": {}}).result["structuredContent"]
    one.stop()
    two.kill()
    after = door(start(DATABASE_URL=database).wait_ready())
    assert session.rpc(after, "ping").result == {}


def test_unknown_after_the_database_was_made_anew(start, database, cluster_uri, door):
    one = start(DATABASE_URL=database).wait_ready()
    session = initialize(door(one))
    one.stop()
    anew = create_database(cluster_uri, f"test_{uuid.uuid4().hex[:12]}")
    two = door(start(DATABASE_URL=anew, LISTEN=one.address).wait_ready())
    assert verdicts(two, session) == [404, 404, 404]
    assert initialize(two).rpc(two, "ping").result == {}


def test_ready_means_that_sessions_are_known(start, database):
    """Whoever begins right after readyz would go on without a session for as long as it lives."""
    first = start(DATABASE_URL=database).wait_ready()
    ended = initialize(first)
    assert ended.end(first).status == 204
    hello = json.dumps(initialize_message(LEGACY)).encode()
    for _ in range(20):
        with start(DATABASE_URL=database).connect() as connection:
            while connection.get("/readyz").status != 200:
                pass
            assert connection.rpc("ping", headers=ended.headers).status == 404
            assert connection.post(hello).headers["MCP-Session-Id"]


def altered(id: str) -> dict[str, str]:
    def other(c: str) -> str:
        return "A" if c != "A" else "B"

    middle = len(id) // 2
    return {
        "first character": other(id[0]) + id[1:],
        "middle character": id[:middle] + other(id[middle]) + id[middle + 1:],
        "last character": id[:-1] + other(id[-1]),
        "longer": id + "A",
        "shorter": id[:-1],
        "padded": id + "==",
        "twice": id + id,
        "made up": "x" * len(id),
        "a number": "1",
        "UUID": str(uuid.UUID(int=0)),
        "long": "x" * 4000,
        "not base64": "!" * len(id),
        "quoted": f'"{id}"',
        "empty": "",
    }


@pytest.mark.parametrize("how", altered("ab"))
def test_forged_and_altered_ids_are_unknown(front, how):
    session = initialize(front)
    assert verdicts(front, Session(altered(session.id)[how])) == [404, 404, 404]
    answer = Session(altered(session.id)[how]).rpc(front, "tools/list", id="a")
    assert (answer.json["id"], answer.error["code"]) == ("a", -32600)
    assert session.rpc(front, "ping").status == 200


def test_modern_requests_have_no_session(front):
    with front.connect() as connection:
        answer = connection.rpc("tools/list", era=MODERN, headers={"MCP-Session-Id": "forged"})
    assert answer.result["resultType"] == "complete"
    assert answer.headers["MCP-Session-Id"] is None


# --- whose it is -----------------------------------------------------------------


def test_good_for_its_principal_alone(start, database, door):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    ann, bob, eve = (make_key(database, *who) for who in (("ann", "red"), ("bob", "red"), ("ann", "blue")))
    server = door(start(DATABASE_URL=database).wait_ready())
    other = door(start(DATABASE_URL=database).wait_ready())
    session = initialize(server, headers=bearer(ann))
    for where in (server, other):
        for key in (bob, eve):
            assert verdicts(where, Session(session.id, more=bearer(key))) == [404, 404, 404]
        assert verdicts(where, Session(session.id)) == [401, 401, 401]
        assert verdicts(where, Session(session.id, more=bearer("sage_wrong"))) == [401, 401, 401]
        assert session.rpc(where, "ping").result == {}
    second_key = make_key(database, "ann", "red")
    assert Session(session.id, more=bearer(second_key)).rpc(server, "ping").result == {}


# --- the end ---------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_ended_everywhere_and_for_ever(pair, start, database, door, version):
    one, two = pair
    ended, other = initialize(one, version), initialize(one, version)
    answer = ended.end(one)
    assert (answer.status, answer.body) == (204, b"")
    assert verdicts(one, ended) == [404, 404, 404]
    wait_for("the other process knows", lambda: ended.rpc(two, "ping").status == 404, 5)
    assert verdicts(two, ended) == [404, 404, 404]
    after = door(start(DATABASE_URL=database).wait_ready())
    assert verdicts(after, ended) == [404, 404, 404]
    for server in (one, two, after):
        assert other.rpc(server, "ping").result == {}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"MCP-Protocol-Version": LEGACY}, {"MCP-Protocol-Version": MODERN},
    {"Last-Event-ID": "1"}], ids=["bare", "legacy", "modern", "last event"])
def test_without_a_session_there_is_only_post(front, method, headers):
    with front.connect() as connection:
        answer = connection.send(method, "/mcp", headers={"Accept": "text/event-stream"} | headers)
    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.error["message"]


# --- what it keeps ---------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_log_level(front, version):
    session = initialize(front, version)
    for level in ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"):
        answer = session.rpc(front, "logging/setLevel", {"level": level})
        assert (answer.status, answer.result) == (200, {})


@pytest.mark.parametrize("params", [{"level": "loud"}, {"level": "INFO"}, {"level": ""}, {"level": 1},
    {"level": None}, {"level": "x" * 1000}, {}], ids=json.dumps)
def test_unknown_log_level(front, params):
    error = initialize(front).rpc(front, "logging/setLevel", params).error
    assert error["code"] == -32602
    assert "level" in error["message"]


def test_subscriptions_have_a_limit(front):
    session = initialize(front)
    with front.connect() as connection:
        def ask(method: str, number: int):
            return connection.rpc(method, {"uri": f"sage://session/{number}"}, headers=session.headers)

        for number in range(MAX_SUBSCRIPTIONS):
            assert ask("resources/subscribe", number).result == {}
        refused = ask("resources/subscribe", MAX_SUBSCRIPTIONS).error
        assert refused["code"] == -32602
        assert str(MAX_SUBSCRIPTIONS) in refused["message"]
        assert ask("resources/subscribe", 7).result == {}, "again is no more"
        assert ask("resources/unsubscribe", 7).result == {}
        assert ask("resources/subscribe", MAX_SUBSCRIPTIONS).result == {}


def test_only_what_is_served_can_be_subscribed_to(front):
    error = initialize(front).rpc(front, "resources/subscribe", {"uri": "sage://nothing"}).error
    assert (error["code"], error["data"]) == (-32002, {"uri": "sage://nothing"})
