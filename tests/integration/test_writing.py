"""Saving in all its forms: twice, in batches, whole transcripts, and never a secret."""

import json

import pytest
from sage import bearer, make_key, once, psql, tool_text

KEY = "sk-ant-api03-" + "aB3dE5gH7j" * 9
TAG = "ghp_" + "aB3dE5gH7j" * 3 + "aB3dE5"


def get(connection, id: str) -> dict:
    return connection.done("get_memory", {"id": id})


# --- the same again ----------------------------------------------------------------


def test_the_same_words_are_stored_once(connection):
    words = {"user_input": once(), "assistant_response": "yes"}
    first, second = connection.done("save_memory", words), connection.done("save_memory", words)
    assert (first["state"], second["state"], second["id"]) == ("stored", "merged", first["id"])
    assert get(connection, first["id"])["merged"] == 1
    assert connection.done("save_memory", words | {"force": True})["id"] != first["id"]


@pytest.mark.parametrize("other", [{"assistant_response": "no"}, {"session_id": "another"}, {"metadata": {"n": 2}}, {"tags": ["b"]},
    {"event_time": "2020-01-01T00:00:00+08:00"}], ids=["answer", "session", "metadata", "tags", "event_time"])
def test_nothing_is_lost_by_merging(connection, other):
    words = {"user_input": once(), "assistant_response": "yes", "metadata": {"n": 1}, "tags": ["a"]}
    assert connection.done("save_memory", words)["id"] != connection.done("save_memory", words | other)["id"]


def test_words_are_told_apart_where_one_text_ends(connection):
    mark = once()
    one = connection.done("save_memory", {"user_input": mark + "ab", "assistant_response": "c"})
    assert connection.done("save_memory", {"user_input": mark + "a", "assistant_response": "bc"})["id"] != one["id"]


def test_private_words_are_not_merged_with_anothers(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    ann, bob = bearer(make_key(database, "ann", "team")), bearer(make_key(database, "bob", "team"))
    words = {"user_input": "the same", "visibility": "private"}
    with server.connect() as connection:
        ids = {connection.done("save_memory", words, headers=who)["id"] for who in (ann, bob, ann)}
        shared = connection.done("save_memory", {"user_input": "the same"}, headers=bob)["id"]
    assert len(ids) == 2 and shared not in ids


def test_what_supersedes_is_linked_both_ways(connection):
    old = connection.done("save_memory", {"user_input": once()})["id"]
    new = connection.done("save_memory", {"user_input": once(), "supersedes": old})["id"]
    assert get(connection, old)["superseded_by"] == new
    assert get(connection, new)["supersedes"] == old


# --- batches -----------------------------------------------------------------------


def test_a_thousand_in_one_call(connection):
    memories = [{"user_input": once(str(n)), "session_id": "batch"} for n in range(1000)]
    done = connection.done("save_memories", {"memories": memories})
    assert (done["saved"], done["failed"], [outcome["index"] for outcome in done["outcomes"]]) == (1000, 0, [*range(1000)])
    again = connection.done("save_memories", {"memories": memories})
    assert (again["saved"], again["already_there"]) == (0, 1000)
    assert [outcome["id"] for outcome in again["outcomes"]] == [outcome["id"] for outcome in done["outcomes"]]


def test_bad_items_are_named_and_the_others_are_stored(connection):
    same = once()
    result = connection.tool("save_memories", {"memories": [{"user_input": once()}, {"user_input": ""}, "no object",
        {"user_input": same, "idempotency_key": same}, {"user_input": once(), "idempotency_key": same},
        {"user_input": once(), "metadate": {}}, {"user_input": once()}]})
    done = result["structuredContent"]
    assert [sorted(outcome) for outcome in done["outcomes"]] == [["id", "index", "state"] if n in (0, 3, 6)
        else ["error", "index"] for n in range(7)]
    assert (done["saved"], done["failed"]) == (3, 4)
    assert "memories[1]: user_input" in tool_text(result) and "memories[5]: metadate" in tool_text(result)


def test_a_batch_has_a_limit(connection):
    result = connection.tool("save_memories", {"memories": [{"user_input": "x"}] * 1001})
    assert tool_text(result).startswith("memories: has 1001")


# --- secrets -----------------------------------------------------------------------


def test_no_secret_is_stored_whatever_the_way_in(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    text = f"key {KEY} and <private>hushhush</private> end"
    transcript = "\n".join([f"Human: {text}", "Assistant: noted"])
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": text, "assistant_response": text, "metadata": {"k": [text]},
            "agent_metadata": {"agent_name": text}, "tags": ["plain", TAG, TAG[:-1] + "Z"]})
        assert saved["redacted"] == {"private": 4, "api_key": 6}
        assert connection.done("get_memory", {"id": saved["id"]})["tags"] == ["plain", "[redacted:api_key]"]
        connection.done("save_memories", {"memories": [{"user_input": text + " batch", "tags": [TAG]}]})
        connection.done("update_memory", {"id": saved["id"], "user_input": text + " updated", "metadata": {"m": KEY},
            "tags": [TAG, "b"]})
        assert connection.send("POST", "/v1/tools/save_memory", json.dumps({"user_input": text + " rest", "tags": [TAG]}).encode(),
            {"Content-Type": "application/json"}).json["id"]
        connection.done("manage_session", {"action": "create", "session_id": "named", "name": f"About {KEY}"})
        connection.done("manage_session", {"action": "rename", "session_id": "named", "name": text})
        connection.done("ingest_transcript", {"transcript": transcript, "session_id": "t"})
        connection.done("hand_off", {"action": "leave", "to_agent": "bob", "note": text})
    everything = psql(database, "SELECT m::text FROM memories m UNION ALL SELECT v::text FROM memory_versions v"
        " UNION ALL SELECT h::text FROM handoffs h UNION ALL SELECT s::text FROM sessions s")
    assert KEY not in everything and TAG[:-1] not in everything and "hushhush" not in everything
    assert "[redacted:api_key]" in everything
    assert int(psql(database, "SELECT count FROM redaction_counts WHERE kind = 'api_key'")) == 17


# --- transcripts -------------------------------------------------------------------


def claude_lines(turns: list[tuple[str, str]], session: str) -> str:
    lines = []
    for number, (said, answered) in enumerate(turns):
        at = f"2026-05-01T10:{number:02}:00.000Z"
        lines.append({"type": "user", "uuid": f"u{number}-{session}", "sessionId": session, "timestamp": at,
            "message": {"role": "user", "content": said}})
        if answered:
            lines.append({"type": "assistant", "uuid": f"a{number}-{session}", "parentUuid": f"u{number}-{session}",
                "sessionId": session, "timestamp": at, "message": {"role": "assistant", "content": [
                    {"type": "tool_use", "id": f"t{number}", "name": "Bash", "input": {"command": "ls"}},
                    {"type": "text", "text": answered}]}})
    return "\n".join(map(json.dumps, lines))


def test_a_transcript_is_kept_once_with_its_tool_calls(connection):
    session = once("s").replace(" ", "-")
    turns = [(once("question"), "first answer"), (once("question"), "second answer")]
    send = {"transcript": claude_lines(turns, session)}
    assert connection.done("ingest_transcript", send)["saved"] == 2
    again = connection.done("ingest_transcript", send)
    assert (again["saved"], again["already_there"] + again["replaced"]) == (0, 2)
    kept = connection.done("list_memories", {"session_id": session, "detail": "full"})["memories"]
    assert sorted(memory["user_input"] for memory in kept) == sorted(said for said, _ in turns)
    assert "Bash" in json.dumps(kept[0]["metadata"])


def test_a_turn_that_went_on_is_replaced(connection):
    session = once("s").replace(" ", "-")
    question = once("question")
    assert connection.done("ingest_transcript", {"transcript": claude_lines([(question, "")], session)})["saved"] == 1
    later = connection.done("ingest_transcript", {"transcript": claude_lines([(question, "the answer")], session)})
    assert (later["saved"], later["replaced"]) == (0, 1)
    kept = connection.done("list_memories", {"session_id": session, "detail": "full"})["memories"]
    assert [(memory["user_input"], memory["assistant_response"]) for memory in kept] == [(question, "the answer")]


@pytest.mark.parametrize("human, assistant", [("Human", "Assistant"), ("用户", "助手")])
def test_a_plain_conversation_is_kept(connection, human, assistant):
    said = once("plain")
    text = f"{human}: {said}\n{assistant}: yes\n{human}: {said} more\n{assistant}: no\n"
    assert connection.done("ingest_transcript", {"transcript": text, "session_id": "plain"})["saved"] == 2


def test_broken_lines_are_told_and_the_others_are_kept(connection):
    lines = claude_lines([(once(), "x")], once("s")).split("\n")
    done = connection.done("ingest_transcript", {"transcript": "\n".join([lines[0], '{"type": "user", ', *lines[1:]]),
        "format": "claude_code"})
    assert done["saved"] == 1 and "line 2" in done["problems"][0]
