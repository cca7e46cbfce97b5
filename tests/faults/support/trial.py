"""A case under way: its servers, its clients, what must hold for all of them, and its figures."""

import os
import shutil
import subprocess
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import pytest
from generator import ACKNOWLEDGED, UNKNOWN, Generator, Shape
from loop_watch import LoopWatch
from sage import BINARY, ROOT, Server, psql, wait_for

# For what does not go together with the sanitizers.
PLAIN_BINARY = ROOT / "build/release-tests/server/sage-mcp"
# With the sanitizers everything takes three times as long.
SANITIZED = b"__asan_init" in BINARY.read_bytes()
LOOP_S = 0.030 if SANITIZED else 0.010  # no turn of the loop may take longer, whatever happens
# For cases that look at the memory: the sanitizer does not hold on to what was freed.
FRUGAL = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
RECOVERED_S = 2.0  # after the fault is over

# The server is to be late because of what it does, not because of what else the machine does.
IS_ROOT = os.geteuid() == 0
SERVER_FIRST = ("nice", "-n", "-15") if IS_ROOT else ()
AT_ONCE = ("chrt", "--fifo", "1")
WATCHER_FIRST = AT_ONCE if shutil.which("chrt") and subprocess.run([*AT_ONCE, "true"], capture_output=True,
    check=False).returncode == 0 else ()


def rest_is_long(first, *rest) -> list:
    """Values of a parameter of which only the first belongs to the short half."""
    return [first, *(pytest.param(value, marks=pytest.mark.long) for value in rest)]


@dataclass
class Figures:
    """What a row of the table says about the case."""

    loop_max_s: float | None = None
    acknowledged: int | None = None
    stored: int | None = None
    notes: str = ""


class Trial:
    def __init__(self, start):
        self._start = start
        self.figures = Figures()

    def start(self, *flags: str, **settings) -> Server:
        """A server that is ready; it is stopped, and looked over, after the case."""
        prefix = SERVER_FIRST + settings.pop("prefix", ())
        return self._start(*flags, prefix=prefix, **settings).wait_ready()

    @contextmanager
    def watch(self, server: Server):
        """The loop of the server stays quick from the beginning of the with block to its end."""
        with LoopWatch(server, WATCHER_FIRST) as watch:
            yield watch
        slowest = watch.report["max"]
        self.figures.loop_max_s = max(slowest, self.figures.loop_max_s or 0.0)
        assert watch.report["count"] > 0, watch.report
        assert slowest < LOOP_S, f"the loop took {slowest * 1000:.1f} ms: {watch.report}"

    @contextmanager
    def load(self, server: Server, shape: Shape | None = None, *, large: bool = False):
        """Clients that save and read, under watch; the process lives to the end of it.

        large: there are bodies of many megabytes, so that the loop is not quick.
        """
        with nullcontext() if large else self.watch(server), Generator(server, shape) as load:
            saving(load)
            yield load
            load.stop()
        assert server.process.poll() is None, server.output()

    def check(self, load: Generator, uri: str):
        """Every memory that was acknowledged is there, once, none that was refused, and no unknown one twice,
        also not after it was saved again with its key."""
        self.figures.acknowledged = (self.figures.acknowledged or 0) + load.count(ACKNOWLEDGED)
        self.figures.stored = (self.figures.stored or 0) + load.check(uri)
        if load.of(UNKNOWN) and load.server.process.poll() is None:
            load.retry_unknown()
            load.check(uri)

    def check_outage(self, load: Generator, uri: str, recovered_s: float, *, within_s: float, call_s: float):
        """The same after a database that was away: saves came again in time, and nobody waited for longer."""
        slowest_s = load.slowest_s()
        self.note(f"slowest call {slowest_s:.2f} s, saves again {recovered_s:.2f} s after the end of the fault")
        self.check(load, uri)
        assert recovered_s < within_s
        assert slowest_s < call_s

    def note(self, text: str):
        self.figures.notes = ", ".join(filter(None, (self.figures.notes, text)))


def saving(load: Generator, within_s: float = 20, count: int = 20) -> float:
    """That many saves that begin now are acknowledged; how long it took until the first one was."""
    since = time.monotonic()
    wait_for("saves are acknowledged", lambda: len(load.acknowledged_since(since)) >= count, within_s)
    return min(memory.ended for memory in load.acknowledged_since(since)) - since


BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'sage-mcp'"


def backends(uri: str, state: str = "") -> list[int]:
    """The processes of PostgreSQL that serve sage-mcp: those that are active, or idle, or all."""
    rows = psql(uri, BACKENDS + (f" AND state = '{state}'" if state else ""))
    return [int(row) for row in rows.split()]


def all_leases_are_back(server: Server):
    """No connection is busy but the one that tells so, and nobody waits for one."""
    def quiet():
        with server.connect() as connection:
            pool = connection.done("get_status")["database_pool"]
        return pool["busy"] <= 1 and pool["waiting"] == 0

    wait_for("all connections are idle again", quiet)
