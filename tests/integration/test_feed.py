"""What one agent changes, the others catch up with: list_changes and hand-off notes."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from sage import bearer, make_key, once, psql, wait_for


def pages(connection, cursor: str | None = None, **how):
    """All changes from there on, and the last cursor."""
    found = []
    while True:
        page = connection.done("list_changes", {"limit": 7} | ({"cursor": cursor} if cursor else {}), **how)
        found += page["changes"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return found, cursor


@pytest.fixture
def own(start, database):
    """A connection to a server whose database nobody else uses."""
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        yield connection


def test_each_change_comes_once_and_in_order(own):
    saved = [own.done("save_memory", {"user_input": once(str(n))})["id"] for n in range(20)]
    changes, cursor = pages(own)
    assert [change["id"] for change in changes] == saved
    assert {change["change"] for change in changes} == {"saved"}
    assert pages(own, cursor) == ([], cursor)
    more = own.done("save_memory", {"user_input": once()})["id"]
    assert [change["id"] for change in pages(own, cursor)[0]] == [more]


def test_a_late_commit_is_not_skipped(own, database):
    """A transaction that began before others and commits after them."""
    late = subprocess.Popen(["psql", "--no-psqlrc", "-qAt", database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    late.stdin.write("BEGIN; INSERT INTO memories (user_input, assistant_response) VALUES ('late', '') RETURNING id;\n")
    late.stdin.flush()
    late_id = late.stdout.readline().strip()
    early = [own.done("save_memory", {"user_input": once()})["id"] for _ in range(3)]
    seen, cursor = pages(own)
    late.communicate("COMMIT;\n", timeout=10)
    seen += wait_for("the late one", lambda: pages(own, cursor)[0])
    ids = [change["id"] for change in seen]
    assert sorted(ids) == sorted([late_id, *early])


def test_readers_under_load_see_everything_once(own, start, database):
    server = start(DATABASE_URL=database).wait_ready()

    def writer(number: int) -> list[str]:
        with server.connect() as connection:
            return [connection.done("save_memory", {"user_input": once(f"{number} {n}")})["id"] for n in range(50)]

    seen, cursor = [], None
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(writer, number) for number in range(4)]
        while not all(each.done() for each in writers):
            more, cursor = pages(own, cursor)
            seen += more
    written = [id for each in writers for id in each.result()]
    wait_for("everything was seen", lambda: seen.extend(pages(own, cursor)[0]) or len(seen) >= len(written))
    assert sorted(change["id"] for change in seen) == sorted(written)


def test_nobody_hears_of_others_private_memories(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    ann, bob = bearer(make_key(database, "ann", "team")), bearer(make_key(database, "bob", "team"))
    with server.connect() as connection:
        connection.done("save_memory", {"user_input": once(), "visibility": "private"}, headers=ann)
        shared = connection.done("save_memory", {"user_input": once()}, headers=ann)["id"]
        assert [change["id"] for change in pages(connection, headers=bob)[0]] == [shared]
        assert len(pages(connection, headers=ann)[0]) == 2


@pytest.mark.parametrize("cursor", ["x", "MTIz", "LTEgMCAwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA"])
def test_foreign_cursors_are_refused(own, cursor):
    assert own.tool("list_changes", {"cursor": cursor})["isError"]


def test_a_cursor_from_before_a_restore_is_refused(own, database):
    own.done("save_memory", {"user_input": once()})
    psql(database, "UPDATE memories SET change_xid = '99999999999'")
    ahead = own.tool("list_changes", {"cursor": "OTk5OTk5OTk5OTkgMSAwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA"})
    assert ahead["isError"] and "restored" in ahead["content"][0]["text"]


def test_notes_wait_until_they_are_fetched(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    ann, bob = bearer(make_key(database, "ann", "team")), bearer(make_key(database, "bob", "team"))
    with server.connect() as connection:
        left = connection.done("hand_off", {"action": "leave", "to_agent": "bob", "note": "The build is red."}, headers=ann)
        assert connection.done("hand_off", {"action": "fetch"}, headers=ann)["notes"] == []
        notes = connection.done("hand_off", {"action": "fetch"}, headers=bob)["notes"]
        assert [(note["id"], note["from_agent"], note["note"]) for note in notes] == [(left["id"], "ann", "The build is red.")]
        assert connection.done("hand_off", {"action": "fetch"}, headers=bob)["notes"] == []
        assert len(connection.done("hand_off", {"action": "list"}, headers=bob)["notes"]) == 1


@pytest.mark.parametrize("arguments, named", [({"action": "leave", "note": "x"}, "to_agent"),
    ({"action": "leave", "to_agent": "x"}, "note"), ({"action": "fetch", "note": "x"}, "note")])
def test_bad_notes_are_refused(connection, arguments, named):
    result = connection.tool("hand_off", arguments)
    assert result["isError"] and result["content"][0]["text"].startswith(named)
