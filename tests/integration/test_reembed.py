"""Another embedding model: the guard at start, new vectors beside the old ones, the canary, the switch."""

import subprocess
import threading
import time

import pytest
from embedding_stub import Stub, vector
from embeddings import settled
from sage import BINARY, environment, once, psql, run_command, wait_for


@pytest.fixture
def stub():
    stub = Stub(model="old")
    stub.models = {"old", "new"}
    stub.salts = {"new": "n"}
    yield stub
    stub.close()


def settings(stub: Stub, database: str, model: str, **more: str) -> dict[str, str]:
    return {"DATABASE_URL": database, "EMBEDDING_API_URL": stub.url, "EMBEDDING_MODEL": model, "EMBEDDING_TIMEOUT_MS": "2000",
        "EMBEDDING_BATCH": "8"} | more


def reembed(stub: Stub, database: str, model: str = "new", *words: str, **more: str) -> subprocess.CompletedProcess:
    return run_command("reembed", *words, **settings(stub, database, model, **more))


def server_of(start, stub, database, model="old", **more):
    return start(**settings(stub, database, model, **more)).wait_ready()


def fill(c, database, count=40):
    """The same words in each run: recall depends on them, since some share directions of the stub's 64."""
    c.done("save_memories", {"memories": [{"user_input": f"about{i} topic{i} subject{i * i}"} for i in range(count)]})
    c.done("save_memory", {"user_input": "\n\n".join(f"{word} " * 900 for word in ("heron", "walrus"))})
    settled(database)


def models(database) -> str:
    return psql(database, "SELECT embed_model, count(*) FROM memories GROUP BY 1 ORDER BY 1").replace("\n", " ")


def best(c, text: str, salt: str = "") -> str:
    """The memory nearest to the text, by its vector."""
    return c.done("search_memories", {"query": "x", "embedding": vector(text, 64, salt) + [0.0] * 4032})["hits"][0]["id"]


def test_another_model_is_told_at_start(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database)
    other = server_of(start, stub, database, "new")
    line = wait_for("it is logged", lambda: [l for l in other.log() if l["level"] == "error"])[0]
    assert "sage-mcp reembed" in line["msg"] and (line["stored"], line["configured"]) == ("old@64", "new@64")
    asked = len(stub.requests)
    with other.connect() as c:
        assert "old@64" in c.done("get_status")["embedding"]["problem"]
        c.done("save_memory", {"user_input": "words still work"})
        assert c.done("search_memories", {"query": "words still work"})["hits"]
    time.sleep(0.5)
    assert all(r["model"] == "old" for r in stub.requests[asked:]), "nothing is embedded with the wrong model"


def test_a_model_without_vectors_is_simply_replaced(start, database, stub):
    server_of(start, stub, database).stop()
    with server_of(start, stub, database, "new").connect() as c:
        assert c.done("save_memory", {"user_input": once(), "wait_embedded": True})["embedding"] == "ok"
    assert models(database) == "new@64|1"


def test_the_model_is_changed_while_searches_go_on(start, database, stub):
    old = server_of(start, stub, database)
    stub.delay_s = 0.02
    with old.connect() as c:
        fill(c, database)
        ids = {i: psql(database, f"SELECT id FROM memories WHERE user_input LIKE '% topic{i} %'") for i in (3, 7)}
        found, over = [], threading.Event()

        def search():
            with old.connect() as own:
                while not over.is_set():
                    found.append(best(own, "topic3 subject9"))

        searching = threading.Thread(target=search)
        searching.start()
        running = subprocess.Popen([BINARY, "reembed"], env=environment(**settings(stub, database, "new", EMBEDDING_BATCH="2")),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("it has begun", lambda: psql(database, "SELECT building FROM embedding_model") == "new@64")
        late = c.done("save_memory", {"user_input": once("late topic99"), "wait_embedded": True})
        assert late["embedding"] == "ok"  # by the old model, as long as that is in use
        c.done("update_memory", {"id": ids[7], "user_input": once("changed topic7")})
        wait_for("some are built", lambda: int(psql(database, "SELECT count(*) FROM memory_vectors WHERE model = 'new@64'")) > 3)
        built_before = len(found)
        out, err = running.communicate(timeout=60)
        over.set()
        searching.join()
    assert running.returncode == 0, err
    assert "recall@5 with old@64" in out and "recall@5 with new@64" in out and "searches use the vectors of new@64 now" in out
    assert set(found[:built_before]) == {ids[3]}
    new = server_of(start, stub, database, "new")
    with new.connect() as c:
        settled(database)
        wait_for("all are of the new model", lambda: models(database) == "new@64|42")
        assert best(c, "topic3 subject9", "n") == ids[3] and best(c, "topic99", "n") == late["id"]
        assert best(c, "changed topic7", "n") == ids[7]
        assert best(c, "walrus", "n") == psql(database, "SELECT id FROM memories WHERE user_input LIKE 'heron%'")
    assert psql(database, "SELECT model, count(DISTINCT memory_id) FROM memory_vectors GROUP BY 1") == "new@64|1"  # the walrus
    assert psql(database, "SELECT current, building, recall_after > .9 FROM embedding_model") == "new@64||t"


def test_broken_off_and_taken_up_again(start, database, stub):
    server = server_of(start, stub, database)
    with server.connect() as c:
        fill(c, database)
        stub.delay_s = 0.05
        running = subprocess.Popen([BINARY, "reembed"], env=environment(**settings(stub, database, "new", EMBEDDING_BATCH="2")),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("some are built", lambda: int(psql(database, "SELECT count(*) FROM memory_vectors WHERE model = 'new@64' AND part = 0")) > 10)
        running.kill()
        running.wait()
        assert psql(database, "SELECT current FROM embedding_model") == "old@64"
        assert models(database) == "old@64|41"
        built = int(psql(database, "SELECT count(*) FROM memory_vectors WHERE model = 'new@64' AND part = 0"))
        stub.delay_s = 0
        asked = len([r for r in stub.requests if r["model"] == "new"])
        done = reembed(stub, database)
        assert done.returncode == 0, done.stderr
        texts = sum(len(r["input"]) for r in [r for r in stub.requests if r["model"] == "new"][asked:])
        questions = 40
        assert texts <= 42 - built + questions + 4, "what was built is not built again"
    assert models(database) == "new@64|41"


def test_an_interrupted_move_is_finished_by_a_server(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database, 10)
    id = psql(database, "SELECT id FROM memories WHERE user_input LIKE '% topic3 %'")
    psql(database, "INSERT INTO memory_vectors SELECT id, 'new@64', 0, embedding FROM memories")
    psql(database, "UPDATE memory_vectors SET embedding = ('[' || repeat('0,', 4095) || '1]')::vector"
        f" WHERE memory_id = '{id}' AND model = 'new@64'")
    psql(database, "UPDATE embedding_model SET current = 'new@64'")
    server_of(start, stub, database, "new")
    wait_for("all were moved", lambda: models(database) == "new@64|11", 20)
    assert psql(database, "SELECT count(*) FROM memory_vectors") == "0"
    assert psql(database, f"SELECT embedding::text LIKE '%,1]' FROM memories WHERE id = '{id}'") == "t"


def test_vectors_of_another_model_are_made_anew(start, database, stub):
    """Such as those of an import."""
    server = server_of(start, stub, database)
    with server.connect() as c:
        fill(c, database, 5)
        psql(database, "UPDATE memories SET embed_model = 'other@64' WHERE user_input LIKE 'about%'")
        wait_for("they were made anew", lambda: models(database) == "old@64|6", 20)


def test_vectors_of_an_unknown_model_are_made_anew_on_demand(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        given = c.done("save_memory", {"user_input": "a heron", "embedding": vector("walrus", 64) + [0.0] * 4032})
        assert given["embedding"] == "ok"
        fill(c, database, 5)
        assert best(c, "walrus") in (given["id"], psql(database, "SELECT id FROM memories WHERE user_input LIKE 'heron%'"))
        done = reembed(stub, database, "old")
        assert done.returncode == 0, done.stderr
        assert models(database) == "old@64|7"
        assert best(c, "a heron") == given["id"]


def test_a_drop_of_recall_blocks_the_switch(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database)
    stub.blurred = "new"
    done = reembed(stub, database)
    assert done.returncode == 1 and "not switched" in done.stderr and "force" in done.stderr
    assert psql(database, "SELECT current, building FROM embedding_model") == "old@64|new@64"
    assert models(database) == "old@64|41"
    forced = reembed(stub, database, "new", "force")
    assert forced.returncode == 0, forced.stderr
    assert models(database) == "new@64|41"


def test_a_memory_without_a_vector_blocks_the_switch(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database, 12)
        c.done("save_memory", {"user_input": "poison", "wait_embedded": True})
    stub.refuses = "poison"
    done = reembed(stub, database)
    assert done.returncode == 1 and "1 memories" in done.stderr
    assert psql(database, "SELECT current FROM embedding_model") == "old@64"
    stub.refuses = None
    assert reembed(stub, database).returncode == 0
    assert models(database) == "new@64|14"


def test_an_old_model_that_is_not_to_be_had_needs_force(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database, 12)
    stub.models = {"new"}
    done = reembed(stub, database)
    assert done.returncode == 1 and "cannot be measured" in done.stderr and "404" in done.stderr
    assert reembed(stub, database, "new", "force").returncode == 0
    assert models(database) == "new@64|13"


def test_only_one_model_is_built_at_a_time(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database, 12)
    psql(database, "UPDATE embedding_model SET building = 'third@64'")
    psql(database, "INSERT INTO memory_vectors SELECT id, 'third@64', 0, embedding FROM memories")
    done = reembed(stub, database)
    assert done.returncode == 1 and "third@64" in done.stderr and "instead" in done.stderr
    assert reembed(stub, database, "new", "instead").returncode == 0
    assert psql(database, "SELECT DISTINCT model FROM memory_vectors") == "new@64"


def test_a_provider_that_is_away_ends_it_with_advice(start, database, stub):
    with server_of(start, stub, database).connect() as c:
        fill(c, database, 12)
    stub.fault = "broken"
    done = reembed(stub, database, EMBEDDING_TIMEOUT_MS="300")
    assert done.returncode == 1 and "unavailable" in done.stderr
    assert psql(database, "SELECT current FROM embedding_model") == "old@64"


@pytest.mark.parametrize("words, more, status", [(["what"], {}, 2), ([], {"EMBEDDING_API_URL": ""}, 2)])
def test_wrong_use_is_told(database, words, more, status):
    done = run_command("reembed", *words, DATABASE_URL=database, **({"EMBEDDING_API_URL": "http://127.0.0.1:1"} | more))
    assert done.returncode == status and done.stderr
