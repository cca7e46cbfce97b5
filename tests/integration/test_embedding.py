"""Vectors of what is saved: row first, vector later, and nothing lost whatever the provider does."""

import random
import threading
import time

import pytest
from embedding_stub import Stub, vector
from metrics import Metrics
from sage import bearer, make_key, once, psql, tool_text, wait_for

KEY = "sk-3f9c0a1b2c3d4e5f60718293"


@pytest.fixture
def stub():
    stub = Stub(key=KEY)
    yield stub
    stub.close()


@pytest.fixture
def embedding(start, database, stub):
    """A server of one's own with a provider that does what it should."""
    server = start(DATABASE_URL=database, **stub.settings(EMBEDDING_TIMEOUT_MS="1000")).wait_ready()
    usable(server)
    yield server
    assert KEY not in server.out_path.read_text() + server.err_path.read_text()


def usable(server):
    with server.connect() as connection:
        wait_for("the provider was probed", lambda: "problem" not in connection.done("get_status")["embedding"]
            and "dimensions" in connection.done("get_status")["embedding"])


def settled(database: str, within_s: float = 30):
    """Until every memory has its vector."""
    wait_for("all have vectors", lambda: psql(database, "SELECT count(*) FROM memories WHERE embed_state <> 'ok' AND deleted_at IS NULL") == "0",
        within_s)


def states(database: str) -> str:
    return psql(database, "SELECT embed_state, count(*) FROM memories GROUP BY 1 ORDER BY 1").replace("\n", " ")


def reset(connection):
    assert connection.done("reset_circuit_breaker", {"name": "embedding"})["reset"]


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


# --- a provider with faults -----------------------------------------------------------

AWAY = ["html", "half", "cut", "empty", "few", "many", "twice", "dimension", "base64", "huge", "redirect", "busy", "broken",
    "denied", "closes", "never", "drips"]
NO_VECTOR = ["nan", "infinite", "null", "zero"]


@pytest.mark.parametrize("fault", AWAY)
def test_while_the_provider_is_at_fault_nothing_is_lost(embedding, database, stub, fault):
    stub.fault = fault
    words = once("saved meanwhile")
    with embedding.connect() as c:
        c.done("save_memory", {"user_input": words})
        wait_for("it was tried", lambda: psql(database, "SELECT embed_error IS NOT NULL FROM memories") == "t", 20)
        assert states(database) == "pending|1"
        assert psql(database, "SELECT embed_attempts FROM memories") == "0", "an outage is no fault of the memory"
        assert c.done("search_memories", {"query": words})["hits"]
        stub.fault = None
        reset(c)
        settled(database)
    assert KEY not in psql(database, "SELECT embed_error FROM memories")


@pytest.mark.parametrize("fault", NO_VECTOR)
def test_an_unusable_vector_is_not_stored(embedding, database, stub, fault):
    stub.fault = fault
    with embedding.connect() as c:
        c.done("save_memory", {"user_input": once()})
        wait_for("it was tried", lambda: psql(database, "SELECT embed_attempts FROM memories") == "1", 20)
        assert psql(database, "SELECT embedding IS NULL, embed_error FROM memories").startswith("t|the answer has an embedding")
        assert c.done("get_status")["circuit_breakers"][-1] == {"name": "embedding", "state": "closed", "failures": 0}


def test_any_order_is_fine(embedding, database, stub):
    stub.fault = "shuffled"
    texts = [once(f"number {i}") for i in range(40)]
    with embedding.connect() as c:
        c.done("save_memories", {"memories": [{"user_input": text} for text in texts]})
        settled(database)
    for row in psql(database, "SELECT user_input, embedding FROM memories").split("\n"):
        text, numbers = row.split("|")
        assert [float(n) for n in numbers.strip("[]").split(",")[:64]] == vector(text, 64)


def test_one_text_that_is_refused_holds_up_no_other(embedding, database, stub):
    stub.refuses = "poison"
    with embedding.connect() as c:
        c.done("save_memories", {"memories": [{"user_input": once("poison" if i == 7 else "food")} for i in range(20)]})
        wait_for("the others have vectors", lambda: states(database) == "ok|19 pending|1", 20)
        wait_for("it says why", lambda: "too long" in psql(database, "SELECT coalesce(embed_error, '') FROM memories WHERE embed_state = 'pending'"))
        psql(database, "UPDATE memories SET embed_attempts = 4, embed_at = NULL WHERE embed_state = 'pending'")
        wait_for("it counts as failed", lambda: states(database) == "failed|1 ok|19", 20)
        status = c.done("get_status")["embedding"]
        assert status["failed"] == 1 and status["waiting"] == 0
        stub.refuses = None
        psql(database, "UPDATE memories SET embed_at = now() WHERE embed_state = 'failed'")
        settled(database)


def test_an_outage_is_seen_and_survived(embedding, database, stub):
    stub.fault = "broken"
    with embedding.connect() as c, embedding.admin() as admin:
        for _ in range(30):
            c.done("save_memory", {"user_input": once()})
        wait_for("the breaker opens", lambda: c.done("get_status")["circuit_breakers"][-1]["state"] != "closed", 30)
        metrics = Metrics(admin)
        metrics.check()
        assert metrics.value("circuit_breaker_opened_total", name="embedding") >= 1
        assert metrics.value("embedding_requests_total", outcome="unavailable") >= 1
        asked = len(stub.requests)
        wait_for("the backlog is counted", lambda: Metrics(admin).value("embedding_backlog") == 30)
        assert Metrics(admin).value("embedding_oldest_pending_seconds") > 0
        time.sleep(2)
        assert len(stub.requests) - asked <= 4, "it is left alone"
        stub.fault = None
        settled(database, 60)  # by itself
        wait_for("all is well", lambda: c.done("get_status")["circuit_breakers"][-1]["state"] == "closed")
        assert admin.send("POST", "/reset_circuit_breaker?name=embedding").status == 200


def test_what_the_provider_says_about_coming_back_is_kept(embedding, database, stub):
    stub.fault = "busy"
    with embedding.connect() as c:
        c.done("save_memory", {"user_input": once()})
        wait_for("it was asked", lambda: len(stub.requests) == 2)
        at = time.monotonic()
        wait_for("it is asked again", lambda: len(stub.requests) == 3)
        assert time.monotonic() - at > 0.9  # Retry-After: 1


def test_a_provider_without_base64_is_asked_for_numbers(start, database):
    stub = Stub(knows_base64=False)
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    usable(server)
    with server.connect() as c:
        assert c.done("save_memory", {"user_input": once(), "wait_embedded": True})["embedding"] == "ok"
    assert [r["encoding_format"] for r in stub.requests] == ["base64", "float", "float"]
    stub.close()


def test_dimensions_are_asked_for(start, database):
    stub = Stub()
    server = start(DATABASE_URL=database, **stub.settings(EMBEDDING_DIMENSION="32")).wait_ready()
    usable(server)
    assert stub.requests[0]["dimensions"] == 32
    with server.connect() as c:
        assert c.done("get_status")["embedding"]["dimensions"] == 32
    stub.close()


def test_too_many_dimensions_are_told_at_start(start, database):
    stub = Stub(dimensions=5000)
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    line = wait_for("it is logged", lambda: [l for l in server.log() if l["level"] == "error"])[0]
    assert "EMBEDDING_DIMENSION" in line["msg"] and "4096" in line["error"]
    with server.connect() as c:
        c.done("save_memory", {"user_input": "words still work"})
        assert c.done("search_memories", {"query": "words still work"})["hits"]
    stub.close()


def test_the_start_does_not_wait_for_the_provider(start, database, stub):
    stub.fault = "never"
    began = time.monotonic()
    server = start(DATABASE_URL=database, **stub.settings(EMBEDDING_TIMEOUT_MS="1000")).wait_ready()
    assert time.monotonic() - began < 5
    with server.connect() as c:
        id = c.done("save_memory", {"user_input": once()})["id"]
        assert "unavailable" in c.done("get_status")["embedding"]["problem"]
        stub.fault = None
        settled(database)
        assert c.done("get_receipt", {"id": id})["embedding"] == "ok"


@pytest.mark.parametrize("settings, name", [
    ({"EMBEDDING_API_URL": "ftp://127.0.0.1/"}, "EMBEDDING_API_URL"),
    ({"EMBEDDING_API_URL": "127.0.0.1:1"}, "EMBEDDING_API_URL"),
    ({"EMBEDDING_API_URL": "http://127.0.0.1:1", "EMBEDDING_API_KEY": "a\r\nX-Evil: 1"}, "EMBEDDING_API_KEY"),
    ({"EMBEDDING_API_URL": "http://127.0.0.1:1", "EMBEDDING_DIMENSION": "5000"}, "EMBEDDING_DIMENSION"),
])
def test_bad_configuration_is_named(start, database, settings, name):
    with pytest.raises(AssertionError, match=name):
        start(DATABASE_URL=database, **settings)


def test_the_key_may_come_from_a_file_and_is_never_shown(start, database, stub, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    settings = stub.settings(LOG_LEVEL="debug") | {"EMBEDDING_API_KEY": None, "SILICONFLOW_API_KEY_FILE": str(tmp_path / "key")}
    server = start(DATABASE_URL=database, **settings).wait_ready()
    usable(server)
    stub.fault = "denied"  # which quotes it
    with server.connect() as c, server.admin() as admin:
        c.done("save_memory", {"user_input": once()})
        wait_for("it was tried", lambda: psql(database, "SELECT coalesce(embed_error, '') FROM memories"), 20)
        shown = admin.get("/config").body + admin.get("/metrics").body + c.get("/openapi.json").body
        assert KEY.encode() not in shown and KEY not in str(c.done("get_status")) + str(c.done("get_memory", {"id": psql(database, "SELECT id FROM memories")}))
    assert KEY not in psql(database, "SELECT row_to_json(m)::text FROM memories m")
    assert KEY not in server.out_path.read_text() + server.err_path.read_text()


def test_the_loop_is_not_held_up(start, database):
    """A batch of 100 vectors of 4,096 numbers as text: the loop goes on answering. (Figures: tests/bench.)"""
    stub = Stub(dimensions=4096, knows_base64=False)
    server = start(DATABASE_URL=database, **stub.settings(EMBEDDING_BATCH="100", EMBEDDING_CONCURRENCY="1")).wait_ready()
    usable(server)
    with server.connect() as c, server.connect() as other:
        c.done("save_memories", {"memories": [{"user_input": once(f"m{i}")} for i in range(100)]})
        slowest = 0.0
        while "ok|100" not in states(database):
            began = time.monotonic()
            assert other.get("/healthz").status == 200
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 0.5  # with sanitizers, on a busy machine
    stub.close()


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
