"""Plain TCP connections to the shared server."""

import socket

import pytest


@pytest.fixture
def raw(server):
    """raw() -> a new connection, closed after the test."""
    opened = []

    def connect(port: int | None = None) -> socket.socket:
        s = socket.create_connection(("127.0.0.1", port or server.port), timeout=10)
        opened.append(s)
        return s

    yield connect
    for s in opened:
        s.close()
