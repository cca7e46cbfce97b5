"""Life of a connection: pipelining, continue, limits, deadlines, clients that leave, floods, drain."""

import json
import resource
import signal
import socket
import threading
import time

import pytest
from sage import psql, wait_for
from wire_answers import read_answers

HEADER_DEADLINE_S = 10  # server/server_limits.h
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers,
        f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def rpc(method: str, params: dict | None = None, id=1) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}).encode()


SAVE = rpc("tools/call", {"name": "save_memory", "arguments": {"user_input": "wire"}})
PING = rpc("ping")


class Locked:
    """While this lock is held, every save waits."""

    def __init__(self, uri: str):
        import subprocess
        self.psql = subprocess.Popen(["psql", "-qAtX", uri], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.psql.stdin.write("BEGIN; LOCK TABLE memories; SELECT 'locked';\n")
        self.psql.stdin.flush()
        assert self.psql.stdout.readline().strip() == "locked"

    def release(self):
        if self.psql.poll() is None:
            self.psql.communicate("ROLLBACK;\n")


@pytest.fixture
def locked(database, start):
    """A server of the test's own, whose saves wait until release()."""
    server = start(DATABASE_URL=database)
    server.wait_ready()
    lock = Locked(database)
    yield server, lock
    lock.release()


def test_pipelined_answers_come_in_order(raw):
    s = raw()
    s.sendall(b"".join(post(rpc("ping", id=n)) for n in range(50)))
    answers, _ = read_answers(s, count=50, quiet_s=5)
    assert [a.json()["id"] for a in answers] == list(range(50))


def test_a_slow_request_holds_back_those_behind_it(raw, locked):
    server, lock = locked
    s = raw(server.port)
    s.sendall(post(SAVE) + GET + post(rpc("ping", id=7)))
    assert read_answers(s, quiet_s=0.5) == ([], False)
    lock.release()
    answers, _ = read_answers(s, count=3, quiet_s=5)
    assert [a.status for a in answers] == [200] * 3
    assert "structuredContent" in answers[0].json()["result"] and answers[2].json()["id"] == 7


def test_ten_thousand_pipelined_requests(raw):
    s = raw()
    writer = threading.Thread(target=s.sendall, args=(GET * 10000,))
    writer.start()
    answers, closed = read_answers(s, count=10000, quiet_s=5)
    writer.join()
    assert len(answers) == 10000 and not closed


def test_two_eras_on_one_connection(raw):
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}
    modern = post(rpc("tools/list", {"_meta": meta}, id="m"), "MCP-Protocol-Version: 2026-07-28",
        "Mcp-Method: tools/list")
    s = raw()
    s.sendall((post(rpc("tools/list", id="l")) + modern) * 3)
    results = [a.json() for a in read_answers(s, count=6, quiet_s=5)[0]]
    assert [r["id"] for r in results] == ["l", "m"] * 3
    assert ["resultType" in r["result"] for r in results] == [False, True] * 3


def test_continue_is_sent_before_the_body(raw):
    s = raw()
    head, body = post(PING, "Expect: 100-continue").split(b"\r\n\r\n")
    s.sendall(head + b"\r\n\r\n")
    answers, _ = read_answers(s, count=1, quiet_s=5)
    assert [a.status for a in answers] == [100]
    s.sendall(body)
    assert read_answers(s, count=1, quiet_s=5)[0][0].json()["result"] == {}


def test_chunked_body_is_put_together(raw):
    head = post(PING).split(b"\r\n\r\n")[0].replace(f"Content-Length: {len(PING)}".encode(),
        b"Transfer-Encoding: chunked")
    chunks = b"".join(b"%x;name=\"v\"\r\n%b\r\n" % (len(PING[i:i + 9]), PING[i:i + 9]) for i in range(0, len(PING), 9))
    s = raw()
    s.sendall(head + b"\r\n\r\n" + chunks + b"0\r\nX-Sum: 1\r\n\r\n" + GET)
    answers, _ = read_answers(s, count=2, quiet_s=5)
    assert answers[0].json()["result"] == {} and answers[1].status == 200


def test_head_announces_the_length_and_sends_no_body(raw):
    s = raw()
    s.sendall(GET.replace(b"GET", b"HEAD") + GET)
    head, get = read_answers(s, heads=[True], count=2, quiet_s=5)[0]
    assert head.headers["content-length"] == get.headers["content-length"] and head.body == b""


@pytest.mark.parametrize("request_line, header, closes", [
    ("HTTP/1.1", "", False), ("HTTP/1.1", "Connection: close\r\n", True),
    ("HTTP/1.0", "", True), ("HTTP/1.0", "Connection: keep-alive\r\n", False),
])
def test_keep_alive(raw, request_line, header, closes):
    s = raw()
    s.sendall(f"GET /healthz {request_line}\r\nHost: localhost\r\n{header}\r\n".encode())
    answers, closed = read_answers(s, quiet_s=0.3)
    assert answers[0].status == 200 and closed == closes


@pytest.mark.parametrize("request_bytes, status, names", [
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(101)) + b"\r\n", 431, "100"),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 17000 + b"\r\n\r\n", 431, "16384"),
    (b"GET /" + b"a" * 8300 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "8192"),
    (b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777217\r\n\r\n", 413, "16777216"),
], ids=["header-count", "header-bytes", "target", "declared-body"])
def test_limits_are_named(raw, request_bytes, status, names):
    s = raw()
    s.sendall(request_bytes)
    answers, closed = read_answers(s, quiet_s=3)
    assert closed and answers[0].status == status
    assert names in answers[0].json()["error"]["message"]


def test_a_streamed_body_over_the_limit(raw):
    s = raw()
    chunk = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    s.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        for _ in range(17):
            s.sendall(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass
    answers, closed = read_answers(s, quiet_s=3)
    assert closed and answers[0].status == 413


@pytest.mark.parametrize("opening", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"], ids=["silent", "drip"])
def test_the_header_deadline_does_not_move(raw, opening):
    s = raw()
    began = time.monotonic()
    s.sendall(opening)
    s.settimeout(0.5)
    data = b""
    while time.monotonic() - began < HEADER_DEADLINE_S + 3:
        try:
            got = s.recv(4096)
            if not got:
                break
            data += got
        except TimeoutError:
            if opening:
                s.sendall(b"X: y\r\n")  # a byte now and then
    took = time.monotonic() - began
    assert HEADER_DEADLINE_S - 1 < took < HEADER_DEADLINE_S + 2
    assert (b" 408 " in data) == bool(opening)


@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
def test_a_modern_client_that_leaves_cancels_its_call(raw, locked, how):
    server, lock = locked
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}
    params = {**json.loads(SAVE)["params"], "_meta": meta}
    s = raw(server.port)
    s.sendall(post(rpc("tools/call", params), "MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call",
        "Mcp-Name: save_memory"))
    time.sleep(0.3)
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    if how == "half-close":
        s.shutdown(socket.SHUT_WR)
    else:
        s.close()
    wait_for("the call is cancelled", lambda: [c for c in server.logged("call") if c["outcome"] == "cancelled"], 1)


def test_a_legacy_client_that_leaves_does_not_cancel(raw, locked, database):
    server, lock = locked
    s = raw(server.port)
    s.sendall(post(SAVE))
    time.sleep(0.3)
    s.close()
    time.sleep(0.3)
    lock.release()
    wait_for("the call ends well", lambda: [c for c in server.logged("call") if c["outcome"] == "ok"], 5)
    assert psql(database, "SELECT count(*) FROM memories") == "1"


def test_a_flood_behind_a_pending_request_stays_in_the_socket(raw, locked):
    server, lock = locked
    s = raw(server.port)
    s.sendall(post(SAVE))
    time.sleep(0.3)
    before = server.rss_bytes()
    s.settimeout(1)
    sent = 0
    try:
        for _ in range(64):
            s.sendall(b"x" * (1 << 20))
            sent += 1
    except TimeoutError:
        pass
    assert sent < 64 and server.rss_bytes() - before < 2 << 20
    s.close()
    wait_for("the connection is noticed to be gone", lambda: server.descriptors() < 20, 2)


def test_descriptors_running_out_pauses_accepting(database, start):
    server = start(DATABASE_URL=database)
    server.wait_ready()
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, hard))
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(80)]
    time.sleep(0.5)
    spent, lines = server.cpu_s(), len(server.logged("accepting paused"))
    time.sleep(2)
    assert server.cpu_s() - spent < 0.4, "spinning"
    assert len(server.logged("accepting paused")) - lines <= 1, "log flood"
    for s in held:
        s.close()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        s.sendall(GET)
        assert read_answers(s, count=1, quiet_s=5)[0][0].status == 200


def test_max_connections_pauses_accepting(database, start):
    server = start(DATABASE_URL=database, MAX_CONNECTIONS="5")
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(5)]
    time.sleep(0.3)
    late = socket.create_connection(("127.0.0.1", server.port))
    late.sendall(GET)
    assert read_answers(late, quiet_s=0.5) == ([], False)
    held[0].close()
    assert read_answers(late, count=1, quiet_s=5)[0][0].status == 200
    for s in [*held, late]:
        s.close()


def test_drain_finishes_what_is_under_way(raw, locked, database):
    server, lock = locked
    idle, busy = raw(server.port), raw(server.port)
    busy.sendall(post(SAVE))
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    assert read_answers(idle, quiet_s=2) == ([], True)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
    lock.release()
    answers, closed = read_answers(busy, quiet_s=5)
    assert closed and answers[0].headers["connection"] == "close"
    assert "structuredContent" in answers[0].json()["result"]
    assert server.process.wait(10) == 0
    assert psql(database, "SELECT count(*) FROM memories") == "1"


def test_a_second_signal_leaves_at_once(raw, locked):
    server, _ = locked
    raw(server.port).sendall(post(SAVE))
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert server.process.poll() is None
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 0
