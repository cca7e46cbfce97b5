"""The server card, and the registry's server.json beside it."""

import json
import re
import subprocess

from sage import BINARY, ROOT

PATH = "/mcp/server-card"


def test_card_describes_this_server(server, connection):
    answer = connection.get(PATH)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/mcp-server-card+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    card = answer.json
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", card["name"])
    assert 1 <= len(card["description"]) <= 100
    [remote] = card["remotes"]
    assert remote["url"] == server.url
    discovered = connection.rpc("server/discover", era="2026-07-28").result
    assert set(discovered["supportedVersions"]) <= set(remote["supportedProtocolVersions"])


def test_card_is_cached_and_open_to_browsers(connection):
    etag = connection.get(PATH).headers["ETag"]
    headers = {"If-None-Match": etag, "Origin": "https://anywhere.example"}
    assert connection.send("GET", PATH, headers=headers).status == 304
    assert connection.send("GET", PATH, headers=headers | {"If-None-Match": '"x"'}).status == 200
    assert connection.send("HEAD", PATH).body == b""


def test_public_url_is_what_the_operator_says(start):
    server = start(DATABASE_URL="postgresql://x@/x?host=/nonexistent", PUBLIC_URL="https://memory.example.com/mcp")
    with server.connect() as connection:
        assert connection.get(PATH).json["remotes"][0]["url"] == "https://memory.example.com/mcp"


def test_registry_entry_says_the_same(connection):
    entry = json.loads((ROOT / "deploy/server.json").read_text())
    card = connection.get(PATH).json
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    assert entry["version"] == card["version"] == version
    for member in "name", "title", "description":
        assert entry[member] == card[member]
