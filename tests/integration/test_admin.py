"""The admin listener: what it shows, what it does, whom it refuses."""

import re
import signal
import time

import pytest
from locks import Lock
from sage import create_database, wait_for
from streams import listen

NOWHERE = "postgresql://x@/x?host=/nonexistent"
TABLES = {
    "pools": ["name", "cl_active", "cl_waiting", "sv_active", "sv_being_canceled", "sv_idle", "sv_used", "sv_tested",
        "sv_login", "maxwait", "maxwait_us", "pool_mode", "pool_size", "paused", "breaker", "reachable", "last_error"],
    "stats": ["name", "total_server_assignment_count", "total_xact_count", "total_query_count", "total_sent",
        "total_xact_time", "total_query_time", "total_wait_time", "avg_xact_time", "avg_query_time", "avg_wait_time",
        "connects", "connect_failures", "gathered", "retries", "cancels", "timeouts", "refused"],
    "servers": ["type", "pool", "user", "database", "state", "addr", "port", "connect_time", "request_time",
        "close_needed", "remote_pid", "tls", "prepared_statements", "running", "statement"],
    "clients": ["type", "state", "addr", "port", "connect_time", "request_time", "route", "stream", "queued_bytes"],
    "config": ["key", "value", "default", "changeable", "source"],
}
ACTIONS = ["/pause", "/resume", "/reconnect", "/kill", "/reload", "/reset_circuit_breaker"]


@pytest.fixture
def alone(start, database):
    return start(DATABASE_URL=database).wait_ready()


@pytest.fixture
def admin(alone):
    with alone.admin() as admin:
        yield admin


def rows(admin, name: str) -> list[dict]:
    return admin.get(f"/{name}").json[name]


def asked(admin) -> list[str]:
    """The statements that run, but for housekeeping."""
    statements = [s["statement"] for s in rows(admin, "servers") if s["state"] == "active"]
    return [s for s in statements if not s.startswith("keep_")]


def post(admin, path: str, **how):
    return admin.send("POST", path, **how)


def begin_save(server, text: str):
    """A connection with a save under way on it."""
    connection = server.connect()
    connection.begin("tools/call", {"name": "save_memory", "arguments": {"user_input": text}})
    return connection


def save_behind(lock: Lock, server, text: str):
    """The same, and it waits for the lock."""
    connection = begin_save(server, text)
    lock.wait_for_waiters(1)
    return connection


def save(server, text: str = "hello") -> dict:
    with server.connect() as connection:
        return connection.done("save_memory", {"user_input": text})


# --- what it shows ---------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_their_columns_as_json_and_as_text(alone, admin, name):
    with alone.connect() as connection:
        connection.done("get_status")
        for row in rows(admin, name):
            assert list(row) == TABLES[name]
        text = admin.get(f"/{name}", {"Accept": "text/plain"})
        assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
        lines = text.body.decode().splitlines()
        head = next(i for i, line in enumerate(lines) if line.split() == TABLES[name])
        assert lines[-1] == f"({len(lines) - head - 2})" and len(lines) >= head + 3
        assert admin.send("HEAD", f"/{name}").body == b""


def test_the_pool_and_its_connections(alone, admin):
    save(alone)
    # Now and then one of them keeps house.
    pool = wait_for("two idle connections", lambda: (p := rows(admin, "pools")[0])["sv_idle"] >= 2 and p["sv_active"] == 0 and p)
    assert (pool["name"], pool["pool_mode"], pool["paused"]) == ("primary", "transaction", False)
    assert (pool["breaker"], pool["reachable"], pool["sv_active"], pool["cl_waiting"]) == ("closed", True, 0, 0)
    servers = wait_for("all are idle", lambda: (r := rows(admin, "servers")) and all(s["state"] == "idle" for s in r) and r)
    assert all(s["remote_pid"] > 0 and s["pool"] == "primary" for s in servers)
    assert any(s["request_time"] for s in servers) and all(s["connect_time"] for s in servers)
    stats = rows(admin, "stats")[0]
    assert 0 < stats["total_query_count"] and 0 < stats["total_xact_time"] and 0 < stats["total_sent"]
    assert stats["connects"] >= 2


def test_a_query_that_runs_and_those_that_wait(start, database):
    server = start(DATABASE_URL=database, DB_POOL_SIZE="2", DB_POOL_MIN="0").wait_ready()
    with server.admin() as admin, Lock(database) as lock:
        searches = [server.connect() for _ in range(4)]
        for connection in searches:
            connection.begin("tools/call", {"name": "search_memories", "arguments": {"query": "x"}})
        lock.wait_for_waiters(1)
        time.sleep(0.1)
        pool = rows(admin, "pools")[0]
        assert pool["cl_waiting"] > 0 and pool["cl_active"] == pool["sv_active"] > 0
        assert pool["maxwait_us"] >= 50_000
        assert set(asked(admin)) == {"search_words"}
        assert len([s for s in rows(admin, "servers") if s["state"] == "active"]) == pool["sv_active"]
    for connection in searches:
        assert connection.answer().result
        connection.http.close()


def test_clients_and_what_they_do(alone, admin, database):
    assert rows(admin, "clients") == []
    with Lock(database) as lock, alone.connect() as idle, alone.connect() as silent, alone.connect() as slow, \
            listen(alone, "sage://sessions/list") as stream:
        stream.next()
        idle.get("/healthz")
        slow.http.putrequest("POST", "/mcp")
        slow.http.putheader("Content-Length", "10")
        slow.http.endheaders(b"{")
        busy = begin_save(alone, "hello")
        lock.wait_for_waiters(1)
        wait_for("all are there", lambda: len(rows(admin, "clients")) == 5)
        shown = {c["port"]: (c["addr"], c["state"], c["route"], c["stream"], c["request_time"] is not None)
            for c in rows(admin, "clients")}
        assert shown == {
            idle.http.sock.getsockname()[1]: ("127.0.0.1", "idle", "/healthz", False, True),
            silent.http.sock.getsockname()[1]: ("127.0.0.1", "idle", None, False, False),
            slow.http.sock.getsockname()[1]: ("127.0.0.1", "waiting", None, False, False),
            busy.http.sock.getsockname()[1]: ("127.0.0.1", "active", "/mcp", False, True),
            stream.http.sock.getsockname()[1]: ("127.0.0.1", "active", "/mcp", True, True),
        }
        assert admin.get("/clients").json["total"] == 5
    busy.http.close()


def test_many_clients_are_cut_and_counted(start):
    server = start(DATABASE_URL=NOWHERE)
    crowd = [server.connect() for _ in range(1005)]
    with server.admin() as admin:
        wait_for("all are there", lambda: admin.get("/clients").json["total"] == 1005)
        assert len(rows(admin, "clients")) == 1000
    for connection in crowd:
        connection.http.close()


def test_configuration_without_secrets(start, tmp_path):
    config = tmp_path / "sage.conf"
    config.write_text("PUBLIC_URL=https://memory.example/mcp\n")
    server = start("--config", str(config), "--drain-ms", "1000", DATABASE_URL="postgresql://x:hunter2@/x?host=/nonexistent")
    with server.admin() as admin:
        answer = admin.get("/config")
        assert b"hunter2" not in answer.body and b"hunter2" not in admin.get("/config", {"Accept": "text/plain"}).body
        options = {o["key"]: o for o in answer.json["config"]}
    assert options["DATABASE_URL"]["value"] == "********"
    assert [(options[k]["source"], options[k]["changeable"]) for k in ("PUBLIC_URL", "DRAIN_MS", "LISTEN", "AUTH")] == [
        ("file", "yes"), ("flag", "yes"), ("environment", "no"), ("default", "no")]
    assert (options["DRAIN_MS"]["value"], options["DRAIN_MS"]["default"]) == ("1000", "20000")


def test_probes_are_there_too(admin):
    assert admin.get("/healthz").json == {"status": "ok"}
    assert admin.get("/readyz").json == {"status": "ready"}


def test_paths_and_methods(admin):
    assert admin.get("/mcp").status == 404
    assert "/metrics" in admin.get("/").json["error"]["message"]
    for path in ACTIONS:
        answer = admin.get(path)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    for path in TABLES:
        assert post(admin, f"/{path}").status == 405


# --- what it does ----------------------------------------------------------------


def test_pause_holds_queries_back_until_resume(alone, admin):
    paused = post(admin, "/pause").json
    assert (paused["status"], paused["pools"][0]["paused"]) == ("paused", True)
    waiting = begin_save(alone, "patient")
    assert waiting.waits_for(0.5)
    assert rows(admin, "pools")[0]["cl_waiting"] >= 1, "the server's own may wait, too"
    resumed = post(admin, "/resume").json
    assert (resumed["status"], resumed["pools"][0]["paused"]) == ("resumed", False)
    assert not waiting.answer().result.get("isError")
    waiting.http.close()


def test_pause_is_answered_once_nothing_runs(alone, admin, database):
    with Lock(database) as lock:
        running = save_behind(lock, alone, "slow")
        admin.http.request("POST", "/pause")
        assert admin.waits_for(0.5)
    paused = admin.answer().json
    assert (paused["status"], paused["pools"][0]["cl_active"]) == ("paused", 0)
    assert not running.answer().result.get("isError"), "what ran goes on"
    running.http.close()


def test_pause_gives_up_waiting_and_says_what_runs(alone, admin, database):
    with Lock(database) as lock:
        running = save_behind(lock, alone, "slow")
        began = time.monotonic()
        paused = post(admin, "/pause").json
        assert 9 < time.monotonic() - began < 14
        assert paused["status"] == "pausing" and paused["pools"][0]["cl_active"] >= 1, "housekeeping may be caught, too"
        assert asked(admin) == ["memory_save"]
    running.http.close()


def test_resume_ends_a_pause_that_still_waits(alone, admin, database):
    with Lock(database) as lock, alone.admin() as other:
        running = save_behind(lock, alone, "slow")
        admin.http.request("POST", "/pause")
        wait_for("it is paused", lambda: rows(other, "pools")[0]["paused"])
        post(other, "/resume")
        assert admin.answer().json["status"] == "resumed"
    running.http.close()


def test_a_pause_goes_on_without_the_one_who_asked_for_it(alone, database):
    with Lock(database) as lock:
        running = save_behind(lock, alone, "slow")
        with alone.admin() as gone:
            gone.http.request("POST", "/pause")
            assert gone.waits_for(0.2)
    running.http.close()
    with alone.admin() as admin:
        assert rows(admin, "pools")[0]["paused"] is True
        post(admin, "/resume")
    save(alone)


def test_reconnect_replaces_every_connection(alone, admin):
    def pids() -> set[int]:
        return {s["remote_pid"] for s in rows(admin, "servers") if s["state"] == "idle"}

    save(alone)
    before = wait_for("warm connections", lambda: len(pids()) >= 2 and pids())
    assert post(admin, "/reconnect").json["status"] == "reconnecting"
    wait_for("as many as are kept warm, all others", lambda: len(pids()) >= 2 and not before & pids())
    save(alone)


def test_kill_ends_what_runs_and_pauses(alone, admin, database):
    with Lock(database) as lock:
        running = save_behind(lock, alone, "doomed")
        killed = post(admin, "/kill").json
        assert (killed["status"], killed["pools"][0]["paused"], killed["pools"][0]["sv_active"]) == ("killed", True, 0)
        if not running.waits_for(1):  # else it waits to be done again (it may be repeated), which is fine
            assert running.answer().result["isError"]
    assert rows(admin, "servers") == []
    post(admin, "/resume")
    save(alone)
    running.http.close()


def test_one_pool_by_name_and_never_all_by_mistake(alone, admin):
    for path, status in (("/pause?pool=nothing", 404), ("/pause?poool=primary", 400), ("/kill?primary", 400),
            ("/kill?pool=", 400), ("/kill?pool=primary&x=1", 404), ("/kill?pool=%zz", 400),
            ("/reset_circuit_breaker?pool=primary", 400), ("/reset_circuit_breaker?name=nothing", 404)):
        answer = post(admin, path)
        assert answer.status == status, path
        assert answer.json["error"]["message"]
    assert post(admin, "/kill", body=b"pool=primary").status == 400
    assert rows(admin, "pools")[0]["paused"] is False
    assert post(admin, "/pause?pool=%70rimary").json["pools"][0]["name"] == "primary"
    assert [line["pool"] for line in wait_for("it is logged", lambda: alone.logged("admin"))] == ["primary"]


def test_actions_as_text(admin):
    text = post(admin, "/pause", headers={"Accept": "text/plain"}).body.decode()
    assert text.splitlines()[0] == "status: paused"
    assert re.search(r"^primary +0 ", text, re.MULTILINE)


def test_reload_is_sighup_with_an_answer(start, tmp_path):
    config = tmp_path / "sage.conf"
    config.write_text("ALLOWED_HOSTS=one.example\n")
    server = start("--config", str(config), DATABASE_URL=NOWHERE)

    def statuses() -> list[int]:
        with server.connect() as connection:
            return [connection.rpc("tools/list", headers={"Host": f"{host}.example"}).status for host in ("one", "two")]

    with server.admin() as admin:
        assert statuses() == [200, 403]
        assert post(admin, "/reload").json == {"status": "reloaded", "changed": []}
        config.write_text("ALLOWED_HOSTS=two.example\nMAX_CONNECTIONS=9\n")
        assert post(admin, "/reload").json["changed"] == [{"option": "ALLOWED_HOSTS", "effect": "now"},
            {"option": "MAX_CONNECTIONS", "effect": "after a restart"}]
        assert statuses() == [403, 200]
        config.write_text("ALLOWED_HOSTS=one.example\nNO_SUCH_OPTION=1\n")
        refused = post(admin, "/reload")
        assert refused.status == 409
        assert "NO_SUCH_OPTION" in refused.json["error"]["message"]
        assert statuses() == [403, 200], "the old configuration stays in force"


def test_reset_circuit_breaker_really_resets(start, cluster):
    server = start(DATABASE_URL=create_database(cluster.uri, "breaker")).wait_ready()
    with server.admin() as admin:
        cluster.stop()
        wait_for("the breaker opens", lambda: rows(admin, "pools")[0]["breaker"] == "open", 60)
        reset = post(admin, "/reset_circuit_breaker?name=primary").json["reset"]
        assert [(r["name"], r["was"], r["now"]) for r in reset] == [("primary", reset[0]["was"], "closed")]
        assert reset[0]["was"] in ("open", "half_open")
        cluster.start()
        post(admin, "/reset_circuit_breaker?name=primary")  # the server may have found it by itself already
        wait_for("it works again", lambda: rows(admin, "pools")[0]["sv_idle"] > 0, 2)
    save(server)


# --- whom it refuses -------------------------------------------------------------


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "localhost", "Origin": "http://evil.example"},
    {"Host": "localhost", "Origin": "null"}], ids=lambda h: " ".join(h.values()))
@pytest.mark.parametrize("path", ACTIONS)
def test_foreign_pages_may_change_nothing(server, path, headers):
    with server.admin() as admin:
        assert post(admin, path, headers=headers).status == 403
        assert rows(admin, "pools")[0]["paused"] is False
        assert admin.get("/metrics", headers).status == 200, "a scraper may come by any name"


# --- the end ----------------------------------------------------------------


def test_drain_leaves_the_admin_listener_to_the_end(alone, admin, database):
    with Lock(database) as lock:
        running = save_behind(lock, alone, "last")
        alone.signal(signal.SIGTERM)
        wait_for("it drains", lambda: alone.logged("draining"))
        with pytest.raises(OSError):
            alone.connect()
        assert admin.get("/readyz").json == {"status": "unready", "reason": "draining"}
        with alone.admin() as late:
            assert late.get("/metrics").status == 200
    assert not running.answer().result.get("isError")
    alone.wait_stopped()


def test_leaving_at_once_with_a_pause_that_still_waits(alone, admin, database):
    with Lock(database) as lock:
        running = save_behind(lock, alone, "unlucky")
        admin.http.request("POST", "/pause")
        assert admin.waits_for(0.2)
        alone.signal(signal.SIGTERM)
        wait_for("it drains", lambda: alone.logged("draining"))
        alone.stop()
    running.http.close()
