"""Many open streams on one process: memory, fan-out, and what they cost everyone else; see README.md.

    streams.py [--quick]     --quick only shows that everything runs: few streams, no verdicts
"""

import os
import selectors
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

os.environ["SAGE_MCP"] = str(ROOT / "build/release-tests/server/sage-mcp")
sys.path.insert(0, str(ROOT / "tests/support"))

from bench import rss_mb  # noqa: E402
from verdicts import main  # noqa: E402
from sage import MODERN, Cluster, Connection, Server, create_database, once, rpc_message  # noqa: E402

FEED = "sage://feed/default"


def request(server: Server, method: str, params: dict, headers: dict | None = None) -> bytes:
    body, own = rpc_message(method, params, era=MODERN, headers=headers)
    own |= {"Host": server.address, "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = ["POST /mcp HTTP/1.1", *(f"{name}: {value}" for name, value in own.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def dial(server: Server, text: bytes) -> socket.socket:
    s = socket.create_connection((server.host, server.port), timeout=30)
    s.sendall(text)
    return s


class Streams:
    """Open subscriptions/listen streams, and who has heard what."""

    def __init__(self, server: Server, count: int):
        text = request(server, "subscriptions/listen", {"notifications": {"resourceSubscriptions": [FEED]}})
        self.selector = selectors.EpollSelector()
        self.sockets = []
        for _ in range(count):
            s = dial(server, text)
            s.setblocking(False)
            self.selector.register(s, selectors.EVENT_READ)
            self.sockets.append(s)
        self.wait(b"subscriptions/acknowledged")

    def wait(self, word: bytes, within_s: float = 60):
        """Until every stream has said the word."""
        missing = set(self.sockets)
        until = time.monotonic() + within_s
        while missing:
            if time.monotonic() > until:
                raise SystemExit(f"bench: {len(missing)} streams never said {word!r}")
            for key, _ in self.selector.select(1):
                if word in key.fileobj.recv(65536):
                    missing.discard(key.fileobj)

    def close(self):
        for s in self.sockets:
            s.close()


def percentile_ms(server: Server, seconds: float) -> float:
    """p99 of get_status, one call after the other."""
    took = []
    with Connection(server.host, server.port) as connection:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.monotonic()
            connection.done("get_status")
            took.append(1000 * (time.monotonic() - began))
    return statistics.quantiles(took, n=100)[98]


def save(connection: Connection):
    connection.done("save_memory", {"user_input": once("an event"), "session_id": "bench"})


def fan_out(server: Server, streams: Streams, rounds: int) -> float:
    """Median time from the acknowledged save until the last stream has heard of it."""
    took = []
    with Connection(server.host, server.port) as connection:
        for _ in range(rounds):
            save(connection)
            began = time.monotonic()
            streams.wait(b"resources/updated")
            took.append(time.monotonic() - began)
    return statistics.median(took)


def told_by_others_ms(near: Server, far: Server, rounds: int) -> float:
    """Slowest time from a save acknowledged by one process until a stream of the other has heard."""
    took = []
    streams = Streams(far, 1)
    with Connection(near.host, near.port) as connection:
        for _ in range(rounds):
            save(connection)
            began = time.monotonic()
            streams.wait(b"resources/updated")
            took.append(1000 * (time.monotonic() - began))
    streams.close()
    return max(took)


def percentile_during_events(server: Server, streams: Streams, seconds: float) -> float:
    stop = threading.Event()

    def events():
        with Connection(server.host, server.port) as connection:
            while not stop.is_set():
                save(connection)
                streams.wait(b"resources/updated")
                stop.wait(1)

    thread = threading.Thread(target=events)
    thread.start()
    try:
        return percentile_ms(server, seconds)
    finally:
        stop.set()
        thread.join()


def churn(server: Server, count: int):
    """Sessions that nobody ends, and streams of both eras that are simply dropped."""
    text = request(server, "subscriptions/listen", {"notifications": {"resourceSubscriptions": [FEED]}})
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}}
    with Connection(server.host, server.port) as connection:
        for i in range(count):
            session = connection.rpc("initialize", params).headers["MCP-Session-Id"]
            s = dial(server, text) if i % 2 else dial(server, (f"GET /mcp HTTP/1.1\r\nHost: {server.address}\r\n"
                f"Accept: text/event-stream\r\nMCP-Session-Id: {session}\r\n\r\n").encode())
            if not s.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("bench: a stream was refused")
            s.close()


def run(quick: bool) -> list[tuple]:
    count, dropped, seconds = (300, 1000, 1) if quick else (10_000, 100_000, 10)
    cluster = Cluster()
    with tempfile.TemporaryDirectory() as tmp:
        settings = {"DATABASE_URL": create_database(cluster.uri, "streams"), "MAX_CONNECTIONS": str(count + 1000)}
        server, other = (Server(Path(tempfile.mkdtemp(dir=tmp)), **settings) for _ in range(2))
        try:
            server.wait_ready()
            other.wait_ready()
            told = told_by_others_ms(other, server, 3 if quick else 100)
            alone = percentile_ms(server, seconds)
            before = rss_mb(server.process.pid)
            streams = Streams(server, count)
            each = 1024 * (rss_mb(server.process.pid) - before) / count
            heard = fan_out(server, streams, 3 if quick else 10)
            among = percentile_during_events(server, streams, seconds)
            streams.close()
            churn(server, dropped // 10)
            warm = rss_mb(server.process.pid)
            churn(server, dropped)
            grown = rss_mb(server.process.pid) / warm
            return [("streams open", count, None), ("KiB for each quiet stream", each, 8),
                ("seconds until all have heard of one save", heard, None),
                ("ms until a stream of another process has heard, slowest", told, 100),
                ("p99 of a call: with streams and events / alone", among / alone, 3),
                (f"memory after {dropped} dropped sessions and streams / before", grown, 1.05)]
        finally:
            server.kill()
            other.kill()
            cluster.remove()


if __name__ == "__main__":
    main(__doc__, run)
