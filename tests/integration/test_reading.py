"""Reading: get_memory, list_memories, and detail and budget of search_memories."""

import json
import threading
import uuid

import pytest
from reading import Agent, agents, ann, bytes_of, world  # noqa: F401 (fixtures)
from sage import psql, tool_text

LONG = "word " * 400


# --- get_memory -------------------------------------------------------------------


def test_one_memory_has_all_there_is(ann):
    before = ann.save("before")
    id = ann.save("the words", assistant_response="the answer", metadata={"n": 1.5}, tags=["a b", "c\nd"],
        visibility="private", pinned=True, event_time="2020-01-02T03:04:05+02:00", valid_until="2021-01-01T00:00:00Z",
        expires_at="2099-01-01T00:00:00Z", supersedes=before, agent_metadata={"agent_name": "x", "error_count": 2})
    memory = ann.done("get_memory", id=id)
    expected = {"id": id, "session_id": ann.tag, "agent": "ann", "user_input": "the words",
        "assistant_response": "the answer", "metadata": {"n": 1.5}, "tags": ["a b", "c\nd"], "visibility": "private",
        "pinned": True, "event_time": "2020-01-02T01:04:05Z", "valid_until": "2021-01-01T00:00:00Z", "stale": True,
        "expires_at": "2099-01-01T00:00:00Z", "supersedes": before, "merged": 0, "version": 1,
        "embed_state": "pending", "has_embedding": False, "truncated": False,
        "agent_metadata": {"agent_name": "x", "error_count": 2}}
    assert {name: memory.get(name) for name in expected} == expected
    assert len(memory["content_hash"]) == 64 and memory["created_at"] and memory["updated_at"]
    assert ann.done("get_memory", id=before)["superseded_by"] == id
    text = tool_text(ann.tool("get_memory", id=before))
    assert f"SUPERSEDED by {id}" in text


def test_several_memories_in_the_order_asked(ann):
    ids = [ann.save(f"number {n}") for n in range(5)]
    unknown = str(uuid.uuid4())
    asked = [ids[3], unknown, ids[0], ids[3], ids[4]]
    got = ann.done("get_memory", ids=asked)
    assert [memory["id"] for memory in got["memories"]] == [ids[3], ids[0], ids[4]]
    assert got["not_found"] == [unknown]
    assert f"There is no memory {unknown}." in tool_text(ann.tool("get_memory", ids=asked)).splitlines()[0]


def test_absent_foreign_private_and_deleted_ids_are_told_apart_by_nobody(agents):
    ann, amy, bob = agents
    private, foreign, deleted = amy.save("private", visibility="private"), bob.save("foreign"), ann.save("gone")
    psql(ann.database, f"UPDATE memories SET deleted_at = now() WHERE id = '{deleted}'")
    ids = [str(uuid.uuid4()), private, foreign, deleted]
    answers = {ann.refused("get_memory", id=id).replace(id, "ID") for id in ids}
    assert answers == {"id: there is no memory ID; search_memories gives the ids there are"}
    assert {ann.refused("fetch", id=id).replace(id, "ID") for id in ids} == {
        "id: there is no memory ID; search gives the ids there are"}
    assert ids[0] in ann.refused("get_memory", ids=ids)
    mine = ann.save("mine")
    got = ann.done("get_memory", ids=[*ids, mine])
    assert (got["not_found"], [memory["id"] for memory in got["memories"]]) == (ids, [mine])


def test_neighbours_follow_the_event_time(agents):
    ann, amy, _ = agents
    days = {day: ann.save(f"day {day}", event_time=f"2020-01-0{day}T00:00:00Z") for day in (3, 1, 5, 2, 4)}
    amy.save("secret", session_id=ann.tag, visibility="private", event_time="2020-01-03T12:00:00Z")
    ann.save("elsewhere", session_id=f"{ann.tag}-2", event_time="2020-01-03T12:00:00Z")
    got = ann.done("get_memory", id=days[3], neighbours=1)
    assert [(n["place"], n["id"]) for n in got["neighbours"]] == [(-1, days[2]), (1, days[4])]
    got = ann.done("get_memory", ids=[days[1], days[5]], neighbours=10)
    first, last = got["memories"]
    assert [n["place"] for n in first["neighbours"]] == [1, 2, 3, 4]
    assert [n["id"] for n in last["neighbours"]] == [days[n] for n in (1, 2, 3, 4)]
    assert "neighbours" not in ann.done("get_memory", id=days[3])


def make_version(agent, id: str, version: int, words: str, visibility: str = "shared"):
    psql(agent.database, "INSERT INTO memory_versions (memory_id, version, namespace, session_id, user_input, "
        "assistant_response, metadata, tags, visibility, pinned, written_at, replaced_by) SELECT id, "
        f"{version}, namespace, session_id, '{words}', '', '{{}}', '{{t}}', '{visibility}', false, created_at, 'ann' "
        f"FROM memories WHERE id = '{id}'")


def test_versions_latest_first(agents):
    ann, amy, bob = agents
    id, other = ann.save("third words"), ann.save("never changed")
    make_version(ann, id, 1, "first words", "private")
    make_version(ann, id, 2, "second words")
    got = ann.done("get_memory", ids=[id, other], versions=True)["memories"]
    assert [(v["version"], v["user_input"]) for v in got[0]["versions"]] == [(2, "second words"), (1, "first words")]
    assert got[0]["versions"][0]["tags"] == ["t"] and got[0]["versions"][0]["replaced_by"] == "ann"
    assert got[1]["versions"] == []
    # What was private when it was replaced stays so.
    assert [v["version"] for v in amy.done("get_memory", id=id, versions=True)["versions"]] == [2]
    assert "first words" not in json.dumps(amy.tool("get_memory", id=id, versions=True))
    assert "there is no memory" in bob.refused("get_memory", id=id, versions=True)


def test_long_texts_share_one_answer(ann):
    ids = [ann.save(letter * 400_000) for letter in "abcd"]
    got = ann.done("get_memory", ids=ids)["memories"]
    assert [len(memory.get("user_input", "")) for memory in got] == [400_000, 400_000, 0, 0]
    assert [memory["truncated"] for memory in got] == [False, False, True, True]
    assert "2 without their words" in tool_text(ann.tool("get_memory", ids=ids)).splitlines()[0]
    whole = ann.save("e" * 1024 * 1024, assistant_response="f" * 1024 * 1024)
    got = ann.done("get_memory", id=whole)
    assert len(got["user_input"]) == len(got["assistant_response"]) == 1024 * 1024


@pytest.mark.parametrize("arguments, words", [
    ({}, "id: is required, or ids"),
    ({"id": str(uuid.uuid4()), "ids": [str(uuid.uuid4())]}, "ids: leave out id"),
    ({"ids": []}, "ids: has 0 UUIDs, must have 1 to 100"),
    ({"ids": [str(uuid.uuid4())] * 101}, "ids: has 101 UUIDs, must have 1 to 100"),
    ({"ids": ["x"]}, "ids[0]: must be a UUID"),
    ({"id": str(uuid.uuid4()), "neighbours": 11}, "neighbours: 11 is out of range, must be an integer from 0 to 10"),
    ({"id": str(uuid.uuid4()), "versions": 1}, "versions: must be true or false"),
])
def test_bad_arguments_of_get_memory(ann, arguments, words):
    assert words in ann.refused("get_memory", **arguments)


# --- list_memories ----------------------------------------------------------------


def test_pages_in_both_orders(ann):
    ids = [ann.save(f"number {n}") for n in range(11)]
    pages = ann.walk(session_id=ann.tag, limit=4)
    assert [len(page) for page in pages] == [4, 4, 3]
    assert sum(pages, []) == ids[::-1]
    assert sum(ann.walk(session_id=ann.tag, limit=3, order="oldest"), []) == ids


def test_a_previous_cursor_goes_back(ann):
    ids = [ann.save(f"number {n}") for n in range(9)][::-1]
    first = ann.done("list_memories", session_id=ann.tag, limit=3)
    second = ann.done("list_memories", session_id=ann.tag, limit=3, cursor=first["next_cursor"])
    back = ann.done("list_memories", session_id=ann.tag, limit=3, order="oldest", cursor=second["previous_cursor"])
    assert [memory["id"] for memory in back["memories"]] == ids[:3][::-1]
    new = ann.save("new")
    news = ann.done("list_memories", session_id=ann.tag, order="oldest", cursor=first["previous_cursor"])
    assert [memory["id"] for memory in news["memories"]] == [new]


def test_memories_of_one_moment_are_each_shown_once(ann):
    ids = {ann.save(f"number {n}") for n in range(7)}
    psql(ann.database, f"UPDATE memories SET created_at = '2024-01-01Z' WHERE session_id = '{ann.tag}'")
    shown = sum(ann.walk(session_id=ann.tag, limit=2), [])
    assert len(shown) == 7 and set(shown) == ids


def test_pages_stay_stable_while_others_write(world, ann):
    there = [ann.save(f"there before {n}") for n in range(60)]
    dropped = there[10]
    stop, written, failures = threading.Event(), [], []

    def write(number: int):
        try:
            agent = Agent(world, "amy")
            with agent.connection:
                while not stop.is_set():
                    written.append(agent.save(f"new {number} {len(written)} {uuid.uuid4()}", session_id=ann.tag))
        except Exception as e:  # noqa: BLE001 - told below, in the test's own thread
            failures.append(e)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        walks = [sum(ann.walk(session_id=ann.tag, limit=7, order=order, detail="ids"), [])
            for order in ("newest", "newest", "oldest")]
        assert written, "nobody wrote meanwhile"
    finally:
        stop.set()
        for writer in writers:
            writer.join(30)
    assert not failures
    for walk in walks:
        assert len(walk) == len(set(walk))
        assert set(there) <= set(walk)
    # One that is deleted between two pages is not shown, and costs no other its place.
    first = ann.done("list_memories", session_id=ann.tag, limit=3, order="oldest")
    psql(ann.database, f"UPDATE memories SET deleted_at = now() WHERE id = '{dropped}'")
    rest = ann.done("list_memories", session_id=ann.tag, order="oldest", limit=56, cursor=first["next_cursor"])
    assert [m["id"] for m in rest["memories"]] == [id for id in there[3:] if id != dropped]


def test_filters(agents):
    ann, amy, _ = agents
    a = ann.save("a", tags=["x", "y"], metadata={"project": "p", "deep": {"n": 1, "m": 2}})
    b = ann.save("b", tags=["y", "z"], metadata={"project": "q", "list": [1, 2]})
    c = amy.save("c", session_id=ann.tag, tags=["z"])
    assert set(ann.listed()) == {a, b, c}
    assert ann.listed(agent="amy") == [c]
    assert ann.listed(tags=["x", "y"]) == [a]
    assert ann.listed(tags=["x", "z"]) == []
    assert set(ann.listed(any_tags=["x", "z"])) == {a, b, c}
    assert ann.listed(metadata={"deep": {"n": 1}}) == [a]
    assert ann.listed(metadata={"list": [2]}) == [b]
    assert ann.listed(metadata={"project": "p", "deep": {"n": 3}}) == []
    assert set(ann.listed(metadata={})) == {a, b, c}
    assert ann.listed(metadata={"project": "q"}, any_tags=["z"], agent="ann") == [b]


def test_times_are_half_open(ann):
    days = [ann.save(f"day {day}", event_time=f"2020-01-0{day}T00:00:00Z") for day in (1, 2, 3)]
    now = ann.save("now")
    psql(ann.database, f"UPDATE memories SET created_at = '2030-05-05T00:00:00Z' WHERE id = '{days[1]}'")
    assert ann.listed(time="event", **{"from": "2020-01-01T00:00:00Z"}, to="2020-01-02T00:00:00Z") == [days[0]]
    assert ann.listed(time="event", to="2020-01-03T08:00:00+08:00", order="oldest") == [days[0], days[1]]
    assert ann.listed(time="event", **{"from": "2020-01-03T00:00:00.000001Z"}) == [now]
    for order in ("newest", "oldest"):
        assert ann.listed(**{"from": "2030-05-05T00:00:00Z"}, order=order) == [days[1]]
        assert ann.listed(to="2030-05-05T00:00:00.000001Z", **{"from": "2030-01-01T00:00:00Z"}, order=order) == [days[1]]
        assert days[1] not in ann.listed(to="2030-05-05T00:00:00Z", order=order)
        assert ann.listed(**{"from": "2030-05-05T00:00:00.000001Z"}, order=order) == []
    assert ann.listed(to="2020-01-01T00:00:00Z") == []


def test_states(ann):
    plain, pinned = ann.save("plain"), ann.save("pinned", pinned=True)
    stale = ann.save("stale", valid_until="2020-01-01T00:00:00Z")
    new = ann.save("new", supersedes=plain, valid_until="2099-01-01T00:00:00Z")
    report = ann.save("report", agent_metadata={"agent_name": "ci", "task_id": "t1"})
    other = ann.save("other", agent_metadata={"agent_name": "ci", "task_id": "t2"})
    embedded = ann.save("embedded", embedding=[1.0] + [0.0] * 4095)
    failed = ann.save("failed")
    psql(ann.database, f"UPDATE memories SET embed_state = 'failed', embed_error = 'no' WHERE id = '{failed}'")
    everything = {plain, pinned, stale, new, report, other, embedded, failed}
    for state, expected in {"active": everything - {plain, stale}, "stale": {stale}, "superseded": {plain},
            "pinned": {pinned}, "pending": everything - {embedded, failed}, "failed": {failed},
            "report": {report, other}}.items():
        assert set(ann.listed(state=state)) == expected, state
    assert ann.listed(agent_name="ci", task_id="t1") == [report]
    assert ann.listed(task_id="t2") == [other]
    assert ann.listed(agent_name="none") == []
    assert ann.done("get_memory", id=failed)["embed_error"] == "no"


def test_nobody_lists_what_is_not_his(agents):
    ann, amy, bob = agents
    shared, private = ann.save("shared"), ann.save("private", visibility="private")
    assert set(ann.listed()) == {shared, private}
    assert sum(amy.walk(session_id=ann.tag), []) == [shared]
    assert sum(bob.walk(session_id=ann.tag), []) == []
    assert sum(amy.walk(agent="ann", session_id=ann.tag, state="active", tags=["x"]), []) == []
    # A cursor is a place, not a right.
    cursor = ann.done("list_memories", session_id=ann.tag, limit=1)["next_cursor"]
    assert bob.done("list_memories", session_id=ann.tag, cursor=cursor)["memories"] == []


def test_three_levels_of_detail(ann):
    ann.save(LONG, assistant_response="short", metadata={"k": 1})
    ids, snippet, full = (ann.done("list_memories", session_id=ann.tag, detail=detail)["memories"][0]
        for detail in ("ids", "snippet", "full"))
    assert "user_input" not in ids and ids["id"] == full["id"]
    assert (len(snippet["user_input"]), snippet["truncated"], "metadata" in snippet) == (200, True, False)
    assert (full["user_input"], full["truncated"], full["metadata"]) == (LONG, False, {"k": 1})


@pytest.mark.parametrize("detail", ["ids", "snippet", "full"])
def test_max_tokens_is_kept_and_nothing_is_lost(ann, detail):
    ids = [ann.save(f"{n} " + "水 \"quoted\" text " * (n % 5) * 20, tags=["t"]) for n in range(12)]
    for tokens in (300, 500, 1000, 4000):
        shown, cursor = [], {}
        while True:
            result = ann.tool("list_memories", session_id=ann.tag, detail=detail, max_tokens=tokens, **cursor)
            assert bytes_of(result) <= tokens * 4
            page = result["structuredContent"]
            shown += [memory["id"] for memory in page["memories"]]
            assert len(shown) <= 12, "it does not get on"
            if not page["has_more"]:
                break
            assert page["next_cursor"] in tool_text(result).splitlines()[0]
            cursor = {"cursor": page["next_cursor"]}
        assert shown == ids[::-1]


def test_collapse_shows_one_of_near_duplicates(ann):
    base = "the deployment of the billing service failed because its certificate had expired again"
    ids = [ann.save(base + end) for end in ("", ".", "!")] + [ann.save("lunch")]
    assert ann.listed() == ids[::-1]
    page = ann.done("list_memories", session_id=ann.tag, collapse=True)["memories"]
    assert [(m["id"], m.get("near_duplicates")) for m in page] == [(ids[3], None), (ids[2], 2)]


@pytest.mark.parametrize("arguments, words", [
    ({"cursor": "nonsense!"}, "cursor: is not one that list_memories gave"),
    ({"cursor": "MTIzIGFiYw"}, "cursor: is not one that list_memories gave"),
    ({"tags": ["a"], "any_tags": ["b"]}, "any_tags: leave out tags"),
    ({"from": "2020-01-02T00:00:00Z", "to": "2020-01-02T00:00:00Z"}, "from: must be before to"),
    ({"from": "2020-01-32"}, "from: '2020-01-32' must be a date or a date-time such as"),
    ({"to": "yesterday"}, "to: 'yesterday' must be a date or a date-time such as"),
    ({"from": "2020-01-02", "to": "2020-01-02T00:00:00+00:00"}, "from: must be before to"),
    ({"from": "2020-01-02", "tz": "Mars/Olympus"}, "tz: there is no zone 'Mars/Olympus'; name one of the IANA database"),
    ({"tz": "CST"}, "tz: there is no zone 'CST'"),
    ({"state": "deleted"}, "state: must be one of active, stale, superseded, pinned, pending, failed, report"),
    ({"limit": 101}, "limit: 101 is out of range, must be an integer from 1 to 100"),
    ({"limit": 0}, "limit: 0 is out of range"),
    ({"max_tokens": 10}, "max_tokens: 10 is out of range, must be an integer from 300 to 100000"),
    ({"detail": "most"}, "detail: must be one of ids, snippet, full"),
    ({"order": "best"}, "order: must be one of newest, oldest"),
    ({"metadata": "x"}, "metadata: must be an object"),
    ({"tags": []}, "tags: has 0 texts, must have 1 to 64"),
    ({"namespace": "blue"}, "namespace: unknown argument"),
])
def test_bad_arguments_of_list_memories(ann, arguments, words):
    assert words in ann.refused("list_memories", **arguments)


# --- search_memories: detail and budget --------------------------------------------


def test_search_has_levels_and_a_budget(ann):
    for n in range(10):
        ann.save(f"walrus {n} {uuid.uuid4()} {uuid.uuid4()} " + f"filler{n} " * 150)
    search = {"query": "walrus", "session_id": ann.tag}
    ids, full = (ann.done("search_memories", detail=detail, **search)["hits"] for detail in ("ids", "full"))
    assert len(ids) == len(full) == 10
    assert not any("user_input" in hit for hit in ids)
    assert not any(hit["truncated"] for hit in full) and all(len(hit["user_input"]) > 1000 for hit in full)
    for tokens in (300, 600, 1500):
        result = ann.tool("search_memories", max_tokens=tokens, **search)
        found = result["structuredContent"]
        assert bytes_of(result) <= tokens * 4
        assert len(found["hits"]) + found["left_out"] == 10
        assert found["next_id"] == ids[len(found["hits"])]["id"]
        assert found["next_id"] in tool_text(result).splitlines()[0]


def test_search_collapses_near_duplicates(ann):
    words = "the yearly audit of the walrus pool found nothing wrong with its heating at all"
    for end in ("", ".", "!"):
        ann.save(words + end)
    hits = ann.done("search_memories", query="walrus audit", session_id=ann.tag)["hits"]
    assert [hit["near_duplicates"] for hit in hits] == [2]
    assert "2 near-duplicates of it not shown" in tool_text(
        ann.tool("search_memories", query="walrus audit", session_id=ann.tag))
