"""The embedding provider: its faults, which lose nothing, how it is asked, and how it is configured."""

import time

import pytest
from embedding_stub import Stub, vector
from embeddings import KEY, reset, settled, states, usable
from metrics import Metrics
from sage import once, psql, wait_for

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


# --- how it is asked, and configured ----------------------------------------------------


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
