"""A client of HTTP with SSE, the transport of 2024-11-05."""

import json
import re

from sessions import initialize_message
from streams import EventStream

OLDEST = "2024-11-05"


class Client:
    """One stream, and the address to POST to that it was told."""

    def __init__(self, server, headers: dict | None = None):
        self.server = server
        self.headers = headers or {}
        self.stream = EventStream(server, "GET", "/sse", headers={"Accept": "text/event-stream"} | self.headers)
        assert (self.stream.status, self.stream.headers["Content-Type"]) == (200, "text/event-stream")
        endpoint = self.stream.next()
        assert endpoint.name == "endpoint"
        self.endpoint = endpoint.data
        assert re.fullmatch(r"/messages\?sessionId=[\x21-\x7e]+", self.endpoint)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def post(self, body: bytes, server=None, endpoint: str | None = None, headers: dict | None = None):
        with (server or self.server).connect() as connection:
            return connection.send("POST", endpoint or self.endpoint, body,
                {"Content-Type": "application/json"} | (self.headers if headers is None else headers))

    def send(self, message: dict):
        """A message that must be accepted."""
        answer = self.post(json.dumps(message).encode())
        assert (answer.status, answer.body) == (202, b"Accepted")

    def ask(self, method: str, params: dict | None = None, id=1) -> dict:
        """The answer to a request, which arrives on the stream."""
        self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})
        return self.read(id)

    def read(self, id) -> dict:
        event = self.stream.next()
        assert event.name == "message" and event.id is None
        assert event.json["id"] == id
        return event.json

    def begin(self, **capabilities) -> "Client":
        message = initialize_message(OLDEST, id="begin")
        message["params"]["capabilities"] = capabilities
        self.send(message)
        assert self.read("begin")["result"]["protocolVersion"] == OLDEST
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self
