"""GET /metrics: every metric, counted as it happened, and nobody's data in it."""

import signal
import time

import pytest
from locks import Lock
from metrics import Metrics, scrape
from sage import MODERN, FixtureServer, bearer, make_key, once, run_command, wait_for
from sessions import initialize
from streams import DEAF_SESSION, listen, listen_deaf

TYPES = {
    "http_requests_total": "counter", "http_request_duration_seconds": "histogram", "http_connections": "gauge",
    "mcp_requests_total": "counter", "mcp_call_duration_seconds": "histogram",
    "sse_streams": "gauge", "sse_dropped_total": "counter", "sse_queue_bytes": "gauge",
    "pg_pool_connections": "gauge", "pg_pool_size": "gauge", "pg_pool_waiting": "gauge",
    "pg_pool_oldest_wait_seconds": "gauge", "pg_pool_wait_seconds": "histogram", "pg_pool_paused": "gauge",
    "pg_query_duration_seconds": "histogram", "pg_query_errors_total": "counter",
    "pg_pool_connects_total": "counter", "pg_pool_connect_failures_total": "counter",
    "pg_pool_transactions_total": "counter", "pg_pool_queries_total": "counter", "pg_pool_gathered_total": "counter",
    "pg_pool_retries_total": "counter", "pg_pool_cancels_total": "counter", "pg_pool_timeouts_total": "counter",
    "pg_pool_refused_total": "counter",
    "circuit_breaker_state": "gauge", "circuit_breaker_opened_total": "counter",
    "event_loop_lag_seconds": "histogram", "event_loop_turn_seconds": "histogram",
    "event_loop_lag_max_seconds": "gauge",
    "process_cpu_seconds_total": "counter", "process_resident_memory_bytes": "gauge",
    "process_virtual_memory_bytes": "gauge", "process_open_fds": "gauge", "process_max_fds": "gauge",
    "process_start_time_seconds": "gauge", "sage_build_info": "gauge",
    "sage_log_lines_dropped_total": "counter",
    "vector_index_state": "gauge",
    "vector_index_checked_total": "counter",
}


@pytest.fixture
def alone(start, database):
    return start(DATABASE_URL=database).wait_ready()


def test_every_metric_of_a_busy_server_and_nobodys_data(start, database):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    key = bearer(make_key(database, "agent-qqq", "tenant-qqq"))
    server = start(DATABASE_URL=database).wait_ready()
    session = initialize(server, headers=key)
    ids = []
    with server.connect() as connection, session.open(server):
        for n in range(20):
            ids.append(connection.done("save_memory", {"user_input": f"word {n}", "session_id": "session-qqq"},
                headers=key)["id"])
        connection.done("search_memories", {"query": "word"}, headers=key)
        connection.rpc("resources/read", {"uri": "sage://session/session-qqq"}, headers=key)
        connection.rpc("prompts/get", {"name": "memory_summary"}, headers=key)
        connection.tool("get_memory", {"id": "no uuid qqq"}, headers=key)
        connection.rpc("tools/call", {"name": "tool-qqq"}, headers=key)
        connection.rpc("method-qqq", headers=key)
        connection.get("/path-qqq")
        metrics = scrape(server)
    metrics.check()
    assert metrics.types == TYPES
    assert {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name, _, _ in metrics.samples} \
        == set(TYPES)
    assert "qqq" not in metrics.text
    assert not [text for text in (*ids, session.id) if text in metrics.text]
    assert metrics.value("mcp_requests_total", tool="save_memory", outcome="ok") == 20
    assert metrics.value("sse_streams") == 1


def test_http_requests_by_method_route_and_code(alone):
    with alone.connect() as connection:
        connection.get("/healthz")
        connection.send("HEAD", "/healthz")
        connection.send("OPTIONS", "/mcp")
        connection.send("PATCH", "/mcp")
        connection.get("/nothing")
        connection.post(b"{")
        connection.rpc("ping")
        connection.rpc("ping", headers={"Host": "evil.example"})
    with alone.connect() as connection:
        connection.send("GET", "/healthz", headers={"Expect": "wonders"})
    metrics = scrape(alone)

    def count(method: str, route: str, code: str) -> float:
        return metrics.value("http_requests_total", method=method, route=route, code=code)

    for what in (("HEAD", "/healthz", "200"), ("OPTIONS", "/mcp", "204"), ("other", "/mcp", "405"),
            ("GET", "other", "404"), ("POST", "/mcp", "400"), ("POST", "/mcp", "200"), ("POST", "/mcp", "403"),
            ("other", "other", "417"), ("GET", "/healthz", "200")):
        assert count(*what) == 1, (what, metrics.text)
    assert metrics.value("http_request_duration_seconds_count", route="/mcp") == 5
    assert 0 < metrics.value("http_request_duration_seconds_sum", route="/mcp") < 5
    assert metrics.value("mcp_requests_total", method="other", outcome="error") == 1


def test_histograms_are_cumulative_and_add_up(alone):
    with alone.connect() as connection:
        for _ in range(10):
            connection.done("get_status")
    metrics = scrape(alone)
    buckets = [(float(labels["le"]), value) for name, labels, value in metrics.samples
        if name == "mcp_call_duration_seconds_bucket" and labels["tool"] == "get_status"]
    bounds, counts = zip(*buckets)
    assert list(bounds) == sorted(bounds) and bounds[-1] == float("inf")
    assert list(counts) == sorted(counts) and counts[-1] == 10
    assert metrics.value("mcp_call_duration_seconds_count", tool="get_status") == 10
    assert metrics.value("pg_query_duration_seconds_count", statement="status") == 10
    assert metrics.value("pg_pool_wait_seconds_count", pool="primary") >= 10


@pytest.mark.parametrize("name, arguments, tool", [
    ("get_memory", {"id": "no uuid"}, "get_memory"),
    ("get_memory", {"id": "123e4567-e89b-42d3-a456-426614174000"}, "get_memory"),
    ("save_memory", {}, "save_memory"),
    ("no_such_tool", {}, "other"),
])
def test_failed_calls_are_errors_though_http_says_200(alone, name, arguments, tool):
    with alone.connect() as connection:
        assert connection.rpc("tools/call", {"name": name, "arguments": arguments}).status == 200
    metrics = scrape(alone)
    assert metrics.value("mcp_requests_total", method="tools/call", outcome="error") == 1
    assert metrics.value("mcp_requests_total", method="tools/call", tool=tool, outcome="error") == 1
    assert metrics.value("mcp_requests_total", method="tools/call", outcome="ok") == 0


def test_calls_without_a_database_are_errors(start):
    server = start(DATABASE_URL="postgresql://x@/x?host=/nonexistent")
    with server.connect() as connection:
        assert connection.tool("search_memories", {"query": "x"})["isError"]
    metrics = scrape(server)
    assert metrics.value("mcp_requests_total", tool="search_memories", outcome="error") == 1
    metrics.check()


def test_every_message_of_a_batch_is_counted(alone):
    call = b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"get_status","arguments":{}}}'
    with alone.connect() as connection:
        answer = connection.post(b"[" + b",".join(call % n for n in range(5)) + b"]",
            {"MCP-Protocol-Version": "2025-03-26"})
        assert len(answer.json) == 5
    metrics = scrape(alone)
    assert metrics.value("mcp_requests_total", tool="get_status", outcome="ok") == 5
    assert metrics.value("http_requests_total", route="/mcp") == 1


def test_client_that_leaves_is_a_cancelled_call(alone, database):
    with Lock(database) as lock, alone.connect() as connection:
        connection.begin("tools/call", {"name": "save_memory", "arguments": {"user_input": "x"}}, era=MODERN)
        lock.wait_for_waiters(1)
        connection.http.close()
        wait_for("it is counted",
            lambda: scrape(alone).value("mcp_requests_total", tool="save_memory", outcome="cancelled") == 1)
    metrics = scrape(alone)
    assert metrics.value("http_requests_total", method="POST", route="/mcp", code="499") == 1
    assert metrics.value("pg_pool_cancels_total", pool="primary") == 1
    assert metrics.value("mcp_call_duration_seconds_count", tool="save_memory") == 1


def test_call_that_asks_its_client(tmp_path, database):
    server = FixtureServer(tmp_path, DATABASE_URL=database)
    try:
        server.wait_ready()
        with server.connect() as connection:
            result = connection.rpc("tools/call", {"name": "test_input_required_result_elicitation", "arguments": {},
                "_meta": {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}}, era=MODERN).result
            assert result["resultType"] == "input_required"
        metrics = scrape(server)
        assert metrics.value("mcp_requests_total", method="tools/call", tool="other", outcome="asks") == 1
    finally:
        server.stop()


def test_reader_that_does_not_keep_up_is_a_dropped_stream(alone):
    deaf = listen_deaf(alone)
    with listen(alone, "sage://sessions/list") as stream, alone.connect() as connection, alone.admin() as admin:
        stream.next()
        wait_for("both streams are open", lambda: Metrics(admin).value("sse_streams") == 2)

        def save_and_look() -> Metrics | None:
            connection.done("save_memory", {"user_input": once(), "session_id": DEAF_SESSION})
            metrics = Metrics(admin)
            queued.append(metrics.value("sse_queue_bytes"))
            return metrics if metrics.value("sse_dropped_total", reason="queue_full") == 1 else None

        queued = []
        wait_for("the deaf stream is dropped", save_and_look, 40)
        assert 0 < max(queued) <= 256 * 1024
        wait_for("one stream is left", lambda: Metrics(admin).value("sse_streams") == 1)
        assert Metrics(admin).value("sse_dropped_total") == 1
    deaf.close()


def test_streams_that_end_in_order_are_not_dropped(alone):
    with listen(alone, "sage://sessions/list") as stream:
        stream.next()
    with alone.admin() as admin:
        wait_for("it has ended", lambda: Metrics(admin).value("sse_streams") == 0)
        assert Metrics(admin).value("sse_dropped_total") == 0
        assert Metrics(admin).value("http_connections") == 0


def test_lag_of_a_loop_that_stood_still(alone):
    with alone.admin() as admin:
        Metrics(admin)
        time.sleep(1)
        quiet = Metrics(admin)
        alone.signal(signal.SIGSTOP)
        time.sleep(0.5)
        alone.signal(signal.SIGCONT)
        time.sleep(0.2)
        late, after = Metrics(admin), Metrics(admin)
    assert quiet.value("event_loop_lag_seconds_count") >= 8
    assert 0.35 < late.value("event_loop_lag_max_seconds") < 5
    assert late.value("event_loop_lag_max_seconds") > 3 * quiet.value("event_loop_lag_max_seconds")
    assert after.value("event_loop_lag_max_seconds") < 0.35, "since the last scrape"


def test_pools_and_breakers(alone, database):
    with alone.admin() as admin:
        idle = wait_for("warm connections",
            lambda: (m := Metrics(admin)).value("pg_pool_connections", state="idle") >= 2 and m)
        assert 2 <= idle.value("pg_pool_connections") <= idle.value("pg_pool_size", pool="primary") == 20
        assert idle.value("circuit_breaker_state", name="primary") == 0
        assert admin.send("POST", "/pause").status == 200
        with alone.connect() as connection:
            connection.begin("tools/call", {"name": "get_status", "arguments": {}})
            assert connection.waits_for(0.3)
            paused = Metrics(admin)
            assert paused.value("pg_pool_paused", pool="primary") == 1
            assert paused.value("pg_pool_waiting", pool="primary") >= 1, "the server's own may wait, too"
            assert 0.2 < paused.value("pg_pool_oldest_wait_seconds", pool="primary") < 5
            admin.send("POST", "/resume")
            connection.answer()
        resumed = Metrics(admin)
        assert (resumed.value("pg_pool_paused"), resumed.value("pg_pool_waiting")) == (0, 0)
        assert resumed.value("pg_pool_wait_seconds_sum", pool="primary") >= 0.2


def test_the_process(alone):
    with alone.admin() as admin:
        first, second = Metrics(admin), Metrics(admin)
    assert first.value("process_start_time_seconds") == second.value("process_start_time_seconds")
    assert abs(first.value("process_start_time_seconds") - time.time()) < 120
    assert 1e6 < first.value("process_resident_memory_bytes") < first.value("process_virtual_memory_bytes")
    assert 5 < first.value("process_open_fds") < first.value("process_max_fds")
    assert second.value("process_cpu_seconds_total") > 0
    (info,) = [labels for name, labels, value in first.samples if name == "sage_build_info" and value == 1]
    assert set(info) == {"version", "libpq", "libevent"} and all(info.values())
