"""What was broken in the original Sage: each of its defects is tried, and is none here."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sage import ROOT, once, psql, run_command, tool_text, wait_for

NOBODY = "00000000-0000-4000-8000-000000000000"
SENTENCE = "The heron nests in the reeds by the northern lake, far from every road."


def save(connection, text: str | None = None, **arguments) -> dict:
    how = {"headers": arguments.pop("headers")} if "headers" in arguments else {}
    return connection.done("save_memory", {"user_input": text or once()} | arguments, **how)


def refusal(connection, tool: str, arguments: dict, **how) -> str:
    result = connection.tool(tool, arguments, **how)
    assert result.get("isError") is True, result
    return tool_text(result)


def test_a_fresh_install_saves(own):
    saved = own.done("S", {"user_prompt": "first words", "assistant_response": "kept",
        "agent_metadata": {"agent_name": "first"}})
    assert own.done("get_memory", {"id": saved["id"]})["user_input"] == "first words"


def test_reset_closes_an_open_breaker(start, cluster):
    server = start(DATABASE_URL=cluster.uri).wait_ready()

    def breaker(connection) -> str:
        return connection.done("get_status")["circuit_breakers"][0]["state"]

    with server.connect() as connection:
        save(connection)
        cluster.stop()
        for _ in range(30):
            connection.tool("save_memory", {"user_input": once()})
            if breaker(connection) != "closed":
                break
        assert breaker(connection) != "closed"
        # While the database is still away: once it is back the server finds it by itself.
        reset = connection.done("reset_circuit_breaker")["reset"]
        assert reset[0]["was"] in ("open", "half_open") and reset[0]["now"] == "closed"
        cluster.start()
        wait_for("it saves again", lambda: not connection.tool("save_memory", {"user_input": once()}).get("isError"))


def test_no_vector_is_made_up(own, database):
    """Without anything to embed with there is none, and the state of each memory says so."""
    saved = save(own)
    assert saved["embedding"] in ("pending", "none")
    assert psql(database, f"SELECT embedding IS NULL FROM memories WHERE id = '{saved['id']}'") == "t"


def test_a_sentence_finds_what_it_is_about_before_what_is_new(own):
    wanted = save(own, SENTENCE)["id"]
    for n in range(20):
        save(own, f"Note {n}: the northern office moved to another road.")
    question = "Where in the north does that heron have its nests?"
    assert own.done("search_memories", {"query": question})["hits"][0]["id"] == wanted
    assert wanted in tool_text(own.tool("get_context", {"query": question, "max_results": 1}))


@pytest.mark.parametrize("sign", ["%", "_", "\\", "'", "100% of_it"])
def test_signs_of_like_are_words_like_others(own, sign):
    save(own, SENTENCE)
    assert own.done("search_memories", {"query": sign})["hits"] == []


def test_date_filters_filter(own, database):
    old, new = save(own)["id"], save(own)["id"]
    psql(database, f"UPDATE memories SET created_at = '2024-05-01T00:00:00Z' WHERE id = '{old}'")
    for bounds, found in (({"to": "2024-05-02T00:00:00+08:00"}, [old]), ({"from": "2024-05-02T00:00:00Z"}, [new]),
            ({"from": "2024-05-01T00:00:00Z", "to": "2024-05-01T00:00:00.000001Z"}, [old])):
        assert [m["id"] for m in own.done("list_memories", bounds)["memories"]] == found
    assert "from" in refusal(own, "list_memories", {"from": "2025-01-01T00:00:00Z", "to": "2024-01-01T00:00:00Z"})


def test_sessions_are_named_and_each_agents_own(agents):
    connection, ann, bob, eve = agents
    for key, session in ((ann, "ann's"), (bob, "bob's")):
        for action in ({"action": "create", "session_id": session, "name": f"What is {session}"},
                {"action": "switch", "session_id": session}):
            connection.done("manage_session", action, headers=key)
    assert [save(connection, headers=key)["session_id"] for key in (ann, bob, ann)] == ["ann's", "bob's", "ann's"]
    assert save(connection, session_id="third", headers=ann)["session_id"] == "third"
    listed = connection.done("manage_session", {"action": "list"}, headers=bob)["sessions"]
    assert {s["session_id"]: s["name"] for s in listed}["bob's"] == "What is bob's"
    assert "ann's" not in {s["session_id"] for s in connection.done("manage_session", {"action": "list"}, headers=eve)["sessions"]}


def test_the_current_session_outlives_the_server(start, database):
    for session in "kept", None:
        server = start(DATABASE_URL=database).wait_ready()
        with server.connect() as connection:
            if session:
                connection.done("manage_session", {"action": "create", "session_id": session})
                connection.done("manage_session", {"action": "switch", "session_id": session})
            assert save(connection)["session_id"] == "kept"
        server.stop()


def test_agents_do_not_mix(agents):
    connection, ann, bob, eve = agents
    word = once("secret")
    id = save(connection, word, visibility="private", headers=ann)["id"]
    for key in bob, eve:
        assert connection.done("search_memories", {"query": word}, headers=key)["hits"] == []
        assert word not in tool_text(connection.tool("get_context", {"query": "x"}, headers=key))
        assert refusal(connection, "get_memory", {"id": id}, headers=key).replace(id, NOBODY) == refusal(
            connection, "get_memory", {"id": NOBODY}, headers=key)


def test_merging_moves_the_memories(own):
    id = save(own, session_id="from")["id"]
    save(own, session_id="into")
    assert own.done("merge_sessions", {"session_id": "from", "into": "into"})["moved"] == 1
    assert own.done("get_memory", {"id": id})["session_id"] == "into"


def test_updated_words_are_found_and_wait_for_a_new_vector(own, database):
    saved = save(own, "the old words", embedding=[1.0] * 4096)
    assert own.done("update_memory", {"id": saved["id"], "user_input": "a walrus instead"})["embedding"] == "pending"
    assert own.done("search_memories", {"query": "walrus"})["hits"][0]["id"] == saved["id"]


@pytest.mark.parametrize(("tool", "arguments"), [("update_memory", {"id": NOBODY, "user_input": "x"}),
    ("delete_session", {"session_id": "nowhere", "memories": "delete"}),
    ("merge_sessions", {"session_id": "nowhere", "into": "default"}),
    ("manage_session", {"action": "switch", "session_id": "nowhere"})])
def test_changing_nothing_is_an_error(own, tool, arguments):
    assert "there is no" in refusal(own, tool, arguments)


def test_deleting_nothing_is_told(own):
    result = own.tool("delete_memory", {"ids": [NOBODY]})
    assert result.get("isError") is True or (result["structuredContent"]["changed"] == [] and
        result["structuredContent"]["not_found"] == [NOBODY])


@pytest.mark.parametrize(("tool", "arguments"), [("get_memory", {"id": "x"}), ("save_memory", {}),
    ("search_memories", {"query": "x", "limit": 0}), ("get_context", {"words": "x"})])
def test_errors_are_flagged(own, tool, arguments):
    assert refusal(own, tool, arguments)


def test_what_it_prints_is_its_log_alone(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    assert all(line["msg"] for line in server.log())


def test_the_same_words_at_once_are_one_memory(start, database):
    server = start(DATABASE_URL=database).wait_ready()

    def race(_) -> str:
        with server.connect() as connection:
            return save(connection, "the same words")["id"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(race, range(24)))) == 1
    assert psql(database, "SELECT count(*), max(merged) FROM memories") == "1|23"


def test_deduplication_looks_back_without_end_and_at_the_border_of_the_texts(own, database):
    first = save(own, "ab", assistant_response="c")
    psql(database, "UPDATE memories SET created_at = '2020-01-01'")
    again = save(own, "ab", assistant_response="c")
    assert (again["state"], again["id"]) == ("merged", first["id"])
    assert save(own, "a", assistant_response="bc")["state"] == "stored"
    assert save(own, "ab", assistant_response="c", session_id="another")["state"] == "stored"


def test_the_migrations_of_each_release_run(database):
    for _ in range(2):
        done = run_command("migrate", DATABASE_URL=database)
        assert done.returncode == 0, done.stderr


def test_no_password_is_built_in(start):
    """But for the developers' database, which only this machine reaches."""
    files = [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]
    for_developers = {ROOT / "deploy" / name for name in ("README.md", "README.zh-CN.md", "postgres/dev-password")}
    assert for_developers < set(files)
    known = [path for path in [*files, ROOT / "docker-compose.prod.yml"] if path not in for_developers]
    assert not [path for path in known if re.search(rb"sage123|dev-password", path.read_bytes())]
    ports = re.findall(r'^ +- "?(\S+:5432)"?$', (ROOT / "docker-compose-db.yml").read_text(), re.MULTILINE)
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_other_origins_are_refused(own):
    answer = own.send("POST", "/v1/tools/get_status", b"{}", {"Origin": "https://evil.example"})
    assert answer.status == 403


def test_lists_go_on_page_by_page(own):
    for _ in range(5):
        save(own)
    page = own.done("list_memories", {"limit": 2})
    following = own.done("list_memories", {"limit": 3, "cursor": page["next_cursor"]})
    assert len({m["id"] for m in page["memories"] + following["memories"]}) == 5


def test_results_are_whole_when_asked_for(own):
    words = "long words " * 1000
    id = save(own, words)["id"]
    assert own.done("search_memories", {"query": "long words", "detail": "full"})["hits"][0]["user_input"] == words
    assert own.done("get_memory", {"id": id})["user_input"] == words


def test_what_is_saved_is_not_logged(start, database):
    server = start(DATABASE_URL=database, LOG_LEVEL="debug").wait_ready()
    word = once("unsaid")
    with server.connect() as connection:
        save(connection, word, metadata={"key": word}, agent_metadata={"agent_name": word})
        connection.done("search_memories", {"query": word})
        refusal(connection, "save_memory", {"user_input": word, "metadata": word})
    assert word not in json.dumps(server.log())
