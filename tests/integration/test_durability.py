"""What was acknowledged is kept, and a database that is away is a clear answer, never a hang."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException

import pytest
from sage import LEGACY, MODERN, tool_text, wait_for

TOOL_ANSWER_S = 2.0


# --- kill -9 --------------------------------------------------------------------


def test_kill_right_after_an_acknowledged_save_loses_nothing(start, database):
    for attempt in range(5):
        server = start(DATABASE_URL=database).wait_ready()
        with server.connect() as connection:
            saved = connection.done("save_memory", {"user_input": f"attempt {attempt}"})
            server.kill()
        after = start(DATABASE_URL=database).wait_ready()
        with after.connect() as connection:
            assert connection.done("get_memory", {"id": saved["id"]})["user_input"] == f"attempt {attempt}"
        after.stop()


def test_kill_under_load_loses_no_acknowledged_save(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    acknowledged = []

    def writer(number: int):
        with suppress(OSError, HTTPException), server.connect() as connection:  # until the kill
            for turn in range(10_000):
                text = f"writer {number} turn {turn}"
                acknowledged.append((connection.done("save_memory", {"user_input": text})["id"], text))

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(writer, n) for n in range(8)]
        wait_for("some saves are acknowledged", lambda: len(acknowledged) > 100, 60)
        server.kill()
        for each in writers:
            each.result(30)

    after = start(DATABASE_URL=database).wait_ready()
    with after.connect() as connection:
        lost = [text for id, text in acknowledged
            if connection.done("get_memory", {"id": id})["user_input"] != text]
        assert lost == []
        assert connection.done("get_status")["memories"] >= len(acknowledged)


# --- no database ----------------------------------------------------------------

NOWHERE = "postgresql://nobody@/nowhere?host=/nonexistent"


@pytest.fixture
def lonely(start):
    """A server whose database has never been there."""
    return start(DATABASE_URL=NOWHERE)


@pytest.mark.parametrize("method, params", [
    ("server/discover", None), ("tools/list", None),
], ids=["discover", "tools-list"])
def test_modern_methods_need_no_database(lonely, method, params):
    with lonely.connect() as connection:
        assert connection.rpc(method, params, era=MODERN).result


@pytest.mark.parametrize("method, params", [
    ("initialize", {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    ("tools/list", None), ("ping", None),
], ids=["initialize", "tools-list", "ping"])
def test_legacy_methods_need_no_database(lonely, method, params):
    with lonely.connect() as connection:
        assert "result" in connection.rpc(method, params).json


def test_healthz_is_well_and_readyz_is_not_without_a_database(lonely):
    with lonely.connect() as connection:
        assert connection.get("/healthz").status == 200
        assert connection.get("/readyz").status == 503


CALLS = {
    "save_memory": {"user_input": "a"},
    "search_memories": {"query": "a"},
    "get_memory": {"id": "00000000-0000-4000-8000-000000000000"},
    "manage_session": {"action": "list"},
}


@pytest.mark.parametrize("era", [LEGACY, MODERN])
@pytest.mark.parametrize("tool", CALLS)
def test_tools_say_that_the_database_is_away(lonely, tool, era):
    with lonely.connect() as connection:
        began = time.monotonic()
        result = connection.tool(tool, CALLS[tool], era=era)
        assert time.monotonic() - began < TOOL_ANSWER_S
        assert result["isError"] is True
        assert "database" in tool_text(result)


def test_status_is_told_without_a_database(lonely):
    with lonely.connect() as connection:
        status = connection.done("get_status")
    assert status["mode"] == "away"
    assert "memories" not in status and "namespace" not in status
    assert [breaker["name"] for breaker in status["circuit_breakers"]][0] == "primary"


# --- the database goes and comes back -------------------------------------------


def test_database_that_comes_later_is_taken_up(start, cluster):
    cluster.stop()
    server = start(DATABASE_URL=cluster.uri)
    with server.connect() as connection:
        assert connection.tool("search_memories", {"query": "late"})["isError"] is True
        cluster.start()
        server.wait_ready(30)
        assert connection.done("save_memory", {"user_input": "late"})["id"]


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_database_restart_is_survived(start, cluster, how):
    server = start(DATABASE_URL=cluster.uri).wait_ready()
    with server.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "before"})
        cluster.stop(how)
        began = time.monotonic()
        result = connection.tool("get_memory", {"id": saved["id"]})
        assert time.monotonic() - began < TOOL_ANSWER_S
        assert result["isError"] is True
        assert connection.rpc("tools/list").result["tools"]
        assert connection.get("/healthz").status == 200
        wait_for("readyz tells", lambda: connection.get("/readyz").status == 503)
        cluster.start()

        def answered():
            result = connection.tool("get_memory", {"id": saved["id"]})
            return not result.get("isError") and result

        found = wait_for("the tools work again", answered, 30)
        assert found["structuredContent"]["user_input"] == "before"
        wait_for("readyz tells", lambda: connection.get("/readyz").status == 200)


def test_saves_during_restarts_are_acknowledged_or_refused_and_none_is_lost(start, cluster):
    server = start(DATABASE_URL=cluster.uri).wait_ready()
    acknowledged = []
    stop = threading.Event()

    def writer(number: int):
        with server.connect() as connection:
            turn = 0
            while not stop.is_set():
                turn += 1
                result = connection.tool("save_memory", {"user_input": f"{number}/{turn}"})
                if not result.get("isError"):
                    acknowledged.append(result["structuredContent"]["id"])
                else:
                    time.sleep(0.01)

    def saves_go_on():
        before = len(acknowledged)
        wait_for("saves go on", lambda: len(acknowledged) > before + 20, 30)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(writer, n) for n in range(4)]
        try:
            for _ in range(2):
                saves_go_on()
                cluster.stop("fast")
                time.sleep(0.3)
                cluster.start()
            saves_go_on()
        finally:
            stop.set()
        for each in writers:
            each.result(30)
    with server.connect() as connection:
        assert all(not connection.tool("get_memory", {"id": id}).get("isError") for id in acknowledged)
