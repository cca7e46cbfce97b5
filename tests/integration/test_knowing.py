"""What the server tells about what it holds: status, analysis, metadata keys, agents' reports."""

import pytest
from sage import once, psql, tool_text


def save(connection, text: str, **arguments) -> str:
    how = {"headers": arguments.pop("headers")} if "headers" in arguments else {}
    return connection.done("save_memory", {"user_input": text} | arguments, **how)["id"]


def refusal(connection, tool: str, arguments: dict) -> str:
    result = connection.tool(tool, arguments)
    assert result["isError"], result
    return tool_text(result)


# --- status ----------------------------------------------------------------------


def test_status_tells_of_sessions_backlog_and_versions(own, database):
    assert own.done("get_status")["embedding"] == {"waiting": 0, "failed": 0}
    first = save(own, once())
    save(own, once(), embedding=[1.0] + [0.0] * 4095)
    failed = save(own, once())
    psql(database, f"UPDATE memories SET embed_state = 'failed' WHERE id = '{failed}';"
        "INSERT INTO redaction_counts VALUES ('default', 'api_key', 3), ('other', 'card', 1)")
    own.done("manage_session", {"action": "create", "session_id": "a"})
    own.done("manage_session", {"action": "archive", "session_id": "a"})
    status = own.done("get_status")
    assert status["embedding"] == {"waiting": 1, "failed": 1,
        "oldest_at": own.done("get_memory", {"id": first})["created_at"]}
    assert status["sessions_by_status"] == {"active": 1, "archived": 1}
    assert status["redacted"] == {"api_key": 3}
    assert status["schema_version"] == int(psql(database, "SELECT max(number) FROM sage_migrations"))
    assert status["postgresql"] == psql(database, "SHOW server_version")
    assert status["pgvector"] == psql(database, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")


# --- analysis --------------------------------------------------------------------


def named(findings: list[dict], key: str, value: str) -> dict:
    return {finding[key]: finding.get(value) for finding in findings}


def test_analysis_finds_topics_questions_and_repetition(own):
    for text in ("How do I configure the heron database?", "Why is the heron database slow?", "Where is it?",
            "the heron database stands still", "我喜欢水豚吗?", "Is it done?"):
        save(own, text)
    for _ in range(3):
        save(own, "Where is it?", force=True)
    save(own, "Where is it?")
    analysis = own.done("analyze_memories")
    assert (analysis["analyzed"], analysis["memories"]) == (9, 9)
    topics = named(analysis["topics"], "term", "memories")
    assert (topics["heron"], topics["database"], topics["水豚"]) == (3, 3, 1)
    assert not {"the", "is", "it", "do"} & set(topics)
    assert [topic["weight"] for topic in analysis["topics"]] == sorted((topic["weight"] for topic in analysis["topics"]), reverse=True)
    assert named(analysis["questions"], "type", "memories") == {"where": 4, "how": 1, "why": 1, "yes or no": 2}
    assert named(analysis["repetition"], "what", "times") == {"said before": 3, "said twice in a row": 2, "merged on saving": 1}
    assert analysis["repeated"] == [{"text": "where is it?", "times": 4}]
    lengths = named(analysis["lengths"], "what", "bytes")
    assert (lengths["median"], lengths["longest"]) == (12, len("How do I configure the heron database?"))


def test_analysis_tells_hours_drift_agents_and_pauses(own, database):
    for n, text in enumerate(["apple pear", "apple plum", "engine wheel", "engine brake"]):
        id = save(own, text)
        psql(database, f"UPDATE memories SET created_at = '2026-01-0{n + 1}T22:30:00Z' WHERE id = '{id}'")
    analysis = own.done("analyze_memories", {"utc_offset_minutes": 120})
    assert analysis["hours"] == [{"hour": "00", "memories": 4}]
    [drift] = analysis["drift"]
    assert drift["distance"] == pytest.approx(1)
    assert analysis["rising"][0] == {"term": "engine", "share_gained": 0.5}
    assert analysis["falling"][0] == {"term": "apple", "share_lost": 0.5}
    [agent] = analysis["agents"]
    assert (agent["memories"], agent["last_at"][:16]) == (4, "2026-01-04T22:30") and agent["silent_seconds"] > 86400
    assert analysis["pauses"][0]["seconds"] == 86400
    part = own.done("analyze_memories", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-03T00:00:00Z"})
    assert part["memories"] == 1 and {topic["term"] for topic in part["topics"]} == {"apple", "plum"}
    assert own.done("analyze_memories", {"sample": 2})["analyzed"] == 2


def test_analysis_of_nothing(own):
    analysis = own.done("analyze_memories", {"session_id": "nowhere"})
    assert (analysis["analyzed"], analysis["memories"], analysis["topics"], analysis["drift"]) == (0, 0, [], [])


def test_analysis_takes_any_text(own):
    for text in ("x" * 500000, "\u0001\u0002 ' \" \\ %", "https://example.com/a?b=c#d " * 50, "🐘🐘 emoji", "水" * 5000):
        save(own, once(text))
    assert own.done("analyze_memories")["analyzed"] == 5


def test_analysis_shows_nothing_of_others(agents):
    connection, ann, bob, eve = agents
    save(connection, "secret heron", visibility="private", headers=ann)
    save(connection, "open egret", headers=ann)
    terms = [{topic["term"] for topic in connection.done("analyze_memories", headers=who)["topics"]} for who in (ann, bob, eve)]
    assert terms == [{"secret", "heron", "open", "egret"}, {"open", "egret"}, set()]
    assert connection.done("analyze_memories", headers=bob)["agents"][0]["memories"] == 1


# --- metadata keys ---------------------------------------------------------------


def test_metadata_keys_with_types_and_samples(own):
    for n in range(5):
        save(own, once(), metadata={"project": "heron" if n else "egret", "n": n if n < 3 else "many"})
    save(own, once(), metadata={"ä": {"deep": True}})
    save(own, once())
    answer = own.done("list_metadata_keys")
    assert answer["analyzed"] == 6
    keys = {key["key"]: key for key in answer["keys"]}
    assert keys["project"] == {"key": "project", "memories": 5, "types": {"string": 5}, "samples": ['"heron"', '"egret"']}
    assert keys["n"]["types"] == {"number": 3, "string": 2} and len(keys["n"]["samples"]) == 3
    assert keys["ä"]["types"] == {"object": 1}


def test_metadata_keys_page_by_page(own):
    for n in range(10):
        save(own, once(), metadata={f"key{n}": n, "": "empty"})
    seen, arguments = [], {"limit": 3}
    while True:
        page = own.done("list_metadata_keys", arguments)
        seen += [key["key"] for key in page["keys"]]
        save(own, once(), metadata={"key0": 1})
        if not page["has_more"]:
            break
        arguments["cursor"] = page["next_cursor"]
    assert seen == ["", *(f"key{n}" for n in range(10))]


def test_metadata_keys_of_others_are_not_shown(agents):
    connection, ann, bob, eve = agents
    save(connection, once(), metadata={"secret": 1}, visibility="private", headers=ann)
    save(connection, once(), metadata={"open": 1}, headers=ann)
    keys = [[key["key"] for key in connection.done("list_metadata_keys", headers=who)["keys"]] for who in (ann, bob, eve)]
    assert keys == [["open", "secret"], ["open"], []]


# --- agents' reports -------------------------------------------------------------


def report(connection, agent: str | None, task: str = "t1", **fields) -> str:
    how = {"headers": fields.pop("headers")} if "headers" in fields else {}
    visibility = fields.pop("visibility", "shared")
    return save(connection, once("report"), visibility=visibility,
        agent_metadata=({"agent_name": agent} if agent else {}) | {"task_id": task} | fields, **how)


def test_reports_are_summed_up(own):
    report(own, "builder", error_count=2, warning_count=1, quality_score=0.5)
    report(own, "builder", "t2", error_count=1, quality_score=1.0)
    report(own, "tester", error_count="many", warning_count=[7], quality_score=None)
    save(own, once())
    builder, tester = own.done("agent_reports")["agents"]
    assert [builder[key] for key in ("agent_name", "reports", "tasks", "errors", "warnings", "quality_score")] == [
        "builder", 2, 2, 3, 1, 0.75]
    assert [tester[key] for key in ("agent_name", "reports", "errors", "warnings")] == ["tester", 1, 0, 0]
    assert "quality_score" not in tester
    assert [agent["agent_name"] for agent in own.done("agent_reports", {"task_id": "t2"})["agents"]] == ["builder"]


def test_history_of_executions(own):
    ids = [report(own, "builder", execution_id=f"e{n}", error_count=n, performance_metrics={"ms": n}) for n in range(3)]
    report(own, "tester")
    history = own.done("agent_reports", {"view": "history", "agent_name": "builder"})["executions"]
    assert [execution["id"] for execution in history] == ids[::-1]
    assert [history[0][key] for key in ("execution_id", "task_id", "error_count", "performance_metrics")] == ["e2", "t1", 2, {"ms": 2}]
    assert history[0]["snippet"].startswith("report")
    assert own.done("agent_reports", {"view": "history", "task_id": "none"})["executions"] == []


@pytest.mark.parametrize("view, list, key", [("summary", "agents", "agent_name"), ("history", "executions", "id")])
def test_reports_page_by_page(own, view, list, key):
    ids = [report(own, f"agent{n:02}") for n in range(11)]
    seen, arguments = [], {"view": view, "limit": 4}
    while True:
        page = own.done("agent_reports", arguments)
        seen += [each[key] for each in page[list]]
        report(own, "agent00")
        if not page["has_more"]:
            break
        arguments["cursor"] = page["next_cursor"]
    assert seen == ([f"agent{n:02}" for n in range(11)] if view == "summary" else ids[::-1])


def test_reports_of_others_are_not_shown(agents):
    connection, ann, bob, eve = agents
    report(connection, "builder", headers=ann)
    report(connection, "builder", visibility="private", headers=ann)
    for view, list in ("summary", "agents"), ("history", "executions"):
        counts = [connection.done("agent_reports", {"view": view}, headers=who)[list] for who in (ann, bob, eve)]
        if view == "summary":
            assert [[agent["reports"] for agent in each] for each in counts] == [[2], [1], []]
        else:
            assert [len(each) for each in counts] == [2, 1, 0]


BAD = [("analyze_memories", {"sample": 0}, "sample"), ("analyze_memories", {"sample": 5001}, "sample"),
    ("analyze_memories", {"utc_offset_minutes": 900}, "utc_offset_minutes"),
    ("analyze_memories", {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
    ("list_metadata_keys", {"cursor": "x"}, "cursor"), ("list_metadata_keys", {"limit": 101}, "limit"),
    ("agent_reports", {"view": "all"}, "view"), ("agent_reports", {"cursor": "MSBh"}, "cursor"),
    ("agent_reports", {"view": "history", "cursor": "MSBh"}, "cursor")]


@pytest.mark.parametrize("tool, arguments, what", BAD)
def test_bad_input_is_refused(connection, tool, arguments, what):
    assert refusal(connection, tool, arguments).startswith(what)
