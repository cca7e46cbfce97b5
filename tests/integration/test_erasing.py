"""Erasing leaves nothing behind, and what somebody wrote can be rolled back and forth."""

import subprocess
import time

import pytest
from sage import bearer, make_key, once, psql, tool_text, wait_for

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def team(start, database):
    """A connection, and the headers of two agents of one namespace."""
    server = start(DATABASE_URL=database).wait_ready()
    ann, bob = bearer(make_key(database, "ann", "team")), bearer(make_key(database, "bob", "team"))
    with server.connect() as connection:
        yield connection, ann, bob


def save(connection, who: dict, **arguments) -> str:
    return connection.done("save_memory", {"user_input": once()} | arguments, headers=who)["id"]


def dump(database: str) -> str:
    return subprocess.run(["pg_dump", "--data-only", database], capture_output=True, text=True, timeout=60, check=True).stdout


# --- erasing ----------------------------------------------------------------------


def test_erased_words_are_nowhere(team, database):
    connection, ann, _ = team
    id = save(connection, ann, user_input="xyzzymarker one", metadata={"who": "xyzzymarker"}, tags=["xyzzymarker"])
    connection.done("update_memory", {"id": id, "user_input": "xyzzymarker two"}, headers=ann)
    kept = save(connection, ann, supersedes=id)
    assert "xyzzymarker" in dump(database)
    erased = connection.done("erase_memories", {"words": "xyzzymarker"}, headers=ann)
    assert erased["verified"] is True
    assert (erased["counts"]["memories"], erased["counts"]["versions"]) == (1, 1)
    left = dump(database)
    assert "xyzzymarker" not in left and id not in left.split("COPY public.audit_log")[0]
    assert connection.done("get_memory", {"id": kept}, headers=ann)["id"] == kept
    receipt = connection.done("get_receipt", {"id": erased["receipt_id"]}, headers=ann)
    assert (receipt["kind"], receipt["counts"]) == ("erase", erased["counts"])


def test_a_dry_run_only_counts(team):
    connection, ann, _ = team
    id = save(connection, ann)
    assert connection.done("erase_memories", {"ids": [id], "dry_run": True}, headers=ann)["counts"]["memories"] == 1
    assert connection.done("get_memory", {"id": id}, headers=ann)


@pytest.mark.parametrize("name, scope", [("erase_memories", {"session_id": "null"}), ("roll_back", {"agent": "ann"})])
def test_a_dry_run_of_null_is_none_of_both(team, name, scope):
    connection, ann, _ = team
    id = save(connection, ann, session_id="null")
    answer = connection.rpc("tools/call", {"name": name, "arguments": scope | {"dry_run": None}}, headers=ann)
    assert "dry_run" in answer.refusal and "null" in answer.refusal
    assert connection.done("get_memory", {"id": id}, headers=ann)


@pytest.mark.parametrize("scope, erased", [({"session_id": "a"}, {0, 1}), ({"metadata": {"k": 1}}, {1}),
    ({"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z"}, {2})], ids=["session", "metadata", "time"])
def test_each_scope_erases_what_it_says(team, scope, erased):
    connection, ann, _ = team
    ids = [save(connection, ann, session_id="a"), save(connection, ann, session_id="a", metadata={"k": 1, "l": 2}),
        save(connection, ann, session_id="b", event_time="2020-05-05T00:00:00Z")]
    connection.done("erase_memories", scope, headers=ann)
    gone = {n for n, id in enumerate(ids) if connection.tool("get_memory", {"id": id}, headers=ann).get("isError")}
    assert gone == erased


def test_an_agents_everything_goes_and_nobody_elses(team):
    connection, ann, bob = team
    save(connection, ann)
    stays = save(connection, bob)
    connection.done("hand_off", {"action": "leave", "to_agent": "bob", "note": "from ann"}, headers=ann)
    counts = connection.done("erase_memories", {"agent": "ann"}, headers=ann)["counts"]
    assert (counts["memories"], counts["handoffs"]) == (1, 1)
    assert connection.done("hand_off", {"action": "fetch"}, headers=bob)["notes"] == []
    assert connection.done("get_memory", {"id": stays}, headers=bob)


def test_private_memories_of_others_are_not_reached(team):
    connection, ann, bob = team
    id = save(connection, ann, visibility="private")
    assert "nothing" in tool_text(connection.tool("erase_memories", {"ids": [id]}, headers=bob))
    assert connection.done("get_memory", {"id": id}, headers=ann)


def test_everything_must_be_named(team):
    connection, ann, _ = team
    assert tool_text(connection.tool("erase_memories", {}, headers=ann)).startswith("ids:")
    assert tool_text(connection.tool("roll_back", {}, headers=ann)).startswith("agent:")


# --- rolling back -------------------------------------------------------------------


def words(connection, id: str, who: dict) -> str | None:
    result = connection.tool("get_memory", {"id": id}, headers=who)
    return None if result.get("isError") else result["structuredContent"]["user_input"]


def test_what_an_agent_wrote_and_changed_goes_back_and_forth(team):
    connection, ann, bob = team
    good = save(connection, ann, user_input="the truth")
    lie = save(connection, bob, user_input="a lie")
    connection.done("update_memory", {"id": good, "user_input": "a twisted truth"}, headers=bob)
    connection.done("update_memory", {"id": good, "user_input": "an even more twisted truth"}, headers=bob)

    rolled = connection.done("roll_back", {"agent": "bob"}, headers=ann)
    assert rolled["counts"] == {"hidden": 1, "restored": 1}
    assert (words(connection, lie, ann), words(connection, good, ann)) == (None, "the truth")
    wait_for("it is found by its words again", lambda: good in [hit["id"] for hit in connection.done(
        "search_memories", {"query": "truth"}, headers=ann)["hits"]], 20)

    assert connection.done("roll_back", {"reverse": rolled["receipt_id"]}, headers=ann)["counts"] == {
        "shown": 1, "restored": 1}
    assert (words(connection, lie, ann), words(connection, good, ann)) == ("a lie", "an even more twisted truth")
    again = connection.tool("roll_back", {"reverse": rolled["receipt_id"]}, headers=ann)
    assert "no roll-back" in tool_text(again)


def test_an_interval_is_rolled_back(team, database):
    connection, ann, _ = team
    before = save(connection, ann)
    time.sleep(0.05)
    since = psql(database, "SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    after = save(connection, ann)
    connection.done("roll_back", {"from": since}, headers=ann)
    assert words(connection, before, ann) and words(connection, after, ann) is None


def test_a_roll_back_can_be_too_old(team, database):
    connection, ann, _ = team
    save(connection, ann)
    rolled = connection.done("roll_back", {"agent": "ann", "reversible_days": 0}, headers=ann)
    assert connection.tool("roll_back", {"reverse": rolled["receipt_id"]}, headers=ann)["isError"]


# --- receipts -----------------------------------------------------------------------


def test_a_receipt_can_be_asked_for_later(team):
    connection, ann, bob = team
    saved = connection.done("save_memory", {"user_input": once(), "idempotency_key": "k-1"}, headers=ann)
    receipt = connection.done("get_receipt", {"idempotency_key": "k-1"}, headers=ann)
    assert (receipt["id"], receipt["state"], receipt["content_hash"]) == (saved["id"], "stored", saved["content_hash"])
    connection.done("delete_memory", {"ids": [saved["id"]]}, headers=ann)
    assert connection.done("get_receipt", {"id": saved["id"]}, headers=bob)["state"] == "deleted"
    assert "no receipt" in tool_text(connection.tool("get_receipt", {"id": NOBODY}, headers=ann))
    assert connection.tool("get_receipt", {}, headers=ann)["isError"]
