"""Times in questions and filters: one way to read them, half-open, in any zone, and said again in the answer."""

import json

import pytest
from sage import Server, create_database, once, psql, run_command, tool_text

# Around the days' ends of Shanghai (+08:00) and New York (-04:00 then).
EVENTS = {"a": "2024-05-06T15:59:59Z", "b": "2024-05-06T16:00:00Z", "c": "2024-05-07T03:59:59Z",
    "d": "2024-05-07T15:59:59Z", "e": "2024-05-07T16:00:00Z"}
SHANGHAI = {"from": "2024-05-07", "to": "2024-05-08", "tz": "Asia/Shanghai"}
NEW_YORK = {"from": "2024-05-07", "to": "2024-05-08", "tz": "America/New_York"}


@pytest.fixture(scope="module")
def world(cluster_uri, tmp_path_factory):
    """A connection to a server that holds EVENTS."""
    server = Server(tmp_path_factory.mktemp("server"), DATABASE_URL=create_database(cluster_uri, once("periods")))
    server.wait_ready()
    with server.connect() as connection:
        for name, at in EVENTS.items():
            connection.done("save_memory", {"user_input": f"heron {name}", "event_time": at, "session_id": name})
        yield connection
    server.stop()


@pytest.fixture
def told(world):
    def ask(tool: str, **arguments) -> dict:
        return world.done(tool, arguments)
    return ask


def names(found: list[dict]) -> str:
    return "".join(sorted(memory["user_input"][-1] for memory in found))


@pytest.mark.parametrize("period, seen, echo", [
    (SHANGHAI, "bcd", {"from": "2024-05-06T16:00:00Z", "to": "2024-05-07T16:00:00Z", "tz": "Asia/Shanghai"}),
    (SHANGHAI | {"tz": "+08:00"}, "bcd", {"from": "2024-05-06T16:00:00Z", "to": "2024-05-07T16:00:00Z", "tz": "+08:00"}),
    (NEW_YORK, "de", {"from": "2024-05-07T04:00:00Z", "to": "2024-05-08T04:00:00Z", "tz": "America/New_York"}),
    ({"from": "2024-05-07"}, "cde", {"from": "2024-05-07T00:00:00Z", "tz": "UTC"}),
    ({"to": "2024-05-07T00:00:00+08:00", "tz": "America/New_York"}, "a",
        {"to": "2024-05-06T16:00:00Z", "tz": "America/New_York"})], ids=str)
def test_a_period_is_half_open_in_its_zone(told, period, seen, echo):
    listed = told("list_memories", time="event", **period)
    found = told("search_memories", query="heron", **period)
    assert names(listed["memories"]) == names(found["hits"]) == seen
    assert listed["period"] == found["period"] == echo
    counts = told("erase_memories", dry_run=True, **period)
    assert (counts["counts"]["memories"], counts["period"]) == (len(seen), echo)


def test_retention_takes_a_moment_too(connection):
    before = {"to": "1999-05-07", "tz": "Asia/Shanghai"}
    counted = connection.done("apply_retention", before)
    assert (counted["by_age"], counted["period"]["to"]) == (0, "1999-05-06T16:00:00Z")
    refused = connection.rpc("tools/call", {"name": "apply_retention", "arguments": before | {"older_than_days": 9}}).refusal
    assert refused.startswith("to: leave out older_than_days")


def test_no_period_is_said_when_none_was_asked_for(told):
    assert "period" not in told("list_memories") and "period" not in told("search_memories", query="heron")
    assert "period" not in told("list_memories", tz="Asia/Shanghai")


@pytest.mark.parametrize("tool", ["search_sessions", "analyze_memories", "roll_back"])
def test_other_tools_read_it_the_same_way(told, tool):
    more = {"dry_run": True} if tool == "roll_back" else {}
    assert told(tool, **SHANGHAI, **more)["period"]["from"] == "2024-05-06T16:00:00Z"


@pytest.mark.parametrize("words, now, seen", [
    ("where was the heron yesterday?", "2024-05-08T09:00:00+08:00", "bcd"),
    ("where was the heron yesterday?", "2024-05-08T09:00:00", "bcd"),
    ("heron 昨天", "2024-05-08", "bcd"),
    ("heron in May 2024", "2026-01-01", "abcde"),
    ("heron 去年五月", "2025-01-01", "abcde"),
    ("the heron of last week", "2024-05-08", ""),
    ("any heron since yesterday", "2024-05-08", "abcde")], ids=str)
def test_words_in_a_question_are_read_as_of_when_it_is_asked(told, words, now, seen):
    assert names(told("search_memories", query=words, query_timestamp=now, tz="Asia/Shanghai")["hits"]) == seen


def test_words_mean_nothing_without_it_or_beside_a_period(told):
    assert names(told("search_memories", query="the heron of last week")["hits"]) == "abcde"
    found = told("search_memories", query="the heron of last week", query_timestamp="2024-05-08", **SHANGHAI)
    assert names(found["hits"]) == "bcd"


def test_a_vector_keeps_to_the_period(told):
    vector = [1.0] + [0.0] * 4095
    told("save_memory", user_input="vector z", embedding=vector, event_time="2030-05-07T11:59:59+08:00")
    day = {"from": "2030-05-07", "to": "2030-05-08"}
    assert names(told("search_memories", query="x", embedding=vector, tz="Asia/Shanghai", **day)["hits"]) == "z"
    assert told("search_memories", query="x", embedding=vector, tz="America/New_York", **day)["hits"] == []


def test_the_text_says_the_period_too(connection):
    shown = tool_text(connection.tool("search_memories", {"query": "nothing-of-this-kind", **SHANGHAI}))
    assert shown.startswith("Nothing found, from 2024-05-06T16:00:00Z, before 2024-05-07T16:00:00Z.")


@pytest.mark.parametrize("arguments, said", [
    ({"query_timestamp": "now"}, "query_timestamp: 'now' must be a date"),
    ({"tz": "Nowhere"}, "tz: there is no zone 'Nowhere'"), ({"from": ""}, "from: is 0 bytes long")], ids=str)
def test_wrong_times_of_a_search_are_told(connection, arguments, said):
    assert said in connection.rpc("tools/call", {"name": "search_memories", "arguments": {"query": "x"} | arguments}).refusal


def test_rare_arguments_are_described_in_the_full_list_alone(connection):
    def described(profile: str) -> dict:
        body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        tools = connection.send("POST", f"/mcp?tools={profile}", body, headers).result["tools"]
        return {tool["name"]: tool["inputSchema"]["properties"] for tool in tools}
    rare = {"from", "to", "tz", "query_timestamp"}
    assert not rare & set(described("core")["search_memories"])
    assert rare < set(described("full")["search_memories"])


def test_an_export_takes_a_zone(start, database, tmp_path):
    with start(DATABASE_URL=database).wait_ready().connect() as connection:
        for name, at in EVENTS.items():
            connection.done("save_memory", {"user_input": name, "event_time": at})
    file = tmp_path / "day.jsonl"
    words = [f"{name}={value}" for name, value in SHANGHAI.items()]
    assert run_command("export", str(file), *words, DATABASE_URL=database).returncode == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert sorted(line["user_input"] for line in lines if "user_input" in line) == ["b", "c", "d"]
    assert psql(database, "SELECT count(*) FROM memories") == "5"
