"""Hits in the order of a rerank provider, and in that of the search whatever the provider does."""

import threading
import time

import pytest
from metrics import Metrics
from rerank_stub import Stub
from sage import MODERN, bearer, make_key, once, tool_text, wait_for

KEY = "jina_3f9c0a1b2c3d4e5f60718293"
LIMIT_MS = 600
BREAKER = "circuit_breakers"


@pytest.fixture
def stub():
    stub = Stub(key=KEY)
    yield stub
    stub.close()


def probed(server, outcome: str = "ok", times: int = 1):
    with server.admin() as admin:
        wait_for("it was probed", lambda: Metrics(admin).value("rerank_requests_total", outcome=outcome) >= times)


@pytest.fixture
def ranking(start, database, stub):
    """A server with a provider that does what it should; its key is in no log."""
    server = start(DATABASE_URL=database, LOG_LEVEL="debug", **stub.settings(RERANK_TIMEOUT_MS=str(LIMIT_MS))).wait_ready()
    probed(server)
    yield server
    assert KEY not in server.out_path.read_text() + server.err_path.read_text()


def save(c, text: str, **more) -> str:
    return c.done("save_memory", {"user_input": text, "force": True} | more)["id"]


def fill(c, count: int = 5) -> list[str]:
    """Memories in the order of the provider, which is not that of the search."""
    saved = [save(c, " ".join(["heron"] * (count - i) + ["reed"] * 3 + [f"worth={i}"]), session_id=f"s{i}") for i in range(count)]
    return saved[::-1]


def search(c, query: str = "heron", **more) -> dict:
    return c.done("search_memories", {"query": query} | more)


def ids(found: dict) -> list[str]:
    return [hit["id"] for hit in found["hits"]]


def breaker(c) -> dict:
    return c.done("get_status")[BREAKER][-1]


def reset(c):
    assert c.done("reset_circuit_breaker", {"name": "rerank"})["reset"][0]["now"] == "closed"


# --- a provider that does what it should ------------------------------------------------


def test_hits_are_in_the_order_of_the_provider(ranking, stub):
    with ranking.connect() as c:
        best_first = fill(c)
        plain = search(c, rerank=False)
        assert ids(plain) != best_first and stub.asked() == []
        found = search(c)
        assert ids(found) == best_first and "not_reranked" not in found
        assert {hit["id"]: hit["score"] for hit in found["hits"]} == {hit["id"]: hit["score"] for hit in plain["hits"]}
        asked = stub.asked()[0]
        assert asked["model"] == "BAAI/bge-reranker-v2-m3" and asked["query"] == "heron" and asked["top_n"] == 5
        assert stub.paths[-1] == "/v1/rerank"
        for strategy in ("keyword", "semantic", "hybrid"):
            assert ids(search(c, strategy=strategy)) == best_first
        assert ids(c.done("search_memory", {"query": "heron"})) == best_first


def test_a_provider_of_the_other_kind(start, database):
    stub = Stub(kind="tei")
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    probed(server)
    with server.connect() as c:
        best_first = fill(c)
        assert ids(search(c)) == best_first
    assert set(stub.paths) == {"/rerank"} and all(request["truncate"] is True for request in stub.requests)
    stub.close()


@pytest.mark.parametrize("kind, base", [("tei", "/v1"), ("tei", "/v2/rerank/"), ("jina", ""), ("jina", "/proxy/rerank")])
def test_the_kind_is_found_out(start, database, kind, base):
    stub = Stub(kind=kind, base=base)
    server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
    probed(server)
    with server.connect() as c:
        best_first = fill(c)
        assert ids(search(c)) == best_first
    assert len(stub.requests) == 3, "a wrong guess, once"
    stub.close()


def test_both_texts_are_sent_and_long_ones_are_cut(ranking, stub):
    with ranking.connect() as c:
        save(c, "heron asked", assistant_response="a bird \"that\"\\ waits\n\tby the water\x01 worth=1")
        save(c, "heron " + "水" * 3000, assistant_response="é" * 5000)
        search(c, "heron " + "鳥" * 3000)
    assert "heron asked\n\na bird \"that\"\\ waits\n\tby the water\x01 worth=1" in stub.texts()
    long = max(stub.texts(), key=len)
    assert [len(part.encode()) for part in long.split("\n\n")] == [6 + 664 * 3, 2000]
    assert len(stub.asked()[-1]["query"].encode()) == 6 + 664 * 3


def test_the_best_may_come_from_behind_the_limit(ranking, stub):
    with ranking.connect() as c:
        best_first = fill(c, 12)
        assert ids(search(c, limit=3)) == best_first[:3]
        assert len(stub.texts()) == 12
        assert ids(search(c, limit=1, detail="full")) == best_first[:1]
        shown = search(c, limit=2, detail="ids")["hits"]
        assert [hit["id"] for hit in shown] == best_first[:2] and all("user_input" not in hit for hit in shown)


def test_what_is_behind_the_candidates_stays_behind(start, database):
    stub = Stub()
    server = start(DATABASE_URL=database, **stub.settings(RERANK_CANDIDATES="4")).wait_ready()
    with server.connect() as c:
        best_first = fill(c, 10)
        plain = ids(search(c, rerank=False))
        for limit in (10, 4):
            assert ids(search(c, limit=limit)) == sorted(plain[:4], key=best_first.index) + plain[4:limit]
        assert len(stub.texts()) == 8
    stub.close()


def test_explaining_says_what_the_provider_did(ranking):
    with ranking.connect() as c:
        best_first = fill(c)
        plain = ids(search(c, rerank=False))
        explained = search(c, explain=True)["explained"]
        assert [(e["id"], e["rerank_score"], e["rank_before"]) for e in explained] == [
            (id, 4 - i, plain.index(id) + 1) for i, id in enumerate(best_first)]
        assert "re-ranked from no. 5 with 4;" in tool_text(c.tool("search_memories", {"query": "heron", "explain": True}))
        assert all("rerank_score" not in e for e in search(c, explain=True, rerank=False)["explained"])
        why = search(c, limit=2, why_not=best_first[-1])["why_not"]
        assert why["rank"] == 1 and "the re-rank made it no. 5" in why["reason"]
        assert "no. 2" in search(c, limit=2, why_not=best_first[1])["why_not"]["reason"]


def test_some_searches_are_not_re_ranked(ranking, stub):
    with ranking.connect() as c:
        fill(c)
        assert "not_reranked" not in search(c, strategy="recent")
        assert search(c, "nothing of it")["hits"] == []
        save(c, "a single walrus")
        assert len(search(c, "walrus")["hits"]) == 1
        assert stub.asked() == []


def test_min_score_is_that_of_the_search(ranking, stub):
    with ranking.connect() as c:
        best_first = fill(c)
        scores = sorted(hit["score"] for hit in search(c, strategy="keyword", rerank=False)["hits"])
        found = search(c, strategy="keyword", min_score=scores[2])
        assert ids(found) == best_first[2:] and len(stub.texts()) == 3


def test_age_counts_on_top(ranking):
    with ranking.connect() as c:
        old = save(c, "heron of old worth=9", event_time="2001-01-01T00:00:00Z")
        new = save(c, "heron of now worth=8")
        save(c, "heron without worth")
        assert ids(search(c))[:2] == [old, new]
        assert ids(search(c, half_life_days=30))[:2] == [new, old]


def test_likeness_counts_on_top(ranking):
    with ranking.connect() as c:
        first, twin = (save(c, f"the heron waits at the old mill pond number {i} worth=9", session_id=f"t{i}") for i in range(2))
        other = save(c, "heron soup, a recipe by my aunt worth=8")
        save(c, "heron without worth")
        assert set(ids(search(c))[:2]) == {first, twin}
        assert ids(search(c, diversity=0.5))[1] == other


def test_texts_that_come_back_are_no_trouble(ranking, stub):
    with ranking.connect() as c:
        best_first = fill(c)
        for i in range(20):
            save(c, f"heron {i} " + "水" * 2000, assistant_response="\t" * 2000 + "火" * 1500)
        stub.fault = "echo"
        assert ids(search(c, limit=5)) == best_first[:5]


def test_without_a_provider_nothing_is_different(own):
    with_it = own.done("search_memories", {"query": "heron", "rerank": True})
    assert with_it == own.done("search_memories", {"query": "heron"}) == own.done("search_memories", {"query": "heron", "rerank": False})
    assert "rerank" not in own.done("get_status") and all(b["name"] != "rerank" for b in own.done("get_status")[BREAKER])


def test_one_namespace_sends_nothing_of_another(ranking, stub, database):
    ann, eve = (bearer(make_key(database, name, space)) for name, space in (("ann", "a"), ("eve", "b")))
    with ranking.connect() as c:
        for i in range(3):
            c.done("save_memory", {"user_input": once(f"heron of ann {i}")}, headers=ann)
            c.done("save_memory", {"user_input": once(f"heron of eve {i}")}, headers=eve)
        c.done("search_memories", {"query": "heron"}, headers=eve)
    assert len(stub.texts()) == 3 and all("eve" in text for text in stub.texts())


# --- a provider with faults --------------------------------------------------------------

FAULTS = ["html", "half", "cut", "empty", "few", "many", "twice", "beyond", "negative", "nan", "null", "words", "other", "huge", "redirect",
    "busy", "broken", "denied", "closes"]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_is_wrong_the_order_of_the_search_stands(ranking, stub, fault):
    with ranking.connect() as c, ranking.admin() as admin:
        fill(c)
        plain = search(c, rerank=False)
        stub.fault = fault
        found = search(c)
        assert found.pop("not_reranked") and found == plain
        text = tool_text(c.tool("search_memories", {"query": "heron"}))
        assert "not re-ranked" in text and KEY not in text
        metrics = Metrics(admin)
        metrics.check()
        assert metrics.value("rerank_requests_total", outcome="failed") >= 1 and metrics.value("rerank_running") == 0
        status = c.done("get_status")
        assert status["rerank"]["problem"] and KEY not in str(status)
        assert KEY not in str(found) + metrics.text + admin.get("/config").body.decode()


@pytest.mark.parametrize("fault", ["never", "drips"])
def test_a_slow_provider_holds_up_a_search_no_longer_than_its_limit(ranking, stub, fault):
    with ranking.connect() as c, ranking.admin() as admin:
        fill(c, 10)
        plain = search(c, rerank=False)
        stub.fault = fault
        began = time.monotonic()
        found = search(c)
        assert LIMIT_MS / 1000 - 0.05 < time.monotonic() - began < LIMIT_MS / 1000 + 1.5
        assert f"{LIMIT_MS} ms" in found.pop("not_reranked") and found == plain
        assert Metrics(admin).value("rerank_requests_total", outcome="late") == 1


def test_a_provider_that_fails_is_left_alone_and_comes_back(ranking, stub):
    with ranking.connect() as c, ranking.admin() as admin:
        best_first = fill(c)
        stub.fault = "never"
        wait_for("the breaker opens", lambda: search(c) and breaker(c)["state"] == "open", 20)
        assert breaker(c)["name"] == "rerank" and ranking.logged("the rerank provider is left alone for a while; hits stay in the order of the search")
        stub.fault = "broken"  # at once, should it be asked
        asked = len(stub.requests)
        began = time.monotonic()
        for _ in range(20):
            assert search(c)["not_reranked"]
        # Waits are drawn, from 1 ms up to twice the one before: a few of them may have passed.
        assert len(stub.requests) - asked <= 8 and time.monotonic() - began < 20 * LIMIT_MS / 1000
        metrics = Metrics(admin)
        assert metrics.value("rerank_requests_total", outcome="skipped") >= 12
        assert metrics.value("circuit_breaker_opened_total", name="rerank") == 1
        stub.fault = None
        reset(c)
        assert ids(search(c)) == best_first and "problem" not in c.done("get_status")["rerank"]
        stub.fault = "broken"
        wait_for("the breaker opens", lambda: search(c) and breaker(c)["state"] == "open", 20)
        stub.fault = None
        wait_for("it comes back by itself", lambda: "not_reranked" not in search(c), 30)
        assert breaker(c) == {"name": "rerank", "state": "closed", "failures": 0}
        assert admin.send("POST", "/reset_circuit_breaker?name=rerank").status == 200


def test_what_the_provider_says_about_coming_back_is_kept(ranking, stub):
    with ranking.connect() as c:
        fill(c)
        stub.fault = "busy"  # Retry-After: 1
        assert search(c)["not_reranked"]
        stub.fault = None
        at = time.monotonic()
        wait_for("it is asked again", lambda: "not_reranked" not in search(c))
        assert time.monotonic() - at > 0.8


def test_texts_that_are_refused_are_no_outage(ranking, stub):
    with ranking.connect() as c, ranking.admin() as admin:
        fill(c)
        stub.refuses = "reed"
        for _ in range(5):
            assert "413" in search(c)["not_reranked"]
        assert breaker(c) == {"name": "rerank", "state": "closed", "failures": 0}
        assert Metrics(admin).value("rerank_requests_total", outcome="refused") == 5


def test_too_many_at_once_are_not_sent(start, database, stub):
    server = start(DATABASE_URL=database, **stub.settings(RERANK_TIMEOUT_MS="5000")).wait_ready()
    probed(server)
    answers = []

    def one():
        with server.connect() as c:
            answers.append(search(c))

    with server.connect() as c:
        fill(c)
    stub.delay_s = 1.5
    threads = [threading.Thread(target=one) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    skipped = [found for found in answers if "too many" in found.get("not_reranked", "")]
    assert len(answers) == 40 and 1 <= len(skipped) <= 8 and len(stub.asked()) == 40 - len(skipped)


# --- clients, the start, the end -------------------------------------------------------


def test_a_client_that_leaves_takes_its_request_along(ranking, stub):
    with ranking.connect() as c:
        fill(c)
    stub.fault = "never"
    with ranking.admin() as admin:
        with ranking.connect() as c:
            c.begin("tools/call", {"name": "search_memories", "arguments": {"query": "heron"}}, era=MODERN)
            wait_for("it is with the provider", lambda: stub.asked())
        wait_for("it is cancelled", lambda: Metrics(admin).value("rerank_requests_total", outcome="cancelled") == 1, LIMIT_MS / 1000)
        assert Metrics(admin).value("rerank_running") == 0


def test_the_start_does_not_wait_for_the_provider(start, database, stub):
    stub.fault = "never"
    began = time.monotonic()
    server = start(DATABASE_URL=database, **stub.settings(RERANK_TIMEOUT_MS="100")).wait_ready()
    assert time.monotonic() - began < 5
    with server.connect() as c:
        fill(c)
        assert search(c)["not_reranked"]
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 5


def test_a_wrong_key_is_told_at_the_start(start, database, stub):
    server = start(DATABASE_URL=database, **stub.settings(RERANK_API_KEY=KEY[:-1])).wait_ready()
    line = wait_for("it is logged", lambda: server.logged("the rerank provider could not be probed; searches try it again"))[0]
    assert "401" in line["error"] and "quotes" in line["answer"] and KEY[:-1] not in server.out_path.read_text() + server.err_path.read_text()


def test_the_key_may_come_from_a_file(start, database, stub, tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    settings = stub.settings() | {"RERANK_API_KEY": None, "RERANK_API_KEY_FILE": str(tmp_path / "key")}
    probed(start(DATABASE_URL=database, **settings).wait_ready())


@pytest.mark.parametrize("settings, name", [
    ({"RERANK_API_URL": "ftp://127.0.0.1/"}, "RERANK_API_URL"),
    ({"RERANK_API_URL": "127.0.0.1:1"}, "RERANK_API_URL"),
    ({"RERANK_API_URL": "http://127.0.0.1:1", "RERANK_API_KEY": "a\r\nX-Evil: 1"}, "RERANK_API_KEY"),
    ({"RERANK_API_URL": "http://127.0.0.1:1", "RERANK_CANDIDATES": "51"}, "RERANK_CANDIDATES"),
    ({"RERANK_API_URL": "http://127.0.0.1:1", "RERANK_TIMEOUT_MS": "1"}, "RERANK_TIMEOUT_MS"),
])
def test_bad_configuration_is_named(start, database, settings, name):
    with pytest.raises(AssertionError, match=name):
        start(DATABASE_URL=database, **settings)
