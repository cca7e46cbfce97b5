"""The official SDK clients of every generation do the main job against a real database."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from sage import LEGACY, MODERN, ROOT, Server

HERE = Path(__file__).parent
NEWER_NODE = ROOT / "build/node/node"  # made by tests/run.sh where the system's is too old
NODE = str(NEWER_NODE) if NEWER_NODE.exists() else "node"
GO_CLIENT = ROOT / "build/go/client"  # made by tests/run.sh where there is Go

# name: (command, the revision it must end up with)
CLIENTS = {
    "python-auto": ([sys.executable, HERE / "sdk_python.py", "auto"], MODERN),
    "python-legacy": ([sys.executable, HERE / "sdk_python.py", "legacy"], LEGACY),
    "node-sdk": ([NODE, HERE / "node/client.mjs", "v1"], LEGACY),
    "node-client-auto": ([NODE, HERE / "node/client.mjs", "v2-auto"], MODERN),
    "node-client-legacy": ([NODE, HERE / "node/client.mjs", "v2-legacy"], LEGACY),
    "go": ([GO_CLIENT], MODERN),
}

TEXTS = {
    "ascii": "Deploys happen on Thursdays.",
    "chinese": "用户喜欢在周四部署,数据库是 PostgreSQL。",
    "emoji": "Ship it 🚀👩‍👩‍👧‍👦🇨🇳 — thumbs up 👍🏽",
    "right-to-left": "النشر يوم الخميس \u200f(مهم)",
    "combining": "Cafe\u0301 Zu\u0308rich, \U0001d4d0\U0001d4d1",
    "controls": "tab\there, newline\nhere, quote\" backslash\\ slash/ del\x7f",
    "100kB-ascii": "needle " + "lorem ipsum dolor " * 5600,
    "100kB-chinese": "记忆" + "数据库索引" * 6700,
}


class SdkClient:
    def __init__(self, command: list, url: str):
        self.process = subprocess.Popen([*command, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"NO_PROXY": "*", "no_proxy": "*"})
        self.version = self._answer()["version"]

    def _answer(self) -> dict:
        line = self.process.stdout.readline()
        assert line, f"the client ended with status {self.process.wait()}"
        message = json.loads(line)
        assert "result" in message, message
        return message["result"]

    def _ask(self, request: dict) -> dict:
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def list_tools(self) -> list[dict]:
        return self._ask({"listTools": {}})["tools"]

    def read(self, uri: str) -> dict:
        [content] = self._ask({"readResource": {"uri": uri}})["contents"]
        return json.loads(content["text"])

    def subscribe(self, uri: str):
        self._ask({"subscribe": {"uri": uri}})

    def next_update(self) -> str:
        return self._ask({"nextUpdate": {}})["uri"]

    def call(self, name: str, **arguments) -> dict:
        return self._ask({"callTool": {"name": name, "arguments": arguments}})

    def done(self, name: str, **arguments) -> dict:
        result = self.call(name, **arguments)
        assert not result.get("isError"), result
        return result["structuredContent"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module", params=CLIENTS)
def sdk(request, server):
    command, version = CLIENTS[request.param]
    if request.param == "go" and not GO_CLIENT.exists():
        pytest.skip("there is no Go here to build its client with")
    client = SdkClient(command, server.url)
    client.expected_version = version
    yield client
    client.close()


def test_negotiates_its_newest_common_revision(sdk):
    assert sdk.version == sdk.expected_version


def test_lists_the_tools(sdk):
    tools = {tool["name"]: tool for tool in sdk.list_tools()}
    assert {"save_memory", "search_memories", "get_memory", "manage_session", "get_status"} <= set(tools)
    assert all(tool["description"] and tool["inputSchema"]["type"] == "object" for tool in tools.values())


@pytest.mark.parametrize("text", TEXTS)
def test_saves_and_reads_back(sdk, text):
    saved = sdk.done("save_memory", user_input=TEXTS[text], assistant_response=TEXTS[text][::-1])
    memory = sdk.done("get_memory", id=saved["id"])
    assert memory["user_input"] == TEXTS[text]
    assert memory["assistant_response"] == TEXTS[text][::-1]


@pytest.mark.parametrize("words, query", [
    ("The staging cluster is called Narwhal", "what is staging called"),
    ("预发布集群的名字是独角鲸", "集群名字"),
    ("Release mood 🦄🌈", "🦄"),
    ("x " * 50000 + "Quetzalcoatlus", "quetzalcoatlus"),
], ids=["english", "chinese", "emoji", "end-of-100kB"])
def test_saves_and_finds(sdk, words, query):
    session = uuid.uuid4().hex
    saved = sdk.done("save_memory", user_input=words, session_id=session)
    hits = sdk.done("search_memories", query=query, session_id=session)["hits"]
    assert [hit["id"] for hit in hits] == [saved["id"]]
    assert words.startswith(hits[0]["user_input"]) or hits[0]["user_input"] in words


def test_bad_argument_is_a_tool_error_and_the_client_goes_on(sdk):
    result = sdk.call("save_memory", user_input=7)
    assert result["isError"] is True
    assert "user_input" in result["content"][0]["text"]
    assert sdk.done("get_status")["version"]


@pytest.fixture(scope="module")
def other_process(server, tmp_path_factory):
    """Another process on the same database."""
    other = Server(tmp_path_factory.mktemp("server"), DATABASE_URL=server.database).wait_ready()
    yield other
    other.stop()


def test_reads_and_is_told_of_what_another_process_saved(sdk, other_process):
    uri = f"sage://session/{uuid.uuid4().hex}"
    session = uri.rpartition("/")[2]
    sdk.done("save_memory", user_input="the first", session_id=session)
    sdk.subscribe(uri)
    with other_process.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "the second", "session_id": session})
    # What the client did itself may be told as well.
    while sdk.next_update() == uri and sdk.read(uri)["latest"][0]["id"] != saved["id"]:
        pass
    assert [memory["user_input"] for memory in sdk.read(uri)["latest"]] == ["the second", "the first"]
