"""A client of the older revisions: what it remembers, and what it may send."""

import json
from dataclasses import dataclass, field

from sage import LEGACY, Answer, rpc_message
from streams import EventStream

VERSIONS = [LEGACY, "2025-06-18", "2025-03-26", "2024-11-05"]
HEADERLESS = ("2025-03-26", "2024-11-05")  # they know no MCP-Protocol-Version


@dataclass
class Session:
    """One session; each method takes the server to speak with, which may be any of a database."""

    id: str
    version: str = LEGACY
    more: dict = field(default_factory=dict)  # headers, such as a key

    @property
    def headers(self) -> dict:
        own = {} if self.version in HEADERLESS else {"MCP-Protocol-Version": self.version}
        return {"MCP-Session-Id": self.id} | own | self.more

    def post(self, server, message, headers: dict | None = None) -> Answer:
        with server.connect() as connection:
            return connection.post(json.dumps(message).encode(), self.headers | (headers or {}))

    def rpc(self, server, method: str, params: dict | None = None, id=1) -> Answer:
        return self.post(server, {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})

    def notify(self, server, method: str, params: dict | None = None) -> Answer:
        return self.post(server, {"jsonrpc": "2.0", "method": method, "params": params or {}})

    def subscribe(self, server, *uris: str):
        for uri in uris:
            assert self.rpc(server, "resources/subscribe", {"uri": uri}).result == {}

    def unsubscribe(self, server, uri: str):
        assert self.rpc(server, "resources/unsubscribe", {"uri": uri}).result == {}

    def open(self, server, last_event_id: str | None = None, **headers: str) -> EventStream:
        """The GET stream."""
        last = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        return EventStream(server, "GET", headers=self.headers | last | headers)

    def call_streamed(self, server, name: str, arguments: dict | None = None, id=1, **more) -> EventStream:
        """A tool call whose answer may be a stream."""
        body, _ = rpc_message("tools/call", {"name": name, "arguments": arguments or {}} | more, id=id)
        return EventStream(server, body=body, headers=self.headers)

    def get(self, server) -> Answer:
        """GET, where no stream is expected."""
        with server.connect() as connection:
            return connection.send("GET", "/mcp", headers=self.headers | {"Accept": "text/event-stream"})

    def end(self, server) -> Answer:
        with server.connect() as connection:
            return connection.send("DELETE", "/mcp", headers=self.headers)


def initialize_message(asked, id=0) -> dict:
    return {"jsonrpc": "2.0", "id": id, "method": "initialize", "params": {"protocolVersion": asked,
        "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}}


def initialize(server, version: str = LEGACY, headers: dict | None = None) -> Session:
    """A new session that speaks this version."""
    with server.connect() as connection:
        answer = connection.post(json.dumps(initialize_message(version)).encode(), headers)
    assert answer.result["protocolVersion"] == version
    session = Session(answer.headers["MCP-Session-Id"], version, headers or {})
    assert session.id
    noted = session.notify(server, "notifications/initialized")
    assert (noted.status, noted.body) == (202, b"")
    return session
