"""Agents that read: a server for each file of tests, and fixtures that give its agents."""

import json
import uuid

import pytest
from sage import Server, bearer, create_database, make_key, run_command, tool_text


@pytest.fixture(scope="module")
def world(cluster_uri, tmp_path_factory):
    """A server with the agents ann and amy in one namespace, and bob in another."""
    database = create_database(cluster_uri, f"reading_{uuid.uuid4().hex[:8]}")
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    keys = {agent: bearer(make_key(database, agent, namespace))
        for agent, namespace in (("ann", "red"), ("amy", "red"), ("bob", "blue"))}
    server = Server(tmp_path_factory.mktemp("reading"), DATABASE_URL=database).wait_ready()
    yield server, database, keys
    server.stop()


class Agent:
    """One agent's way to the server: its key, and sessions nobody else uses."""

    def __init__(self, world, name: str):
        server, self.database, keys = world
        self.connection = server.connect()
        self.headers = keys[name]
        self.tag = uuid.uuid4().hex[:12]

    def tool(self, name: str, **arguments) -> dict:
        return self.connection.tool(name, arguments, headers=self.headers)

    def done(self, name: str, **arguments) -> dict:
        return self.connection.done(name, arguments, headers=self.headers)

    def refused(self, name: str, **arguments) -> str:
        return self.connection.rpc("tools/call", {"name": name, "arguments": arguments},
            headers=self.headers).refusal

    def save(self, text: str, **more) -> str:
        return self.done("save_memory", **{"user_input": text, "session_id": self.tag, "force": True} | more)["id"]

    def walk(self, **filters) -> list[list[str]]:
        """The ids of every page."""
        pages, cursor = [], {}
        while True:
            page = self.done("list_memories", **filters, **cursor)
            pages.append([memory["id"] for memory in page["memories"]])
            assert page["has_more"] == ("next_cursor" in page)
            assert len(pages) < 200, "it does not get on"
            if not page["has_more"]:
                return pages
            cursor = {"cursor": page["next_cursor"]}

    def listed(self, **filters) -> list[str]:
        return sum(self.walk(session_id=self.tag, **filters), [])


@pytest.fixture
def agents(world):
    agents = [Agent(world, name) for name in ("ann", "amy", "bob")]
    yield agents
    for agent in agents:
        agent.connection.http.close()


@pytest.fixture
def ann(agents):
    return agents[0]


@pytest.fixture
def lone(world):
    """An agent alone in a namespace of its own, on the same server."""
    server, database, keys = world
    name = f"lone{uuid.uuid4().hex[:6]}"
    agent = Agent((server, database, keys | {name: bearer(make_key(database, name, name))}), name)
    with agent.connection:
        yield agent


def bytes_of(result: dict) -> int:
    structured = json.dumps(result["structuredContent"], ensure_ascii=False, separators=(",", ":"))
    return max(len(tool_text(result).encode()), len(structured.encode()))
