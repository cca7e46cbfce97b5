"""Sessions: going into one, their states, finding, merging, deleting and exporting them."""

import pytest
from sage import bearer, make_key, once, tool_text


def manage(connection, action: str, session_id: str | None = None, name: str | None = None, **how) -> dict:
    arguments = {"action": action} | ({"session_id": session_id} if session_id else {}) | ({"name": name} if name else {})
    return connection.done("manage_session", arguments, **how)


def info(connection, session_id: str | None = None, **how) -> dict:
    return manage(connection, "info", session_id, **how)["sessions"][0]


def save(connection, session_id: str | None = None, text: str = "hello", **arguments) -> dict:
    how = {"headers": arguments.pop("headers")} if "headers" in arguments else {}
    return connection.done("save_memory", {"user_input": once(text)} | arguments
        | ({"session_id": session_id} if session_id else {}), **how)


def refusal(connection, tool: str, arguments: dict, **how) -> str:
    result = connection.tool(tool, arguments, **how)
    assert result["isError"], result
    return tool_text(result)


def listed(connection, session_id: str, **how) -> list[str]:
    return [memory["id"] for memory in connection.done("list_memories", {"session_id": session_id, "limit": 100}, **how)["memories"]]


# --- which session it is ---------------------------------------------------------


def test_saves_and_context_follow_the_switch(own):
    assert save(own)["session_id"] == "default"
    made = manage(own, "create")
    new = made["sessions"][0]["session_id"]
    assert (made["created"], made["sessions"][0]["current"], info(own)["session_id"]) == (True, True, new)
    assert save(own)["session_id"] == new
    assert own.done("get_context")["session_id"] == new
    manage(own, "switch", "default")
    assert save(own)["session_id"] == "default"
    assert save(own, new)["session_id"] == new, "one that is named counts more"


def test_each_agent_is_in_its_own_session(agents):
    connection, ann, bob, eve = agents
    manage(connection, "create", "plan", headers=ann)
    assert save(connection, headers=ann)["session_id"] == "plan"
    assert save(connection, headers=bob)["session_id"] == save(connection, headers=eve)["session_id"] == "default"
    manage(connection, "switch", "plan", headers=bob)
    assert save(connection, headers=bob)["session_id"] == "plan"


def test_savers_at_once_go_where_each_agent_is(start, database):
    """Saves that the server gathers into one statement."""
    from concurrent.futures import ThreadPoolExecutor
    server = start(DATABASE_URL=database).wait_ready()
    keys = {f"agent{n}": bearer(make_key(database, f"agent{n}", "team")) for n in range(4)}

    def work(agent: str) -> set[str]:
        with server.connect() as connection:
            manage(connection, "create", agent, headers=keys[agent])
            return {save(connection, headers=keys[agent])["session_id"] for _ in range(30)}

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, keys)) == [{agent} for agent in keys]


def test_switch_needs_an_active_session(own):
    assert "no session 'nowhere'" in refusal(own, "manage_session", {"action": "switch", "session_id": "nowhere"})
    manage(own, "create", "old")
    manage(own, "archive", "old")
    assert info(own)["session_id"] == "default", "nobody stays in it"
    assert "resume" in refusal(own, "manage_session", {"action": "switch", "session_id": "old"})
    assert manage(own, "resume", "old")["sessions"][0]["current"]
    assert save(own)["session_id"] == "old"


# --- states ----------------------------------------------------------------------


def test_life_cycle_and_names(own):
    manage(own, "create", "work", "Work")
    for action, status in (("pause", "paused"), ("resume", "active"), ("complete", "completed"), ("archive", "archived")):
        assert manage(own, action, "work")["sessions"][0]["status"] == status
        assert info(own, "work")["status"] == status
    assert manage(own, "rename", "work", "Käfer")["sessions"][0]["name"] == "Käfer"
    assert (info(own, "work")["name"], info(own, "work")["status"]) == ("Käfer", "archived")


def test_creating_again_changes_nothing(own):
    manage(own, "create", "work", "Work")
    assert manage(own, "create", "work", "Other") ["created"] is False
    assert info(own, "work")["name"] == "Work"


@pytest.mark.parametrize("arguments, named", [
    ({"action": "rename", "session_id": "default"}, "name"), ({"action": "pause"}, "session_id"),
    ({"action": "switch"}, "session_id"), ({"action": "list", "session_id": "default"}, "session_id"),
    ({"action": "pause", "session_id": "default", "name": "x"}, "name"), ({"action": "fly"}, "action")])
def test_bad_actions_are_refused(connection, arguments, named):
    assert refusal(connection, "manage_session", arguments).startswith(named)


# --- finding ---------------------------------------------------------------------


def search(connection, **arguments) -> list[str]:
    how = {"headers": arguments.pop("headers")} if "headers" in arguments else {}
    return [session["session_id"] for session in connection.done("search_sessions", arguments, **how)["sessions"]]


def test_search_by_words_status_and_time(own):
    manage(own, "create", "a", "Database 50%_off")
    save(own, "b", "the heron stands by the river")
    save(own, "c", "nothing")
    manage(own, "complete", "c")
    assert search(own, query="DATABASE") == search(own, query="50%_") == ["a"]
    assert search(own, query="river heron") == ["b"]
    assert search(own, query="river nothing") == search(own, query="%") == [] or search(own, query="%") == ["a"]
    assert search(own, status="completed") == ["c"]
    assert search(own, to="2020-01-01T00:00:00Z") == search(own, **{"from": "2100-01-01T00:00:00Z"}) == []
    assert set(search(own, **{"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"})) == {"default", "a", "b", "c"}


def test_pages_show_each_session_once_whatever_is_written(own):
    there = [f"s{n:02}" for n in range(25)]
    for id in there:
        manage(own, "create", id)
    seen, arguments = [], {"limit": 4}
    while True:
        page = own.done("search_sessions", arguments)
        seen += [session["session_id"] for session in page["sessions"]]
        save(own, there[len(seen) % 25])
        manage(own, "create", once("new"))
        if not page["has_more"]:
            break
        arguments["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted([*there, "default"])


def test_search_shows_nothing_of_others(agents):
    connection, ann, bob, eve = agents
    save(connection, "plan", "the secret heron", visibility="private", headers=ann)
    assert search(connection, query="heron", headers=ann) == ["plan"]
    assert search(connection, query="heron", headers=bob) == search(connection, headers=eve) == []
    assert info(connection, "plan", headers=bob)["memories"] == 0
    assert "no session" in refusal(connection, "manage_session", {"action": "info", "session_id": "plan"}, headers=eve)


@pytest.mark.parametrize("arguments, named", [({"cursor": "x"}, "cursor"), ({"status": "asleep"}, "status"), ({"limit": 0}, "limit"),
    ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"), ({"query": ""}, "query")])
def test_bad_searches_are_refused(connection, arguments, named):
    assert refusal(connection, "search_sessions", arguments).startswith(named)


# --- merging and deleting --------------------------------------------------------


def test_merge_moves_memories(own):
    moved = [save(own, "from")["id"] for _ in range(3)]
    stays = save(own, "into")["id"]
    manage(own, "switch", "from")
    assert own.done("merge_sessions", {"session_id": "from", "into": "into"}) == {
        "session_id": "from", "merged_into": "into", "moved": 3}
    assert sorted(listed(own, "into")) == sorted([*moved, stays])
    assert own.done("get_memory", {"id": moved[0]})["session_id"] == "into"
    assert (info(own, "from")["memories"], info(own, "from")["merged_into"], info(own, "from")["status"]) == (0, "into", "archived")
    assert save(own)["session_id"] == "into", "those in it go along"
    assert "merged into 'into'" in refusal(own, "manage_session", {"action": "switch", "session_id": "from"})


def test_merge_keeps_the_same_words_of_both(own):
    ids = [own.done("save_memory", {"user_input": "the same", "session_id": id})["id"] for id in ("from", "into")]
    assert own.done("merge_sessions", {"session_id": "from", "into": "into"})["moved"] == 1
    assert sorted(listed(own, "into")) == sorted(ids)
    assert own.done("save_memory", {"user_input": "the same", "session_id": "into"})["state"] == "merged"


def test_merge_needs_two_sessions(own):
    id = save(own, "there")["id"]
    assert "no session 'nowhere'" in refusal(own, "merge_sessions", {"session_id": "there", "into": "nowhere"})
    assert "no session 'nowhere'" in refusal(own, "merge_sessions", {"session_id": "nowhere", "into": "there"})
    assert refusal(own, "merge_sessions", {"session_id": "there", "into": "there"}).startswith("into")
    assert listed(own, "there") == [id]


def test_delete_takes_its_memories_and_undo_brings_them_back(own):
    ids = [save(own, "gone")["id"] for _ in range(2)]
    manage(own, "switch", "gone")
    assert own.done("delete_session", {"session_id": "gone", "memories": "delete"}) == {
        "session_id": "gone", "removed": True, "deleted": 2}
    assert own.tool("get_memory", {"id": ids[0]})["isError"]
    assert "no session 'gone'" in refusal(own, "manage_session", {"action": "info", "session_id": "gone"})
    assert "no session 'gone'" in refusal(own, "delete_session", {"session_id": "gone", "memories": "delete"})
    assert info(own)["session_id"] == "default"
    assert own.done("delete_memory", {"ids": ids, "undo": True})["changed"]
    assert sorted(listed(own, "gone")) == sorted(ids)
    assert info(own, "gone")["memories"] == 2


def test_delete_may_move_its_memories(agents):
    connection, ann, _, eve = agents
    id = save(connection, "gone", headers=ann)["id"]
    assert connection.done("delete_session", {"session_id": "gone", "memories": "move"}, headers=ann)["moved"] == 1
    assert listed(connection, "default", headers=ann) == [id], "a default session that was not there yet"
    assert info(connection, headers=ann)["memories"] == 1
    assert refusal(connection, "delete_session", {"session_id": "default", "memories": "move"}, headers=ann).startswith("memories")


@pytest.mark.parametrize("tool, arguments", [("merge_sessions", {"into": "other"}), ("delete_session", {"memories": "delete"})])
def test_private_memories_of_others_stay(agents, tool, arguments):
    connection, ann, bob, eve = agents
    private = save(connection, "plan", visibility="private", headers=ann)["id"]
    save(connection, "plan", headers=ann)
    for who in bob, eve:
        save(connection, "other", headers=who)
    unknown = refusal(connection, tool, {"session_id": "plan"} | arguments, headers=eve)
    assert unknown == refusal(connection, tool, {"session_id": "none"} | arguments, headers=eve).replace("none", "plan")
    done = connection.done(tool, {"session_id": "plan"} | arguments, headers=bob)
    assert done.get("moved", done.get("deleted")) == 1 and not done.get("removed")
    assert listed(connection, "plan", headers=ann) == [private]
    assert info(connection, "plan", headers=ann)["memories"] == 1


# --- exporting -------------------------------------------------------------------


def pieces(connection, arguments: dict, **how) -> list[dict]:
    found = []
    while True:
        answer = connection.rpc("tools/call", {"name": "export_session", "arguments": arguments}, **how)
        assert not answer.result.get("isError"), tool_text(answer.result)
        assert len(answer.body) < 2**20
        found.append(answer.result["structuredContent"])
        if not found[-1]["has_more"]:
            return found
        arguments = arguments | {"cursor": found[-1]["next_cursor"]}


def test_export_is_complete_and_in_pieces(own):
    ids = [save(own, "big", f"{n} " + "wörd " * 20000, metadata={"n": n}, tags=["x"], agent_metadata={"agent_name": "a"})["id"]
        for n in range(8)]
    ids += [save(own, "big")["id"] for _ in range(120)]
    parts = pieces(own, {"session_id": "big"})
    assert len(parts) > 2
    memories = [memory for part in parts for memory in part["memories"]]
    assert [memory["id"] for memory in memories] == ids
    assert all(len(memories[n]["user_input"]) > 100000 and memories[n]["metadata"] == {"n": n} for n in range(8))
    assert memories[0]["tags"] == ["x"] and memories[0]["agent_metadata"] == {"agent_name": "a"}
    assert parts[0]["session"]["memories"] == 128


def test_export_as_markdown(own):
    texts = ["one", "```\nfenced\n```", "three"]
    for text in texts:
        save(own, "notes", text, metadata={"place": "Köln"})
    manage(own, "rename", "notes", "My notes")
    [part] = pieces(own, {"session_id": "notes", "format": "markdown"})
    assert part["markdown"].startswith("# My notes\n")
    assert all(text in part["markdown"] for text in texts) and part["markdown"].count("Köln") == 3
    assert "````user\n```\nfenced" in part["markdown"]


def test_export_shows_nothing_of_others(agents):
    connection, ann, bob, eve = agents
    save(connection, "plan", visibility="private", headers=ann)
    shared = save(connection, "plan", headers=ann)["id"]
    assert [memory["id"] for memory in pieces(connection, {"session_id": "plan"}, headers=bob)[0]["memories"]] == [shared]
    unknown = refusal(connection, "export_session", {"session_id": "none"}, headers=eve)
    assert refusal(connection, "export_session", {"session_id": "plan"}, headers=eve) == unknown.replace("none", "plan")


@pytest.mark.parametrize("arguments, named", [({}, "session_id"), ({"session_id": "default", "cursor": "x"}, "cursor"),
    ({"session_id": "default", "format": "csv"}, "format")])
def test_bad_exports_are_refused(connection, arguments, named):
    assert named in refusal(connection, "export_session", arguments)
