"""How a search ranks: words, embedding or both; age, validity, likeness; and what it says about it."""

import uuid

import pytest
from embedding_stub import Stub, vector
from sage import Server, bearer, create_database, make_key, run_command, tool_text, wait_for

DIMENSIONS = 4096


def padded(text: str) -> list[float]:
    """As the stub makes it, for a caller that brings its own."""
    small = vector(text, 64)
    return small + [0.0] * (DIMENSIONS - len(small))


@pytest.fixture(scope="module")
def ranked(cluster_uri, tmp_path_factory):
    database = create_database(cluster_uri, f"ranking_{uuid.uuid4().hex[:8]}")
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    make_key(database, "eve", "elsewhere")
    server = Server(tmp_path_factory.mktemp("ranking"), DATABASE_URL=database).wait_ready()
    yield server
    server.stop()


@pytest.fixture
def agent(ranked):
    """Somebody in a namespace of their own: a function to call tools."""
    server = ranked
    key = bearer(make_key(server.database, "ann", f"rank-{uuid.uuid4().hex[:8]}"))
    with server.connect() as connection:
        def call(tool: str, **arguments) -> dict:
            return connection.done(tool, arguments, headers=key)

        call.text = lambda tool, **arguments: tool_text(connection.tool(tool, arguments, headers=key))
        call.refused = lambda tool, **arguments: connection.rpc("tools/call", {"name": tool, "arguments": arguments}, headers=key).refusal
        yield call


def save(agent, text: str, **more) -> str:
    return agent("save_memory", user_input=text, force=True, **more)["id"]


def ids(agent, query: str, **more) -> list[str]:
    return [hit["id"] for hit in agent("search_memories", query=query, **more)["hits"]]


# --- words and embedding ---------------------------------------------------------------


def test_both_ways_find_what_one_alone_does_not(agent):
    by_word = save(agent, "the kiln was fired on Monday", embedding=padded("pottery"))
    by_meaning = save(agent, "glazes and clay", embedding=padded("heron"))
    neither = save(agent, "tax forms", embedding=padded("tax"))
    question = {"query": "kiln", "embedding": padded("heron")}
    assert set(ids(agent, **question)) >= {by_word, by_meaning}
    assert neither not in ids(agent, **question)[:2]
    assert ids(agent, strategy="keyword", **question) == [by_word]
    assert ids(agent, strategy="semantic", **question)[0] == by_meaning
    assert len(ids(agent, strategy="semantic", **question)) == 3
    assert agent("search_memories", strategy="semantic", **question)["hits"][0]["score"] == pytest.approx(1, abs=.001)


def test_what_is_near_in_both_ways_comes_first(agent):
    for word in ("osprey", "falcon", "kestrel"):
        save(agent, f"{word} over the marsh", embedding=padded(word))
    best = save(agent, "heron over the marsh", embedding=padded("heron"))
    assert ids(agent, query="heron in the marsh", embedding=padded("heron"))[0] == best


def test_without_a_provider_semantic_says_that_it_goes_by_words(agent):
    save(agent, "the lighthouse lamp")
    found = agent("search_memories", query="lighthouse", strategy="semantic")
    assert len(found["hits"]) == 1 and "no embedding provider" in found["by_words_only"]
    assert "no embedding provider" in agent.text("search_memories", query="lighthouse", strategy="semantic")
    assert "by_words_only" not in agent("search_memories", query="lighthouse")


def test_a_provider_embeds_the_question_and_its_outage_is_told(start, database):
    stub = Stub()
    try:
        server = start(DATABASE_URL=database, **stub.settings()).wait_ready()
        with server.connect() as c:
            wait_for("the provider was probed", lambda: "dimensions" in c.done("get_status")["embedding"])
            saved = c.done("save_memory", {"user_input": "grey wings", "wait_embedded": True})["id"]
            assert c.done("search_memories", {"query": "wings of grey", "strategy": "semantic"})["hits"][0]["id"] == saved
            for tool, arguments in (("get_context", {"query": "grey"}), ("generate_prompt", {"context": "grey"}), ("search", {"query": "grey"})):
                assert "grey wings" in tool_text(c.tool(tool, arguments)), tool
            stub.fault = "broken"
            found = c.done("search_memories", {"query": "something grey"})
            assert found["hits"][0]["id"] == saved and found["by_words_only"]
    finally:
        stub.close()


# --- age, validity, likeness --------------------------------------------------------------


def test_the_newer_counts_more_when_asked(agent):
    old = save(agent, "the ferry leaves at nine nine nine ferry", event_time="2020-01-01T00:00:00Z")
    new = save(agent, "the ferry leaves at ten, as everybody knows by now", event_time="2026-11-01T00:00:00Z")
    assert ids(agent, "ferry") == [old, new]
    assert ids(agent, "ferry", half_life_days=30) == [new, old]


def test_stale_is_labelled_or_left_out(agent):
    old = save(agent, "the port is 8080")
    new = save(agent, "the port is 9090 now", supersedes=old)
    gone = save(agent, "the port of the week", valid_until="2020-01-01T00:00:00Z")
    hits = {hit["id"]: hit for hit in agent("search_memories", query="port")["hits"]}
    assert set(hits) == {old, new, gone}
    assert hits[old]["superseded_by"] == new and hits[gone]["stale"] is True
    assert "SUPERSEDED" in agent.text("search_memories", query="port")
    assert ids(agent, "port", strict=True) == [new]


def test_diversity_puts_the_unlike_before_the_like(agent):
    like = [save(agent, f"violin lesson with the old teacher on {day}", session_id=day) for day in ("Monday", "Tuesday", "Friday")]
    other = save(agent, "violin strings broke at the concert hall last night", session_id="other")
    plain = ids(agent, "violin lesson", limit=3)
    assert set(plain) == set(like)
    assert other in ids(agent, "violin lesson", limit=3, diversity=.7)


def test_a_least_score_leaves_hits_out(agent):
    for text in ("beekeeping gloves", "gloves for the winter that are too large, and a scarf, and a hat"):
        save(agent, text, session_id=uuid.uuid4().hex)
    hits = agent("search_memories", query="beekeeping gloves")["hits"]
    assert len(hits) == 2
    between = (hits[0]["score"] + hits[1]["score"]) / 2
    assert ids(agent, "beekeeping gloves", min_score=between) == [hits[0]["id"]]


@pytest.mark.parametrize("argument,value", [("strategy", "magic"), ("diversity", 2), ("half_life_days", -1), ("min_score", "high"),
    ("why_not", "no-uuid")])
def test_bad_wishes_are_named(agent, argument, value):
    assert argument in agent.refused("search_memories", query="x", **{argument: value})


# --- why ----------------------------------------------------------------------------------


def test_each_hit_is_explained(agent):
    saved = save(agent, "the zymurgy class meets in the old brewery", embedding=padded("beer"))
    save(agent, "an old boat")
    found = agent("search_memories", query="old zymurgy", embedding=padded("beer"), explain=True)
    reasons = found["explained"][0]
    assert reasons["id"] == found["hits"][0]["id"] == saved
    assert {term["term"] for term in reasons["terms"]} == {"old", "zymurgy"}
    idf = {term["term"]: term["idf"] for term in reasons["terms"]}
    assert idf["zymurgy"] > idf["old"] > 0
    assert reasons["word_rank"] == 1 and reasons["vector_rank"] == 1 and reasons["similarity"] == pytest.approx(1, abs=.001)
    assert sum(reasons["parts"].values()) == pytest.approx(reasons["word_score"], rel=.001)
    assert "zymurgy (" in agent.text("search_memories", query="old zymurgy", explain=True)
    assert "explained" not in agent("search_memories", query="old zymurgy")


def test_chinese_words_are_explained(agent):
    save(agent, "我们决定把数据库换成向量检索")
    reasons = agent("search_memories", query="数据库", explain=True)["explained"][0]
    assert {"数据", "据库"} <= {term["term"] for term in reasons["terms"] if "term" in term}


def test_a_memory_that_is_no_hit_is_explained(agent, ranked):
    first = save(agent, "the heron nests by the river", session_id="river")
    other = save(agent, "a rusty kiln", session_id="kiln")
    old = save(agent, "heron of old", event_time="2020-01-01T00:00:00Z")
    save(agent, "heron of new", supersedes=old)
    gone = save(agent, "heron that is gone")
    agent("delete_memory", ids=[gone])

    def why(id: str, **more) -> str:
        return agent("search_memories", **{"query": "heron", "why_not": id} | more)["why_not"]["reason"]

    assert "hit no." in why(first)
    assert "were to be shown" in why(first, query="heron old", limit=1)
    assert "no word" in why(other)
    assert "another session" in why(first, session_id="kiln")
    assert "outside" in why(old, **{"from": "2026-01-01T00:00:00Z"})
    assert "superseded" in why(old, strict=True)
    assert "deleted" in why(gone)
    with ranked.connect() as connection:
        eve = bearer(make_key(ranked.database, "eve", "elsewhere"))
        foreign = connection.done("save_memory", {"user_input": "heron of others"}, headers=eve)["id"]
    assert why(foreign) == why(str(uuid.uuid4())) and "you may see" in why(foreign)
