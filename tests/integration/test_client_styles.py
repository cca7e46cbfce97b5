"""The first requests of clients people use, as they send them, and the Inspector itself."""

import json
import shutil
import subprocess

import pytest
from sage import LEGACY, MODERN, ROOT
from streams import EventStream

INSPECTOR = ROOT / "tests/integration/node/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
NODE = ROOT / "build/node/node"
VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
WELL_KNOWN = ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp",
    "/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/openid-configuration", "/.well-known/openid-configuration/mcp", "/mcp/.well-known/openid-configuration",
    "/.well-known/mcp.json", "/register", "/authorize", "/token"]


def initialize(connection, version: str, **how):
    return connection.rpc("initialize", {"protocolVersion": version, "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"}}, **how)


def in_session(connection, version: str) -> dict:
    """Headers of a session, after the whole handshake."""
    headers = {"MCP-Session-Id": initialize(connection, version).headers["MCP-Session-Id"], "MCP-Protocol-Version": version}
    body = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
    assert connection.post(body, headers).status == 202
    return headers


def test_claude_code_probes_the_newest_revision_first(connection):
    discovered = connection.rpc("server/discover", era=MODERN)
    assert discovered.status == 200 and MODERN in discovered.result["supportedVersions"]
    assert len(discovered.result["instructions"].encode()) <= 2048, "Claude Code cuts it there"
    tools = connection.rpc("tools/list", era=MODERN).result["tools"]
    assert all(len(tool["description"].encode()) <= 2048 for tool in tools)
    # An older one goes on with initialize on the same connection.
    assert initialize(connection, LEGACY).result["protocolVersion"] == LEGACY


@pytest.mark.parametrize("version", [*VERSIONS, "2026-07-28", "2099-01-01", "1.0"])
@pytest.mark.parametrize("header", [None, LEGACY])
def test_vs_code_is_never_pushed_to_the_old_transport(connection, version, header):
    """It takes a 400 to initialize for a server of 2024-11-05, and goes looking for its stream."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": version,
        "capabilities": {"roots": {"listChanged": True}}, "clientInfo": {"name": "Visual Studio Code", "version": "1"}}})
    answer = connection.post(body.encode(), {} if header is None else {"MCP-Protocol-Version": header})
    assert answer.status == 200
    assert answer.result["protocolVersion"] == (version if version in VERSIONS else LEGACY)


def test_get_without_a_session_is_no_stream(server, connection):
    answer = connection.send("GET", "/mcp", headers={"Accept": "text/event-stream"})
    assert answer.status == 405
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_cursor_asks_for_everything_at_the_start(server, connection, version):
    headers = in_session(connection, version)
    with EventStream(server, "GET", headers=headers) as stream:
        assert stream.status == 200
        for method, params in [("tools/list", {}), ("resources/list", {}), ("resources/templates/list", {}),
                ("prompts/list", {}), ("ping", {}), ("resources/subscribe", {"uri": "sage://sessions/list"})]:
            assert connection.rpc(method, params, headers=headers).result is not None, method


@pytest.mark.parametrize("path", WELL_KNOWN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_is_sent_looking_for_oauth(connection, path, method):
    answer = connection.send(method, path, b"{}" if method == "POST" else None, {"Content-Type": "application/json"})
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["error"]["code"] == 404


@pytest.mark.parametrize("words", [["tools/list"], ["tools/call", "--tool-name", "get_status"], ["resources/list"],
    ["resources/read", "--uri", "sage://sessions/list"], ["prompts/list"]], ids=lambda words: words[0])
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_inspector(server, words, era):
    node = NODE if NODE.exists() else shutil.which("node")
    done = subprocess.run([node, INSPECTOR, "--cli", "--server-url", server.url, "--transport", "http",
        "--protocol-era", era, "--method", *words], capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout)
