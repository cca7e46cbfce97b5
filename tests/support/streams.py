"""A raw reader of server-sent events, for what SDK clients hide."""

import http.client
import json
import socket
import time
from dataclasses import dataclass

from sage import MODERN, Server, rpc_message

LISTEN_ID = "listen-1"


@dataclass
class Event:
    id: str | None = None
    name: str | None = None
    retry: int | None = None
    data: str = ""

    @property
    def json(self) -> dict:
        return json.loads(self.data)


class EventStream:
    """One response of type text/event-stream, read event by event."""

    def __init__(self, server: Server, method: str = "POST", path: str = "/mcp", body: bytes | None = None,
            headers: dict | None = None, timeout_s: float = 20):
        self.comments = 0
        self.http = http.client.HTTPConnection(server.host, server.port, timeout=timeout_s)
        base = {"Accept": "application/json, text/event-stream"}
        if body is not None:
            base["Content-Type"] = "application/json"
        self.http.request(method, path, body, base | (headers or {}))
        self.response = self.http.getresponse()
        self.status, self.headers = self.response.status, self.response.headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.http.sock is not None:
            self.http.sock.close()
        self.response.close()
        self.http.close()

    def next(self, within_s: float = 20) -> Event | None:
        """The next event; None at the end of the stream. Comments are no sign of it."""
        event, lines = Event(), 0
        until = time.monotonic() + within_s
        for raw in iter(self.response.readline, b""):
            if time.monotonic() > until:
                raise TimeoutError(f"no event within {within_s} s")
            line = raw.decode().rstrip("\n")
            if line == "" and lines > 0:
                return event
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            lines += field != ""
            if line.startswith(":"):
                self.comments += 1
            elif field == "data":
                event.data += value
            elif field == "event":
                event.name = value
            elif field == "id":
                event.id = value
            elif field == "retry":
                event.retry = int(value)
        return None

    def silent_for(self, seconds: float) -> bool:
        """Nothing but comments arrives in that time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.http.sock.settimeout(left)
            try:
                if not self.http.sock.recv(65536, socket.MSG_PEEK):
                    return False
            except TimeoutError:
                return True
            if not self.response.readline().startswith((b":", b"\n")):
                return False
        return True


def listen(server: Server, *uris: str, headers: dict | None = None, **filters) -> EventStream:
    """An open subscriptions/listen stream, not yet read."""
    wanted = filters | {"resourceSubscriptions": list(uris)}
    body, own = rpc_message("subscriptions/listen", {"notifications": wanted}, era=MODERN, id=LISTEN_ID,
        headers=headers)
    return EventStream(server, body=body, headers=own)


# Whoever saves into this session tells listen_deaf() some 40 KB.
DEAF_SESSION = "x" * 200


def listen_deaf(server: Server) -> socket.socket:
    """A subscriptions/listen stream that nobody reads, with little room to be sent to."""
    # Many spellings of one session's URI, so that one save is many bytes.
    uris = [f"sage://session/{'x' * i}%78{'x' * (199 - i)}" for i in range(200)]
    body, headers = rpc_message("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}},
        era=MODERN, id="deaf")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((server.host, server.port))
    head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
    deaf.sendall(f"POST /mcp HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: application/json\r\n{head}"
        f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return deaf
