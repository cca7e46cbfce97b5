"""Drives the official Python SDK client, with the same lines as node/client.mjs.

    sdk_python.py legacy|auto URL
"""

import json
import sys

import anyio
import anyio.to_thread
from mcp import Client


def print_line(message: dict) -> None:
    print(json.dumps(message), flush=True)


def plain(model) -> dict:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


async def serve(client: Client) -> None:
    print_line({"result": {"version": client.protocol_version}})
    while line := await anyio.to_thread.run_sync(sys.stdin.readline):
        request = json.loads(line)
        try:
            if "listTools" in request:
                answer = await client.list_tools()
            else:
                answer = await client.call_tool(**request["callTool"])
            print_line({"result": plain(answer)})
        except Exception as error:  # whatever the SDK raises belongs to the test
            print_line({"error": repr(error)})


async def main() -> None:
    mode, url = sys.argv[1:]
    async with Client(url, mode=mode) as client:
        await serve(client)


anyio.run(main)
