"""Clients that save numbered memories while something goes wrong, and keep books on every one.

A memory is ACKNOWLEDGED (its id was given), REFUSED (the answer said that nothing was saved), UNKNOWN
(the answer said that it may have been, or none came) or UNCLEAR (an answer that says neither,
which no answer may be). check() compares the books with the table, after whatever happened.
"""

import itertools
import json
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException

from sage import LEGACY, Connection, psql, rpc_message, tool_text

ACKNOWLEDGED, REFUSED, UNKNOWN, UNCLEAR = "acknowledged", "refused", "unknown", "unclear"
TELLING = {"nothing was saved": REFUSED, "nothing was done": REFUSED, "may or may not": UNKNOWN}
NOT_ACCEPTED = (400, 401, 413, 429, 503)  # by HTTP: no tool has run

THINK_S = 0.004  # between two calls of one client
AFTER_A_REFUSAL_S = 0.02
ANSWER_S = 60.0  # longer than any deadline of the server
END_S = 90.0
SHOWN = 5


@dataclass
class Memory:
    text: str
    key: str
    state: str | None = None
    id: str | None = None
    said: str = ""  # by the answer, when it is no acknowledgement
    began: float = 0.0
    ended: float = 0.0


@dataclass
class Read:
    began: float
    ended: float
    said: str = ""  # "": answered rightly


@dataclass
class Shape:
    """Who the clients are, and how their calls look."""

    writers: int = 4
    readers: int = 2
    text_bytes: int = 0  # each memory is made so long
    era: str = LEGACY
    headers: dict = field(default_factory=dict)  # such as a key
    think_s: float = THINK_S


def parsed(answer) -> tuple[dict, dict | None]:
    """The JSON-RPC message, and its result when it has one."""
    try:
        message = answer.json
    except json.JSONDecodeError:
        return {}, None
    return message, message.get("result")


def said_by(answer, message: dict, result: dict | None) -> str:
    """Why there is no good result."""
    said = tool_text(result) if result else message.get("error", {}).get("message", str(answer.body[:200]))
    return said if answer.status == 200 else f"status {answer.status}: {said}"


def state_of(answer) -> tuple[str, str, str | None]:
    """Of a save: its state, what was said about it, and its id."""
    message, result = parsed(answer)
    if result is not None and not result.get("isError"):
        id = result.get("structuredContent", {}).get("id")
        return (ACKNOWLEDGED, "", id) if id else (UNCLEAR, f"a result without an id: {message}", None)
    said = said_by(answer, message, result)
    state = next((state for words, state in TELLING.items() if words in said.lower()),
        REFUSED if answer.status in NOT_ACCEPTED else UNCLEAR)
    return state, said, None


class Generator:
    """Runs from the beginning of the with block to its end."""

    def __init__(self, server, shape: Shape | None = None):
        self.server = server
        self.shape = shape or Shape()
        self.run = uuid.uuid4().hex[:12]
        self.memories: list[Memory] = []
        self.latest: Memory | None = None  # of those that were acknowledged
        self.reads: list[Read] = []
        self.wrong_answers: list[str] = []
        self._numbers = itertools.count()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(save,), daemon=True)
            for save in [True] * self.shape.writers + [False] * self.shape.readers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, failed, *_):
        self._end.set()
        if not failed:
            self.stop()

    def stop(self):
        self._end.set()
        until = time.monotonic() + END_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        assert not any(thread.is_alive() for thread in self._threads), "a client still waits for its answer"

    # --- the clients -----------------------------------------------------------

    def _work(self, saves: bool):
        connection = None
        while not self._end.is_set():
            if connection is None:
                connection = self._connect()
                continue
            well = self._save(connection) if saves else self._read(connection)
            if well is None:
                connection.http.close()
                connection = None
            time.sleep(self.shape.think_s if well else AFTER_A_REFUSAL_S)
        if connection is not None:
            connection.http.close()

    def _connect(self) -> Connection | None:
        try:
            return Connection(self.server.host, self.server.port, ANSWER_S)
        except OSError:
            time.sleep(AFTER_A_REFUSAL_S)
            return None

    def new_memory(self) -> Memory:
        number = next(self._numbers)
        text = f"memory {number} of {self.run} "
        memory = Memory(text.ljust(self.shape.text_bytes, "."), f"{self.run}-{number}", began=time.monotonic())
        self.memories.append(memory)
        return memory

    def save(self, connection: Connection, memory: Memory):
        """Sends it, again with the same key when it was sent before; its state is then known."""
        arguments = {"user_input": memory.text, "idempotency_key": memory.key}
        body, headers = rpc_message("tools/call", {"name": "save_memory", "arguments": arguments},
            era=self.shape.era, headers=self.shape.headers)
        try:
            memory.state, memory.said, memory.id = state_of(connection.post(body, headers))
        except (OSError, HTTPException) as why:
            memory.state, memory.said = UNKNOWN, f"no answer: {why!r}"
        memory.ended = time.monotonic()
        if memory.state == ACKNOWLEDGED:
            self.latest = memory

    def _save(self, connection: Connection) -> bool | None:
        """True: acknowledged; None: the connection is of no more use."""
        memory = self.new_memory()
        self.save(connection, memory)
        return None if memory.said.startswith("no answer") else memory.state == ACKNOWLEDGED

    def _read(self, connection: Connection) -> bool | None:
        """Gets the latest memory, however long ago it was saved; it must be the one it was."""
        known = self.latest
        if known is None:
            return False
        read = Read(time.monotonic(), 0.0)
        try:
            answer = connection.rpc("tools/call", {"name": "get_memory", "arguments": {"id": known.id}},
                headers=self.shape.headers)
            read.said = self._compare(answer, known)
        except (OSError, HTTPException) as why:
            read.said = f"no answer: {why!r}"
        read.ended = time.monotonic()
        self.reads.append(read)
        return None if read.said.startswith("no answer") else read.said == ""

    def _compare(self, answer, known: Memory) -> str:
        """What was said instead of the memory."""
        message, result = parsed(answer)
        if result is None or result.get("isError"):
            return said_by(answer, message, result)
        if result.get("structuredContent", {}).get("user_input") != known.text:
            self.wrong_answers.append(f"asked for {known}: {message}")
        return ""

    # --- the books -------------------------------------------------------------

    def of(self, state: str) -> list[Memory]:
        return [memory for memory in self.memories if memory.state == state]

    def count(self, state: str) -> int:
        return len(self.of(state))

    def acknowledged_since(self, moment: float) -> list[Memory]:
        """Those that were sent after it."""
        return [m for m in self.of(ACKNOWLEDGED) if m.began >= moment]

    def failed_reads(self) -> list[Read]:
        return [read for read in self.reads if read.said]

    def slowest_s(self) -> float:
        return max(call.ended - call.began for call in [*self.memories, *self.reads])

    def sayings(self) -> Counter:
        """What was answered instead of an acknowledgement or a memory, and how often."""
        return Counter(m.said for m in list(self.memories) if m.said) + Counter(r.said for r in self.failed_reads())

    def stored(self, uri: str) -> dict[str, list[str]]:
        """The ids that each text of this run has in the table."""
        rows = psql(uri, f"""SELECT id, rtrim(left(user_input, 60), '.') FROM memories
            WHERE user_input LIKE 'memory % of {self.run} %'""")
        stored: dict[str, list[str]] = {}
        for row in rows.splitlines():
            id, text = row.split("|")
            stored.setdefault(text.strip(), []).append(id)
        return stored

    def check(self, uri: str) -> int:
        """The table holds what the books say; how many memories that are."""
        stored = self.stored(uri)
        wrong = list(self.wrong_answers)
        for memory in self.memories:
            ids = stored.pop(memory.text.rstrip(".").strip(), [])
            allowed = {ACKNOWLEDGED: [[memory.id]], REFUSED: [[]]}.get(memory.state, [[], ids[:1]])
            if ids not in allowed or memory.state in (UNCLEAR, None):
                wrong.append(f"{memory.state}, stored {len(ids)} times: {memory}")
        for memory in self.of(ACKNOWLEDGED):
            if any(memory.id in text for text in wrong):
                wrong.append("found: " + psql(uri, f"SELECT row(m, now()) FROM memories m WHERE id = '{memory.id}'"))
        wrong += [f"stored, but never sent: {text}" for text in stored]
        assert not wrong, f"{len(wrong)} memories are wrong:\n" + "\n".join(wrong[:SHOWN])
        return self.count(ACKNOWLEDGED)

    def retry_unknown(self, server=None):
        """Each with its key: then it is acknowledged, and check() says whether it is stored once."""
        server = server or self.server
        with server.connect() as connection:
            for memory in self.of(UNKNOWN):
                self.save(connection, memory)
                assert memory.state == ACKNOWLEDGED, memory
