"""Updating, deleting, undoing: history is kept, and nobody changes what is not theirs."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sage import bearer, make_key, once, psql, tool_text

NOBODY = "00000000-0000-4000-8000-000000000000"


def save(connection, **arguments) -> str:
    how = {"headers": arguments.pop("headers")} if "headers" in arguments else {}
    return connection.done("save_memory", {"user_input": once()} | arguments, **how)["id"]


def get(connection, id: str, **how) -> dict:
    return connection.done("get_memory", {"id": id, "versions": True}, **how)


def test_only_what_is_given_changes(connection):
    id = save(connection, user_input=once("port 1"), metadata={"a": 1, "b": 2}, tags=["x"], pinned=True)
    words = once("port 2")
    updated = connection.done("update_memory", {"id": id, "user_input": words, "metadata": {"b": None, "c": 3}})
    assert updated["version"] == 2
    memory = get(connection, id)
    assert (memory["user_input"], memory["metadata"], memory["tags"]) == (words, {"a": 1, "c": 3}, ["x"])
    assert memory["pinned"] is True
    assert connection.done("search_memories", {"query": words, "limit": 1})["hits"][0]["id"] == id


def test_a_long_text_is_cleaned_to_its_end(own, database):
    """Longer than what is cleaned in one turn of the loop; each secret of what was given is counted once."""
    key, words = "sk-ant-api03-" + "aB3dE5gH7j" * 9, "pond heron " * 30_000
    id = save(own, assistant_response="plain")
    own.done("update_memory", {"id": id, "user_input": words + key, "tags": ["t"]})
    memory = get(own, id)
    assert memory["user_input"] == words + "[redacted:api_key]" and memory["assistant_response"] == "plain"
    own.done("update_memory", {"id": id, "assistant_response": f"{key} {words}"})
    assert get(own, id)["assistant_response"] == f"[redacted:api_key] {words}"
    assert psql(database, "SELECT kind, count FROM redaction_counts") == "api_key|2"


def test_metadata_may_be_replaced(connection):
    id = save(connection, metadata={"a": 1})
    connection.done("update_memory", {"id": id, "metadata": {"b": 2}, "replace_metadata": True})
    assert get(connection, id)["metadata"] == {"b": 2}


def test_history_is_kept_and_can_be_gone_back_to(connection):
    first, second = once("first"), once("second")
    id = save(connection, user_input=first)
    connection.done("update_memory", {"id": id, "user_input": second, "tags": ["late"]})
    versions = get(connection, id)["versions"]
    assert [(version["version"], version["user_input"]) for version in versions] == [(1, first)]
    assert connection.done("update_memory", {"id": id, "revert_to": 1})["version"] == 3
    memory = get(connection, id)
    assert (memory["user_input"], memory.get("tags", [])) == (first, [])
    assert "no version 9" in tool_text(connection.tool("update_memory", {"id": id, "revert_to": 9}))


def test_one_of_two_updates_of_a_version_wins(server, connection):
    id = save(connection)

    def update(number: int) -> bool:
        with server.connect() as own:
            return not own.tool("update_memory", {"id": id, "user_input": once(str(number)),
                "expected_version": 1}).get("isError")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(update, range(8))) == 1
    assert get(connection, id)["version"] == 2


def test_updates_without_a_version_all_count(server, connection):
    id = save(connection)

    def update(number: int):
        with server.connect() as own:
            own.done("update_memory", {"id": id, "metadata": {str(number): number}})

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(update, range(3)))
    assert get(connection, id)["metadata"] == {"0": 0, "1": 1, "2": 2}


def test_other_words_need_another_vector(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        id = save(connection, embedding=[1.0] + [0.0] * 4095)
        connection.done("update_memory", {"id": id, "tags": ["x"]})
        assert psql(database, "SELECT embed_state FROM memories") == "ok"
        assert connection.done("update_memory", {"id": id, "user_input": once()})["embedding"] == "pending"
        assert psql(database, "SELECT embedding IS NULL FROM memories") == "t"


def test_times_can_be_taken_away(connection):
    id = save(connection, valid_until="2030-01-01T00:00:00Z")
    connection.done("update_memory", {"id": id, "clear": ["valid_until"]})
    assert "valid_until" not in get(connection, id)
    assert tool_text(connection.tool("update_memory", {"id": id, "clear": ["words"]})).startswith("clear[0]")


def test_words_of_another_memory_are_no_clash(connection):
    words = once()
    save(connection, user_input=words)
    other = save(connection)
    assert connection.done("update_memory", {"id": other, "user_input": words})["version"] == 2


def test_deleted_is_gone_until_it_is_undone(connection):
    words = once("heron")
    id = save(connection, user_input=words)
    assert connection.done("delete_memory", {"ids": [id]})["changed"] == [id]
    assert connection.tool("get_memory", {"id": id})["isError"]
    assert id not in [hit["id"] for hit in connection.done("search_memories", {"query": words})["hits"]]
    assert connection.tool("update_memory", {"id": id, "tags": []})["isError"]
    assert connection.done("delete_memory", {"ids": [id], "undo": True})["changed"] == [id]
    assert get(connection, id)["user_input"] == words


def test_words_saved_again_after_a_deletion_are_no_clash(connection):
    words = once()
    id = save(connection, user_input=words)
    connection.done("delete_memory", {"ids": [id]})
    again = connection.done("save_memory", {"user_input": words})
    assert (again["state"], again["id"] != id) == ("stored", True)
    assert connection.done("delete_memory", {"ids": [id], "undo": True})["changed"] == [id]


def test_unknown_ids_are_named_and_change_nothing_when_all_are(connection):
    id = save(connection)
    assert connection.done("delete_memory", {"ids": [id, NOBODY]})["not_found"] == [NOBODY]
    assert f"no memory {NOBODY}" in tool_text(connection.tool("delete_memory", {"ids": [NOBODY]}))
    assert f"no memory {NOBODY}" in tool_text(connection.tool("update_memory", {"id": NOBODY, "tags": []}))


@pytest.mark.parametrize("tool, arguments", [("update_memory", {"tags": ["x"]}), ("delete_memory", {})])
def test_nobody_changes_what_is_not_theirs(start, database, tool, arguments):
    server = start(DATABASE_URL=database).wait_ready()
    ann, bob, eve = (bearer(make_key(database, agent, namespace)) for agent, namespace in (
        ("ann", "team"), ("bob", "team"), ("eve", "other")))
    with server.connect() as connection:
        private = save(connection, visibility="private", headers=ann)
        shared = save(connection, headers=ann)

        def does(id: str, who: dict) -> str:
            named = {"ids": [id]} if tool == "delete_memory" else {"id": id}
            result = connection.tool(tool, named | arguments, headers=who)
            return tool_text(result).replace(id, "ID") if result.get("isError") else "done"

        unknown = does(NOBODY, eve)
        assert unknown == does(private, bob) == does(private, eve) == does(shared, eve) != "done"
        assert does(private, ann) == does(shared, bob) == "done"


def test_changes_are_in_the_audit_log_without_words(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        id = save(connection, user_input="secret heron")
        connection.done("update_memory", {"id": id, "user_input": "secret egret"})
        connection.done("delete_memory", {"ids": [id]})
        connection.done("delete_memory", {"ids": [id], "undo": True})
    assert psql(database, f"SELECT action FROM audit_log WHERE target = '{id}' ORDER BY id").split() == [
        "update", "delete", "undelete"]
    assert "secret" not in psql(database, "SELECT audit_log::text FROM audit_log")
