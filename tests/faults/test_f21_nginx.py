"""F21: the proxy is reloaded, restarted, or fed what makes lesser servers lose count.

Every answer goes to the request it belongs to, streams end in a way that clients can see, and nothing of
them stays behind.
"""

import random
import signal
import socket
import time
from contextlib import suppress
from http.client import HTTPException

import pytest
from generator import Generator, Shape
from nginx import Proxied
from sage import LEGACY, rpc_message, wait_for
from streams import listen
from trial import saving

STREAMS = 20


@pytest.fixture
def proxied(trial, database, tmp_path_factory):
    proxied = Proxied(trial.start(DATABASE_URL=database), tmp_path_factory.mktemp("nginx"), master=True)
    yield proxied
    proxied.close()


def only_broken_connections(load):
    """What clients of a proxy that is reloaded or restarted may see: the end of their connection, or a 502."""
    odd = [said for said in load.sayings() if "no answer" not in said and "status 502" not in said]
    assert not odd, odd


def test_reloads(trial, database, proxied):
    """nginx is reloaded twenty times under load, with open streams"""
    with trial.watch(proxied.server), Generator(proxied, Shape(writers=6)) as load:
        saving(load)
        with listen(proxied, "sage://session/reloads") as stream:
            stream.next()
            for _ in range(20):
                proxied.reload()
                time.sleep(0.1)
            with proxied.connect() as connection:
                connection.done("save_memory", {"user_input": "event", "session_id": "reloads"})
            assert stream.next().json["method"] == "notifications/resources/updated"
        saving(load)
    trial.note(f"{len(load.failed_reads())} of {len(load.reads)} reads cut")
    trial.check(load, database)
    only_broken_connections(load)


def test_restart_under_streams(trial, database, proxied):
    """nginx is killed and started again under load, with open streams: they end, nothing of them stays"""
    with trial.watch(proxied.server), Generator(proxied, Shape(writers=6)) as load:
        saving(load)
        before = proxied.server.descriptors()
        for how in (signal.SIGTERM, signal.SIGKILL):
            streams = [listen(proxied, "sage://feed/default") for _ in range(STREAMS)]
            for each in streams:
                each.next()
            proxied.restart(how)
            for each in streams:
                with suppress(OSError, HTTPException):
                    while each.next() is not None:
                        pass
                each.close()
            wait_for("their connections are gone", lambda: proxied.server.descriptors() < before + STREAMS, 5)
            saving(load)
    trial.check(load, database)
    only_broken_connections(load)


def desync_vectors(host: str) -> list[bytes]:
    """Requests with more in them than a careless reader takes: the rest would be the next request."""
    body, headers = rpc_message("tools/call", {"name": "save_memory", "arguments": {"user_input": "SMUGGLED"}},
        era=LEGACY)
    hidden = (f"POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    length = len(hidden)
    head = f"HTTP/1.1\r\nHost: {host}\r\n"
    chunked = f"{length:x}\r\n".encode() + hidden + b"\r\n0\r\n\r\n"
    return [
        f"HEAD /healthz {head}Content-Length: {length}\r\n\r\n".encode() + hidden,
        f"GET /healthz {head}Content-Length: {length}\r\n\r\n".encode() + hidden,
        f"OPTIONS /mcp {head}Content-Length: {length}\r\n\r\n".encode() + hidden,
        f"DELETE /mcp {head}Content-Length: {length}\r\n\r\n".encode() + hidden,
        f"GET /nothing {head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked,
        f"PUT /mcp {head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunked,
        f"POST /mcp {head}Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + hidden,
        f"POST /mcp {head}Content-Length: {length}\r\nContent-Length: 0\r\n\r\n".encode() + hidden,
        f"POST /mcp {head}Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n".encode() + hidden,
        f"POST /mcp {head}Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n".encode() + hidden,
        f"POST /healthz {head}Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n".encode() + hidden,
        f"TRACE / {head}Content-Length: {length}\r\n\r\n".encode() + hidden,
    ]


def test_desync(trial, database, proxied):
    """Bodies where none belongs, between requests of others on the same upstream connections"""
    vectors = desync_vectors(proxied.address)
    with trial.watch(proxied.server), Generator(proxied, Shape(writers=4, readers=4, think_s=0)) as load:
        saving(load)
        for turn in range(20 * len(vectors)):
            with socket.create_connection((proxied.host, proxied.port)) as hostile:
                hostile.settimeout(0.02 + random.random() * 0.02)
                hostile.sendall(vectors[turn % len(vectors)])
                with suppress(OSError):
                    hostile.recv(4096)
        saving(load)
    with proxied.connect() as connection:
        smuggled = connection.done("search_memories", {"query": "SMUGGLED"})["hits"]
    trial.note(f"{20 * len(vectors)} hostile requests")
    trial.check(load, database)
    assert not smuggled, smuggled
    only_broken_connections(load)
