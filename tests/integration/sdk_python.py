"""Drives the official Python SDK client, with the same lines as node/client.mjs.

    sdk_python.py legacy|auto URL
"""

import json
import sys

import anyio
import anyio.to_thread
from mcp import Client, types


def print_line(message: dict) -> None:
    print(json.dumps(message), flush=True)


def plain(model) -> dict:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


class Driver:
    def __init__(self, mode: str, url: str):
        self.mode = mode
        self.client = Client(url, mode=mode, message_handler=self.on_message)
        self.told, self.updates = anyio.create_memory_object_stream(100)

    async def on_message(self, message) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            await self.told.send({"uri": str(message.params.uri)})

    async def listen(self, uri: str, tasks) -> None:
        """subscriptions/listen is a context: it stays open in a task of its own."""

        async def follow(*, task_status) -> None:
            async with self.client.listen(resource_subscriptions=[uri]) as events:
                task_status.started()
                async for event in events:
                    await self.told.send({"uri": str(event.uri)})

        await tasks.start(follow)

    async def answer(self, name: str, params: dict, tasks) -> dict:
        if name == "listTools":
            return plain(await self.client.list_tools())
        if name == "callTool":
            return plain(await self.client.call_tool(**params))
        if name == "readResource":
            return plain(await self.client.read_resource(params["uri"]))
        if name == "nextUpdate":
            return await self.updates.receive()
        if self.mode == "auto":
            await self.listen(params["uri"], tasks)
        else:
            await self.client.subscribe_resource(params["uri"])
        return {}

    async def serve(self) -> None:
        async with self.client, anyio.create_task_group() as tasks:
            print_line({"result": {"version": self.client.protocol_version}})
            while line := await anyio.to_thread.run_sync(sys.stdin.readline):
                [(name, params)] = json.loads(line).items()
                try:
                    print_line({"result": await self.answer(name, params, tasks)})
                except Exception as error:  # whatever the SDK raises belongs to the test
                    print_line({"error": repr(error)})
            tasks.cancel_scope.cancel()


anyio.run(Driver(*sys.argv[1:]).serve)
