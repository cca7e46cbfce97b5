"""Saves: stored once whatever happens, refused with a time to come again, and many at once."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from locks import Lock
from sage import bearer, make_key, psql, run_command, tool_text

BATCHES = "2025-03-26"
TRIES = 3  # a save whose connection breaks is sent again, twice


def stored(database: str, text: str) -> int:
    return int(psql(database, f"SELECT count(*) FROM memories WHERE user_input = '{text}'"))


def arguments(text: str, key: str | None = None, **more) -> dict:
    return {"user_input": text, **({"idempotency_key": key} if key else {}), **more}


def begin(server, text: str, key: str | None = None, **headers):
    """A connection with a save under way on it."""
    connection = server.connect()
    connection.begin("tools/call", {"name": "save_memory", "arguments": arguments(text, key)}, headers=headers or None)
    return connection


@pytest.fixture
def alone(start, database):
    return start(DATABASE_URL=database).wait_ready()


# --- idempotency keys --------------------------------------------------------------


def test_the_same_key_is_the_same_memory(alone, database):
    with alone.connect() as connection:
        first = connection.done("save_memory", arguments("hello", "key-1"))
        again = connection.done("save_memory", arguments("hello", "key-1"))
        other = connection.done("save_memory", arguments("hello again", "key-2"))
        without = connection.done("save_memory", arguments("hello for the third time"))
    assert again == first | {"state": "replayed"}
    assert len({first["id"], other["id"], without["id"]}) == 3
    assert psql(database, "SELECT count(*) FROM memories") == "3"


def test_a_key_lasts_longer_than_its_server(start, database):
    ids = []
    for _ in range(2):
        server = start(DATABASE_URL=database).wait_ready()
        with server.connect() as connection:
            ids.append(connection.done("save_memory", arguments("hello", "a key of mine"))["id"])
        server.stop()
    assert ids[0] == ids[1]
    assert stored(database, "hello") == 1


@pytest.mark.parametrize("other", [{"user_input": "other"}, {"assistant_response": "other"}], ids=str)
def test_a_key_used_for_other_words_is_refused(alone, database, other):
    with alone.connect() as connection:
        connection.done("save_memory", arguments("hello", "key-1", assistant_response="hi"))
        result = connection.tool("save_memory", arguments("hello", "key-1", assistant_response="hi") | other)
        assert result["isError"] is True
        said = tool_text(result)
        assert "idempotency_key" in said and "key-1" in said and "new key" in said
    assert psql(database, "SELECT count(*) FROM memories") == "1"


def test_each_namespace_has_its_own_keys(start, database):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    keys = [make_key(database, "tester", namespace) for namespace in ("one", "two")]
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        ids = {connection.done("save_memory", arguments(text, "key-1"), headers=bearer(key))["id"]
            for key, text in zip(keys, ("mine", "yours"), strict=True)}
    assert len(ids) == 2


def test_the_same_key_within_one_batch(alone, database):
    def call(id: int, text: str, key: str) -> dict:
        return {"jsonrpc": "2.0", "id": id, "method": "tools/call",
            "params": {"name": "save_memory", "arguments": arguments(text, key)}}

    messages = [call(1, "hello", "a"), call(2, "hello", "a"), call(3, "other", "a"), call(4, "another", "b")]
    with alone.connect() as connection:
        answer = connection.post(json.dumps(messages).encode(), {"MCP-Protocol-Version": BATCHES})
    results = {message["id"]: message["result"] for message in answer.json}
    same = [results[id]["structuredContent"]["id"] for id in (1, 2) if not results[id].get("isError")]
    # Either words may come first; whoever comes second with others is refused.
    refused = [id for id in (1, 2, 3) if results[id].get("isError")]
    assert refused in ([3], [1, 2])
    assert len(set(same)) == (1 if same else 0)
    assert not results[4].get("isError")
    assert int(psql(database, "SELECT count(*) FROM memories")) == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "with\0nul"], ids=["empty", "too long", "NUL"])
def test_keys_that_are_none_are_refused(alone, database, key):
    with alone.connect() as connection:
        how = {"user_input": "x", "idempotency_key": key}
        answer = connection.rpc("tools/call", {"name": "save_memory", "arguments": how})
        assert "idempotency_key" in answer.refusal
    assert stored(database, "x") == 0


def test_keys_of_any_script_and_length(alone, database):
    keys = ["k", "k" * 255, "钥匙", "a b\tc", "'; DROP TABLE memories; --"]
    with alone.connect() as connection:
        ids = {connection.done("save_memory", arguments(f"by {key}", key))["id"] for key in keys for _ in range(2)}
    assert len(ids) == len(keys)


# --- outcomes that nobody knows ------------------------------------------------------


@pytest.mark.parametrize("key", ["my own key", None], ids=["own key", "no key"])
def test_an_unknown_outcome_names_the_key_to_save_it_with(alone, database, key):
    with Lock(database) as lock:
        connection = begin(alone, "hello", key)
        for _ in range(TRIES):
            lock.wait_for_waiters(1)
            psql(database, f"SELECT pg_terminate_backend({lock.waiting().pop()}, 5000)")
        result = connection.answer().result
    assert result["isError"] is True
    said = tool_text(result)
    assert "may or may not have been saved" in said
    named = said.split('"idempotency_key": "')[1].split('"')[0]
    assert named == key if key else named
    first = connection.done("save_memory", arguments("hello", named))
    assert connection.done("save_memory", arguments("hello", named)) == first | {"state": "replayed"}
    assert stored(database, "hello") == 1
    connection.http.close()


def test_a_save_whose_connection_breaks_is_stored_once(alone, database):
    with Lock(database) as lock:
        connection = begin(alone, "hello")
        lock.wait_for_waiters(1)
        psql(database, f"SELECT pg_terminate_backend({lock.waiting().pop()}, 5000)")
        lock.wait_for_waiters(1)
    assert not connection.answer().result.get("isError")
    assert stored(database, "hello") == 1
    connection.http.close()


def test_a_save_that_postgresql_gave_up_was_not_done(start, database):
    server = start(DATABASE_URL=database, DB_QUERY_TIMEOUT_MS="1500").wait_ready()
    with Lock(database):
        connection = begin(server, "hello")
        result = connection.answer().result
    assert result["isError"] is True
    assert "Nothing was saved" in tool_text(result)
    assert stored(database, "hello") == 0
    connection.http.close()


# --- refused, with a time ------------------------------------------------------------


def test_a_full_line_tells_when_to_come_again(start, database):
    server = start(DATABASE_URL=database, DB_POOL_SIZE="2", DB_QUEUE_LIMIT="0", DB_WAIT_TIMEOUT_MS="4000").wait_ready()
    with Lock(database) as lock:
        # Searches are not gathered: each has a connection, or none.
        waiting = [server.connect() for _ in range(2)]
        for connection in waiting:
            connection.begin("tools/call", {"name": "search_memories", "arguments": {"query": "x"}})
        lock.settle()
        refused = []
        with server.connect() as connection:
            for name, how in (("save_memory", {"user_input": "x"}), ("search_memories", {"query": "x"})) * 2:
                answer = connection.rpc("tools/call", {"name": name, "arguments": how})
                if answer.result.get("isError"):
                    refused.append(answer)
    assert refused, "nobody was refused"
    for answer in refused:
        assert answer.status == 200
        assert answer.headers["Retry-After"] == "4"
        assert "busy" in tool_text(answer.result)
    for connection in waiting:
        assert connection.answer().result
        connection.http.close()


def test_who_waits_too_long_is_told_when_to_come_again(start, database):
    server = start(DATABASE_URL=database, DB_POOL_SIZE="1", DB_POOL_MIN="1", DB_WAIT_TIMEOUT_MS="300").wait_ready()
    with Lock(database) as lock:
        first = begin(server, "first")
        lock.wait_for_waiters(1)
        with server.connect() as connection:
            answer = connection.rpc("tools/call", {"name": "search_memories", "arguments": {"query": "x"}})
        assert "busy" in tool_text(answer.result)
        assert answer.headers["Retry-After"] == "1"
    assert not first.answer().result.get("isError")
    first.http.close()


def test_an_answer_has_no_retry_after(alone):
    with alone.connect() as connection:
        answer = connection.rpc("tools/call", {"name": "save_memory", "arguments": {"user_input": "x"}})
        assert not answer.result.get("isError")
        assert "Retry-After" not in answer.headers


# --- many at once ----------------------------------------------------------------------


def test_many_at_once_share_their_commits(start, database):
    server = start(DATABASE_URL=database, DB_POOL_SIZE="4").wait_ready()
    clients, each = 32, 10
    with Lock(database) as lock:
        # While nothing can be stored, all of them wait, so they must be gathered.
        waiting = [begin(server, f"waiting {n}") for n in range(100)]
        lock.settle()
    ids = {connection.answer().result["structuredContent"]["id"] for connection in waiting}
    for connection in waiting:
        connection.http.close()
    assert len(ids) == 100
    assert int(psql(database, "SELECT count(DISTINCT xmin::text) FROM memories")) <= 6

    def save(client: int) -> list[tuple[str, str]]:
        with server.connect() as connection:
            texts = [f"client {client} turn {turn}" for turn in range(each)]
            return [(connection.done("save_memory", arguments(text))["id"], text) for text in texts]

    with ThreadPoolExecutor(clients) as crowd:
        saved = [pair for pairs in crowd.map(save, range(clients)) for pair in pairs]
    assert len({id for id, _ in saved}) == clients * each
    rows = dict(line.split("|") for line in psql(database, "SELECT id, user_input FROM memories").splitlines())
    assert all(rows[id] == text for id, text in saved)
    assert len(rows) == 100 + clients * each


def test_one_bad_save_among_many_fails_alone(alone, database):
    """PostgreSQL alone can refuse it: nothing before it knows this rule."""
    psql(database, "ALTER TABLE memories ADD CONSTRAINT no_poison CHECK (user_input <> 'poison')")
    with Lock(database) as lock:
        waiting = [begin(alone, "poison" if n == 15 else f"fine {n}") for n in range(30)]
        lock.settle()
    results = [connection.answer().result for connection in waiting]
    for connection in waiting:
        connection.http.close()
    assert [n for n, result in enumerate(results) if result.get("isError")] == [15]
    assert "23514" in tool_text(results[15])
    assert int(psql(database, "SELECT count(*) FROM memories")) == 29
