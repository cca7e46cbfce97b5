"""Vectors of what is saved: row first, vector later, and nothing lost whatever the provider does."""

import random
import threading
import time

import pytest
from embedding_stub import vector
from embeddings import reset, settled, usable
from metrics import Metrics
from sage import bearer, make_key, once, psql, tool_text, wait_for

# --- what is saved gets vectors -----------------------------------------------------


def test_a_save_is_answered_first_and_embedded_then(embedding, database, stub):
    stub.delay_s = 0.3
    with embedding.connect() as c:
        began = time.monotonic()
        saved = c.done("save_memory", {"user_input": once("the heron waits")})
        assert time.monotonic() - began < 0.25 and saved["embedding"] == "pending"
        settled(database)
        assert c.done("get_receipt", {"id": saved["id"]})["embedding"] == "ok"
        assert psql(database, "SELECT embed_model, vector_dims(embedding) FROM memories") == "stub@64|4096"


def test_a_save_can_wait_for_its_vector(embedding, database, stub):
    with embedding.connect() as c:
        assert c.done("save_memory", {"user_input": once(), "wait_embedded": True})["embedding"] == "ok"
        stub.fault = "broken"
        began = time.monotonic()
        saved = c.done("save_memory", {"user_input": once("never lost"), "wait_embedded": True})
        assert saved["embedding"] == "pending" and 9 < time.monotonic() - began < 15
        assert len(c.done("search_memories", {"query": "never lost"})["hits"]) == 1
        stub.fault = None
        reset(c)
        settled(database)


def test_whoever_waits_is_answered_when_the_database_goes(embedding, database, stub):
    stub.fault = "never"
    answers = []
    with embedding.connect() as c:
        waiting = threading.Thread(target=lambda: answers.append(c.done("save_memory", {"user_input": "kept", "wait_embedded": True})))
        waiting.start()
        wait_for("it is stored", lambda: psql(database, "SELECT count(*) FROM memories") == "1")
        psql(database, "ALTER TABLE memories RENAME TO away")
        waiting.join(15)
        psql(database, "ALTER TABLE away RENAME TO memories")
    assert answers[0]["state"] == "stored" and answers[0]["embedding"] == "pending"


def test_the_numbers_are_those_of_the_provider(embedding, database):
    text = once("exactly these")
    with embedding.connect() as c:
        c.done("save_memory", {"user_input": text, "assistant_response": "yes", "wait_embedded": True})
    stored = psql(database, "SELECT embedding FROM memories").strip("[]").split(",")
    assert [float(n) for n in stored[:64]] == vector(f"{text}\n\nyes", 64) and not any(float(n) for n in stored[64:])


def test_a_long_text_has_a_vector_for_each_piece(embedding, database, stub):
    text = "\n\n".join(f"{word} " * 900 for word in ("heron", "walrus", "lynx", "newt"))
    with embedding.connect() as c:
        id = c.done("save_memory", {"user_input": text, "wait_embedded": True})["id"]
        parts = int(psql(database, "SELECT count(*) FROM memory_vectors"))
        assert parts >= 3 and all(len(text.encode()) <= 6000 for text in stub.texts())
        for i in range(20):
            c.done("save_memory", {"user_input": once(f"other {i}"), "wait_embedded": i == 19})
        settled(database)
        for word in ("heron", "newt"):  # what stands at the end is found like the beginning
            query = vector(word, 64) + [0.0] * 4032
            hit = c.done("search_memories", {"query": "x", "embedding": query, "strategy": "semantic"})["hits"][0]
            assert hit["id"] == id and hit["score"] > 0.99
        c.done("update_memory", {"id": id, "user_input": once("short now")})
        settled(database)
        assert psql(database, "SELECT count(*) FROM memory_vectors") == "0"


def test_all_of_a_long_text_is_embedded(start, database, stub):
    text = " ".join(f"word{i}" for i in range(60000))  # half a megabyte
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    with server.connect() as c:
        c.done("save_memory", {"user_input": text, "wait_embedded": True})
        settled(database)
        embedded = " ".join(stub.texts()[1:]).split()
        assert embedded == text.split()


def test_changed_words_do_not_get_the_old_vector(embedding, database, stub):
    stub.delay_s = 0.5
    with embedding.connect() as c:
        id = c.done("save_memory", {"user_input": once("old")})["id"]
        wait_for("the old words are with the provider", lambda: any("old" in text for text in stub.texts()))
        text = once("new")
        c.done("update_memory", {"id": id, "user_input": text})
        stub.delay_s = 0
        settled(database)
        stored = psql(database, "SELECT embedding FROM memories").strip("[]").split(",")
        assert [float(n) for n in stored[:64]] == vector(text, 64)


@pytest.mark.parametrize("how", ["delete_memory", "erase_memories"])
def test_what_goes_meanwhile_gets_no_vector(embedding, database, stub, how):
    stub.delay_s = 0.5
    with embedding.connect() as c:
        id = c.done("save_memory", {"user_input": once("gone " * 3000)})["id"]
        wait_for("it is with the provider", lambda: any("gone" in text for text in stub.texts()))
        c.done(how, {"ids": [id]} if how == "delete_memory" else {"ids": [id], "dry_run": False})
        time.sleep(1.5)
        assert psql(database, "SELECT count(*) FROM memories WHERE embedding IS NOT NULL") == "0"
        assert psql(database, "SELECT count(*) FROM memory_vectors") == "0"


def test_erasing_takes_all_vectors(embedding, database):
    with embedding.connect() as c:
        id = c.done("save_memory", {"user_input": once("gone " * 3000), "wait_embedded": True})["id"]
        assert int(psql(database, "SELECT count(*) FROM memory_vectors")) >= 2
        c.done("erase_memories", {"ids": [id], "dry_run": False})
        assert psql(database, "SELECT count(*) FROM memory_vectors") == "0"


def test_nobodys_vectors_are_shown_to_others(start, database, stub):
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    ann, eve = (bearer(make_key(database, name, namespace)) for name, namespace in (("ann", "a"), ("eve", "b")))
    with server.connect() as c:
        c.done("save_memory", {"user_input": "heron " * 3000, "wait_embedded": True}, headers=ann)
        found = {"query": "x", "embedding": vector("heron", 64) + [0.0] * 4032, "strategy": "semantic"}
        assert len(c.done("search_memories", found, headers=ann)["hits"]) == 1
        assert c.done("search_memories", found, headers=eve)["hits"] == []


def test_random_vectors_are_refused(own):
    draw = random.Random(7)
    for numbers in ([draw.gauss(0, 1) for _ in range(4096)], [draw.random() for _ in range(4096)]):
        refused = own.tool("save_memory", {"user_input": once(), "embedding": numbers})
        assert refused["isError"] and "embedding" in tool_text(refused)
        batch = own.done("save_memories", {"memories": [{"user_input": once(), "embedding": numbers}, {"user_input": once()}]})
        assert "embedding" in batch["outcomes"][0]["error"] and batch["outcomes"][1]["state"] == "stored"
    assert own.done("save_memory", {"user_input": once(), "embedding": numbers, "force": True})["embedding"] == "ok"


def test_without_a_provider_nothing_is_different(own, database):
    saved = own.done("save_memory", {"user_input": once(), "wait_embedded": True})
    assert saved["embedding"] == "pending"
    assert own.done("get_status")["embedding"].keys() == {"waiting", "failed", "oldest_at"}
    assert psql(database, "SELECT current IS NULL FROM embedding_model") == "t"


# --- processes ----------------------------------------------------------------------


def test_killed_in_the_middle_nothing_is_lost_or_stored_twice(start, database, stub):
    settings = stub.settings(EMBEDDING_TIMEOUT_MS="300", EMBEDDING_BATCH="4")
    stub.delay_s = 0.05
    server = start(DATABASE_URL=database, **settings).wait_ready()
    with server.connect() as c:
        c.done("save_memories", {"memories": [{"user_input": once("pond " * 1500)} for _ in range(60)]})
    wait_for("some are done", lambda: int(psql(database, "SELECT count(*) FROM memories WHERE embed_state = 'ok'")) > 5)
    server.kill()
    done = int(psql(database, "SELECT count(*) FROM memories WHERE embed_state = 'ok'"))
    assert done < 60
    start(DATABASE_URL=database, **settings).wait_ready()
    settled(database)
    assert psql(database, "SELECT count(*), count(DISTINCT memory_id) FROM memory_vectors WHERE part = 1") == "60|60"
    assert psql(database, "SELECT count(*) FROM memory_vectors WHERE part = 0") == "0"


def test_two_processes_share_the_work(start, database, stub):
    stub.delay_s = 0.02
    pair = [start(DATABASE_URL=database, **stub.settings(EMBEDDING_BATCH="4")).wait_ready() for _ in range(2)]
    with pair[0].connect() as a, pair[1].connect() as b:
        for c in (a, b) * 3:
            c.done("save_memories", {"memories": [{"user_input": once()} for _ in range(50)]})
        settled(database)
        stored = [Metrics(server.admin()).value("embedding_stored_total") for server in pair]
    assert sum(stored) == 300 and min(stored) > 20
    texts = [text for text in stub.texts() if not text.startswith("How many")]
    assert len(texts) == len(set(texts)) == 300


def test_leaving_does_not_wait_for_the_provider(start, database, stub):
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    usable(server)
    stub.fault = "never"
    with server.connect() as c:
        c.done("save_memory", {"user_input": once()})
    wait_for("it is asked", lambda: len(stub.requests) > 1)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 5
