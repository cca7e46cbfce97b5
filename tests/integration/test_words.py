"""What words find: every language and code, after every kind of change, beside others, and for bad questions."""

import json
import random
import threading
import time
from pathlib import Path

import pytest
from sage import bearer, make_key, once, psql, wait_for

BILINGUAL = json.loads((Path(__file__).parent / "bilingual.json").read_text())


def save(connection, text: str, **arguments) -> str:
    return connection.done("save_memory", {"user_input": text} | arguments)["id"]


def found(connection, words: str, **arguments) -> list[str]:
    return [hit["id"] for hit in connection.done("search_memories", {"query": words} | arguments)["hits"]]


def test_chinese_and_code_are_found_beside_english(own):
    ids = [save(own, said, assistant_response=answered, session_id=f"s{i}") for i, (said, answered) in enumerate(BILINGUAL["memories"])]
    missed = [question for question, i in BILINGUAL["questions"] if ids[i] not in found(own, question, limit=5)]
    assert len(missed) <= 0.05 * len(BILINGUAL["questions"]), missed
    short = [question for question, _ in BILINGUAL["questions"] if len(question) == 2]
    assert len(short) > 20 and not set(short) & set(missed)


# --- the index after every kind of change -----------------------------------------

# What the index says, and what it would say if it were made now of the memories that there are.
KEPT = """
    SELECT term || ' ' || namespace || ' ' || sum(memories) FROM (
        SELECT term, namespace, memories FROM lexicon_terms
        UNION ALL SELECT unnest(terms), namespace, change FROM lexicon_changes) AS c
    GROUP BY term, namespace HAVING sum(memories) <> 0
    UNION ALL
    SELECT namespace || ' ' || sum(memories) || ' ' || sum(words) FROM (
        SELECT namespace, memories, words FROM lexicon_totals
        UNION ALL SELECT namespace, change, change * words FROM lexicon_changes) AS c
    GROUP BY namespace HAVING sum(memories) <> 0 ORDER BY 1"""
ANEW = """
    SELECT term || ' ' || namespace || ' ' || count(*) FROM memories, unnest(terms) AS term
    WHERE deleted_at IS NULL GROUP BY term, namespace
    UNION ALL
    SELECT namespace || ' ' || count(*) || ' ' || sum(words) FROM memories WHERE deleted_at IS NULL GROUP BY namespace ORDER BY 1"""
STALE = "SELECT count(*) FROM memories WHERE deleted_at IS NULL AND (text_version < 1 OR terms IS NULL OR lexicon IS NULL)"


def assert_right(database: str):
    assert psql(database, STALE) == "0"
    assert psql(database, KEPT) == psql(database, ANEW)


def test_the_index_is_right_after_every_change(own, database):
    heron = save(own, "a heron by the pond", session_id="birds")
    assert_right(database)
    own.done("save_memories", {"memories": [{"user_input": f"egret {n} in the reeds"} for n in range(70)]})
    assert_right(database)
    own.done("update_memory", {"id": heron, "user_input": "a kingfisher by the pond"})
    assert_right(database)
    assert found(own, "kingfisher") == [heron] and not found(own, "heron")
    own.done("update_memory", {"id": heron, "user_input": "a kingfisher, by the pond!"})  # the same words
    assert_right(database)
    own.done("delete_memory", {"ids": [heron]})
    assert_right(database)
    assert not found(own, "kingfisher")
    own.done("delete_memory", {"ids": [heron], "undo": True})
    assert_right(database)
    assert found(own, "kingfisher") == [heron]
    rolled = own.done("roll_back", {"agent": "local", "from": "2020-01-01T00:00:00Z", "dry_run": False})
    assert_right(database)
    assert not found(own, "kingfisher")
    own.done("roll_back", {"reverse": rolled["receipt_id"]})
    assert_right(database)
    assert found(own, "kingfisher") == [heron]
    own.done("erase_memories", {"words": "kingfisher", "dry_run": False})
    assert_right(database)
    assert not found(own, "kingfisher") and found(own, "egret")


def test_counts_are_added_up_and_stay_right(own, database):
    for n in range(30):
        save(own, f"an avocet and {n} godwits")
    wait_for("they are added up", lambda: psql(database, "SELECT count(*) FROM lexicon_changes") == "0", 20)
    assert int(psql(database, "SELECT max(memories) FROM lexicon_terms")) == 30
    assert_right(database)


def test_words_that_another_program_replaced_are_found(own, database):
    id = save(own, "a heron by the pond")
    psql(database, f"UPDATE memories SET user_input = 'a puffin on the cliff' WHERE id = '{id}'")
    wait_for("its words are found", lambda: found(own, "puffin") == [id], 20)
    assert not found(own, "heron")
    assert_right(database)


def test_an_earlier_version_of_the_terms_is_replaced(own, database):
    id = save(own, "a heron by the pond")
    psql(database, f"UPDATE memories SET text_version = 0, terms = '{{1,2,3}}' WHERE id = '{id}'")
    wait_for("it is indexed anew", lambda: psql(database, STALE) == "0", 20)
    assert_right(database)
    assert found(own, "herons") == [id]


def test_an_import_and_a_second_namespace_keep_the_index(agents, database):
    connection, ann, bob, eve = agents
    for headers in (ann, bob, eve):
        connection.done("save_memory", {"user_input": "the heron of " + once()}, headers=headers)
    assert_right(database)
    hits = connection.done("search_memories", {"query": "heron"}, headers=eve)["hits"]
    assert len(hits) == 1


def test_savers_erasers_and_housekeeping_do_not_lock_each_other_out(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    failed, until = [], time.monotonic() + 6

    def work(number: int):
        draw = random.Random(number)
        with server.connect() as connection:
            while time.monotonic() < until:
                words = draw.sample("heron egret pond reed cliff marsh tide gull wing nest".split(), 6)
                saved = connection.tool("save_memories", {"memories": [{"user_input": f"{once()} {' '.join(words)}"} for _ in range(8)]})
                ids = [outcome["id"] for outcome in saved["structuredContent"]["outcomes"] if "id" in outcome]
                done = [saved, connection.tool("update_memory", {"id": ids[0], "user_input": once(" ".join(words[::-1]))}),
                    connection.tool("delete_memory", {"ids": [ids[1]]}),
                    connection.tool("erase_memories", {"ids": ids[2:5], "dry_run": False}),
                    connection.tool("search_memories", {"query": " ".join(words[:3])})]
                failed.extend(result for result in done if result.get("isError"))

    workers = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failed
    assert psql(database, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == "0"
    assert_right(database)


# --- neighbours, sessions, filters ------------------------------------------------

def test_an_answer_is_found_by_the_question_before_it(own):
    for n in range(20):
        save(own, f"chatter number {n} about lamps", session_id=f"other-{n}")
    save(own, "Which violin did you buy in Cremona?", session_id="talk")
    answer = save(own, "The old one with the dark varnish.", session_id="talk")
    assert answer in found(own, "Which violin from Cremona has dark varnish?", limit=2)


def test_a_session_filter_holds_for_neighbours_too(own):
    here = [save(own, f"heron {n}", session_id="here") for n in range(3)]
    save(own, "heron elsewhere", session_id="there")
    assert set(found(own, "heron", session_id="here")) == set(here)
    assert not found(own, "heron", session_id="nowhere")


def test_private_memories_are_not_found_by_others_nor_through_neighbours(agents):
    connection, ann, bob, _ = agents
    word = once("secret")
    connection.done("save_memory", {"user_input": word, "visibility": "private", "session_id": "s"}, headers=ann)
    connection.done("save_memory", {"user_input": "beside it", "session_id": "s"}, headers=bob)
    assert not connection.done("search_memories", {"query": word}, headers=bob)["hits"]
    assert len(connection.done("search_memories", {"query": word}, headers=ann)["hits"]) >= 1


# --- bad questions ----------------------------------------------------------------

@pytest.mark.parametrize("question", ["?", "a", "中", "...!?", "🚀", "\u200d", "the of and", "' OR 1=1 --", "\\", "a" * 16000,
    "word " * 3000, "中文" * 2000, "🚀" * 4000, "{}[]()<>", "\u0301" * 100, "x_" * 5000])
def test_any_question_gets_an_answer(connection, question):
    assert isinstance(connection.done("search_memories", {"query": question})["hits"], list)


def test_a_question_of_a_megabyte_is_refused_by_name(connection):
    result = connection.tool("search_memories", {"query": "x" * 2**20})
    assert result["isError"] and "query" in result["content"][0]["text"]


def test_one_emoji_and_one_character_are_found(own):
    rocket, tea = save(own, "launch 🚀 today"), save(own, "喝茶")
    assert found(own, "🚀") == [rocket]
    assert found(own, "茶") == [tea]


def test_a_memory_of_very_many_words_is_stored_found_and_erased(own, database):
    words = [f"w{n:05x}q" for n in range(30000)]
    id = save(own, " ".join(words))
    assert_right(database)
    assert id in found(own, "w00000q") or id in found(own, words[-1])
    own.done("erase_memories", {"words": f"{words[0]} {words[15000]} {words[-1]}", "dry_run": False})
    assert psql(database, f"SELECT count(*) FROM memories WHERE id = '{id}'") == "0"
    assert_right(database)


def test_words_that_are_no_words_erase_nothing(own, database):
    save(own, "a heron")
    result = own.tool("erase_memories", {"words": "?!", "dry_run": False})
    assert result.get("isError") or result["structuredContent"]["counts"]["memories"] == 0
    assert psql(database, "SELECT count(*) FROM memories") == "1"
