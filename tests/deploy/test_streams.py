"""A thousand agents that listen, through nginx and TLS, for two minutes."""

import asyncio
import json
import time

import pytest
from production import Production
from sage import MODERN, rpc_message

STREAMS = 1000
SECONDS = 120
OPENED_PER_TURN = 50


class Crowd:
    """Streams that count what they hear; latencies are from the sending of a save to each event of it."""

    def __init__(self, stack: Production):
        self.stack, self.context = stack, stack.tls()
        self.heard = [0] * STREAMS
        self.ended = 0
        self.latencies = []
        self.saved_at = 0.0

    def request(self, body: bytes, headers: dict) -> bytes:
        lines = [f"POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.stack.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"]
        return ("".join(lines + [f"{name}: {value}\r\n" for name, value in headers.items()]) + "\r\n").encode() + body

    async def open(self):
        return await asyncio.open_connection("localhost", self.stack.https, ssl=self.context)

    async def listen(self, number: int, listening: asyncio.Event):
        body, headers = rpc_message("subscriptions/listen",
            {"notifications": {"resourceSubscriptions": ["sage://feed/default"]}}, era=MODERN, id=number)
        reader, writer = await self.open()
        writer.write(self.request(body, headers | {"Accept": "application/json, text/event-stream"}))
        try:
            while line := await reader.readline():
                if b"subscriptions/acknowledged" in line:
                    listening.set()
                elif b"resources/updated" in line:
                    self.heard[number] += 1
                    self.latencies.append(time.monotonic() - self.saved_at)
        finally:
            self.ended += 1
            writer.close()

    async def save(self, reader, writer, number: int):
        body, headers = rpc_message("tools/call", {"name": "save_memory", "arguments": {"user_input": f"for all, {number}"}}, era=MODERN)
        self.saved_at = time.monotonic()
        writer.write(self.request(body, headers))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head.split(b"\r\n")[0], head
        length = int(next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")))
        assert "isError" not in json.loads(await reader.readexactly(length))["result"]

    async def run(self) -> int:
        listening = [asyncio.Event() for _ in range(STREAMS)]
        tasks = []
        for first in range(0, STREAMS, OPENED_PER_TURN):
            turn = range(first, first + OPENED_PER_TURN)
            tasks += [asyncio.create_task(self.listen(number, listening[number])) for number in turn]
            await asyncio.wait_for(asyncio.gather(*(listening[number].wait() for number in turn)), 60)
        reader, writer = await self.open()
        saves, until = 0, time.monotonic() + SECONDS
        while time.monotonic() < until:
            await self.save(reader, writer, saves)
            saves += 1
            await asyncio.sleep(2)
        assert self.ended == 0
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return saves


@pytest.mark.rehearsal
def test_a_thousand_streams_for_two_minutes(made):
    stack = made(RATE_PER_KEY="2000", SAGE_MEMORY="256m").start()
    try:
        crowd = Crowd(stack)
        saves = asyncio.run(crowd.run())
        assert set(crowd.heard) == {saves} and saves > 30
        late = sorted(crowd.latencies)
        print(f"{STREAMS} streams, {saves} saves: half of the events within {late[len(late) // 2] * 1000:.0f} ms, "
            f"99 % within {late[len(late) * 99 // 100] * 1000:.0f} ms of the save")
        assert late[len(late) // 2] < 0.5
    finally:
        stack.remove()
