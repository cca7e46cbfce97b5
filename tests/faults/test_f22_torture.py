"""F22: every call for memory, of a socket, or of libpq fails once, one after the other.

Whatever the call was for fails in clear words or is done again; the process neither ends nor hangs nor
loses memory, the next request is served as if nothing had been, and the books are right.
"""

import random
import time

import pytest
from generator import Generator, Shape
from sage import BINARY, Server, wait_for
from sessions import initialize
from shim import KINDS, Shim, Symbols
from streams import listen
from trial import SERVER_FIRST

STEP_S = 10.0  # a step that takes longer hangs
WELL_AGAIN_S = 5.0
DEADLINES = {"DB_QUERY_TIMEOUT_MS": "2000", "DB_WAIT_TIMEOUT_MS": "1000", "DB_CONNECT_TIMEOUT_MS": "1000"}
SHORT, LONG = 6, 250  # calls of each kind that fail, one at a time


class Torture:
    """A server under the shim, started anew when it ended."""

    def __init__(self, trial, start, shim: Shim, database: str):
        self.trial, self.start, self.shim, self.database = trial, start, shim, database
        self.wrong: dict[str, str] = {}  # by the place that was hurt: what went wrong
        self.begin()

    def begin(self):
        self.shim.rest()
        self.server: Server = self.start(DATABASE_URL=self.database, prefix=SERVER_FIRST, **DEADLINES,
            **self.shim.settings(BINARY))
        self.server.wait_ready()
        self.symbols = Symbols(self.server.process.pid)
        self.load = Generator(self.server, Shape(writers=0, readers=0))
        self.known = self.step_save()

    def step_save(self) -> str:
        memory = self.load.new_memory()
        with self.server.connect() as connection:
            connection.http.timeout = STEP_S
            self.load.save(connection, memory)
        assert memory.state == "acknowledged", memory.said
        return memory.id

    def step_calls(self):
        with self.server.connect() as connection:
            connection.http.sock.settimeout(STEP_S)
            connection.done("get_memory", {"id": self.known})
            connection.done("search_memories", {"query": "memory"})
            connection.done("manage_session", {"action": "list"})
            connection.done("get_status")
            assert connection.rpc("tools/list").result and connection.get("/readyz").status == 200

    def step_session(self):
        session = initialize(self.server)
        session.subscribe(self.server, "sage://session/default")
        assert session.end(self.server).status == 204

    def step_stream(self):
        with listen(self.server, "sage://feed/default") as stream:
            stream.http.sock.settimeout(STEP_S)
            agreed = stream.next().json["params"]["notifications"]["resourceSubscriptions"]
            assert agreed == ["sage://feed/default"]
            self.step_save()
            assert "updated" in stream.next().json["method"]

    STEPS = (step_save, step_calls, step_session, step_stream)

    def workload(self) -> list[str]:
        """All there is to do; what failed, which is nothing unless a call was made to."""
        failed = []
        for step in self.STEPS:
            began = time.monotonic()
            try:
                step(self)
            except Exception as why:  # whatever became of the answer
                failed.append(f"{step.__name__}: {why!r}")
            if time.monotonic() - began > STEP_S:
                self.wrong[self.place()] = f"{step.__name__} hangs: {failed}"
        return failed

    def place(self) -> str:
        """Where the last call was that failed."""
        return " < ".join(self.symbols.names(self.shim.site())[1:11])

    def hurt(self, kind: str, after: int, error: int | None):
        self.shim.fail(kind, after, error=error)
        self.workload()
        self.shim.rest()
        if self.server.process.poll() is not None:
            last = self.server.err_path.read_text()[:600]
            self.wrong[self.place()] = f"{kind} {after}: status {self.server.process.returncode} {last}"
            self.server.process.returncode = 0  # told here, and no more at its end
            dead = self.load
            self.begin()
            dead.retry_unknown(self.server)
            self.trial.check(dead, self.database)
            return
        wait_for(f"all is well after call {after} of {kind} failed: {self.place()}",
            lambda: self.workload() == [], WELL_AGAIN_S)
        self.settle()

    def settle(self):
        """Compares the books with the table, and begins new ones."""
        for memory in self.load.of("unclear"):
            self.wrong[self.place()] = memory.said
            memory.state = "unknown"
        self.load.retry_unknown()
        try:
            self.trial.check(self.load, self.database)
        except AssertionError as why:
            self.wrong[self.place()] = str(why)
        self.load = Generator(self.server, Shape(writers=0, readers=0))


@pytest.fixture
def torture(trial, start, shim, database):
    return Torture(trial, start, shim, database)


def run(trial, torture: Torture, kind: str, most: int, error: int | None = None):
    assert torture.workload() == []
    before = torture.shim.count(kind)
    assert torture.workload() == []
    calls = torture.shim.count(kind) - before
    chosen = sorted(random.Random(calls).sample(range(calls), min(calls, most)))
    for after in chosen:
        torture.hurt(kind, after, error)
    trial.note(f"{len(chosen)} of {calls} calls failed, one at a time")
    assert not torture.wrong, f"{len(torture.wrong)} places:\n" + "\n".join(
        f"{what}: {place}" for place, what in torture.wrong.items())


@pytest.mark.parametrize("kind", KINDS)
def test_some_calls_fail(trial, torture, kind):
    """One call fails at a time, some of each kind"""
    run(trial, torture, kind, SHORT)


@pytest.mark.parametrize("kind", ["send", "receive"])
def test_some_calls_are_cut(trial, torture, kind):
    """One call at a time sends or receives one byte only"""
    run(trial, torture, kind, SHORT, error=0)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_calls_fail(trial, torture, kind):
    """One call fails at a time, each of them"""
    run(trial, torture, kind, LONG)
