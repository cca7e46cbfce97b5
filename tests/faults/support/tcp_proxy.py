"""A TCP proxy with faults, for what the kernel's own tools cannot do here (netem is not everywhere).

    proxy = TcpProxy(unix_socket_of_postgres)
    proxy.to_client.latency_s = 0.1      takes effect at once, on open connections too
    proxy.reset_all()

Each direction has its own faults, and each connection may have others (choose()).
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

CHUNK_BYTES = 16 * 1024
QUEUE_CHUNKS = 16  # between reading and writing; then the sender feels it
HELD_LOOK_S = 0.01


@dataclass
class Faults:
    latency_s: float = 0.0
    bytes_per_s: float = 0.0  # 0: as fast as it goes
    slice_bytes: int = 0  # pieces no longer than this are written one by one
    held: bool = False  # nothing goes on, and nothing is said
    limit_bytes: int = 0  # after so many the connection is closed


@dataclass(eq=False)
class Link:
    """One connection through the proxy."""

    to_server: Faults
    to_client: Faults
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def reset(self):
        for writer in self.writers:
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.family != socket.AF_UNIX:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class TcpProxy:
    """Listens on a loopback port of its own; upstream is a unix socket's path or (host, port)."""

    def __init__(self, upstream: str | tuple[str, int]):
        self.upstream = upstream
        self.to_server, self.to_client = Faults(), Faults()
        # Told the first bytes of each connection; may change the faults that it has by itself.
        self.choose: Callable[[bytes, Link], None] = lambda first, link: None
        self.links: set[Link] = set()
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.host, self.port = self._server.sockets[0].getsockname()

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def reset_all(self):
        async def reset():
            for link in list(self.links):
                link.reset()

        self._do(reset())

    def close(self):
        async def end():
            self._server.close()
            for link in list(self.links):
                link.reset()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    # --- within the loop -------------------------------------------------------

    async def _open(self):
        if isinstance(self.upstream, str):
            return await asyncio.open_unix_connection(self.upstream)
        return await asyncio.open_connection(*self.upstream)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        link = Link(self.to_server, self.to_client, [writer])
        self.links.add(link)
        self.connections += 1
        try:
            first = await reader.read(CHUNK_BYTES)
            self.choose(first, link)
            up_reader, up_writer = await self._open()
            link.writers.append(up_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, up_writer, lambda: link.to_server, first))
                both.create_task(self._pass(up_reader, writer, lambda: link.to_client))
        except* (OSError, asyncio.CancelledError):
            pass  # of no interest here: the other end is closed, too, or all is over
        finally:
            self.links.discard(link)
            for each in link.writers:
                each.close()

    async def _pass(self, reader, writer, faults: Callable[[], Faults], first: bytes = b""):
        """One direction, to its end; then the other end of the connection is told."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUE_CHUNKS)
        feeding = asyncio.create_task(self._feed(reader, queue, faults, first))
        passed = 0
        try:
            while (item := await queue.get())[1]:
                due, data = item
                await self._wait(faults, due)
                passed += len(data)
                if 0 < faults().limit_bytes < passed:
                    raise ConnectionResetError
                await self._write(writer, data, faults())
            if writer.can_write_eof():
                writer.write_eof()
        finally:
            feeding.cancel()

    async def _feed(self, reader, queue, faults: Callable[[], Faults], first: bytes):
        data = first or await self._read(reader)
        while data:
            await queue.put((self._loop.time() + faults().latency_s, data))
            data = await self._read(reader)
        await queue.put((0.0, b""))

    @staticmethod
    async def _read(reader) -> bytes:
        try:
            return await reader.read(CHUNK_BYTES)
        except OSError:
            return b""

    async def _wait(self, faults: Callable[[], Faults], due: float):
        await asyncio.sleep(max(0.0, due - self._loop.time()))
        while faults().held:
            await asyncio.sleep(HELD_LOOK_S)

    async def _write(self, writer, data: bytes, faults: Faults):
        step = faults.slice_bytes or len(data)
        for at in range(0, len(data), step):
            piece = data[at:at + step]
            writer.write(piece)
            await writer.drain()
            if faults.bytes_per_s:
                await asyncio.sleep(len(piece) / faults.bytes_per_s)
            elif faults.slice_bytes:
                await asyncio.sleep(0)
