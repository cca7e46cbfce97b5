"""F20: the clock jumps.

Deadlines, keepalives and caches are counted by a clock that does not: nothing ends too early
or too late, and no session ends.
"""

import threading
import time
from pathlib import Path

import pytest
from generator import Generator, Shape
from locks import Lock
from sessions import initialize
from streams import listen
from trial import rest_is_long, saving

LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib").glob("faketime/libfaketime.so.1")]
JUMPS = {"an hour on": "+1h", "an hour back": "-1h", "ten years on": "+10y", "ten years back": "-10y", "none": "+0"}
DEADLINE_MS = 2000


class Clock:
    """The wall clock of a server; the one that only goes on stays as it is."""

    def __init__(self, directory: Path):
        if not LIBRARIES:
            pytest.skip("libfaketime is not installed; deploy/setup.sh --for faults does it")
        self.file = directory / "clock"
        self.jump("+0")

    def jump(self, to: str):
        fresh = self.file.with_suffix(".fresh")
        fresh.write_text(to + "\n")
        fresh.rename(self.file)

    def settings(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def test_jumps_under_load(trial, database, plain, clock):
    """The clock jumps by an hour and by ten years, both ways, under load: nobody notices"""
    server = trial.start(DATABASE_URL=database, binary=plain, **clock.settings())
    with trial.load(server) as load:
        session = initialize(server)
        with listen(server, "sage://session/clock") as stream:
            stream.next()
            for what, to in JUMPS.items():
                clock.jump(to)
                saving(load, count=60)
                with server.connect() as connection:
                    connection.done("save_memory", {"user_input": what, "session_id": "clock"})
                assert stream.next().json["method"] == "notifications/resources/updated"
                if "years" not in what:  # a session lasts for thirty days
                    assert session.rpc(server, "ping").result == {}
    years = {line["ts"][:4] for line in server.log()}
    assert len(years) == 3, f"the clock did not jump: {years}"
    trial.check(load, database)
    assert not load.sayings(), load.sayings()


@pytest.mark.parametrize("to", rest_is_long("+1h", "-1h"))
def test_deadline_under_way(trial, database, plain, clock, to):
    """The clock jumps while a save waits: its deadline stays where it was"""
    server = trial.start(DATABASE_URL=database, DB_QUERY_TIMEOUT_MS=str(DEADLINE_MS), binary=plain, **clock.settings())
    load = Generator(server, Shape(writers=0, readers=0))
    with Lock(database), server.connect() as connection:
        memory = load.new_memory()
        threading.Timer(0.5, clock.jump, [to]).start()
        load.save(connection, memory)
        took = memory.ended - memory.began
    trial.note(f"given up after {took:.2f} s")
    trial.check(load, database)
    assert memory.state in ("refused", "unknown"), memory.said
    assert DEADLINE_MS / 1000 - 0.6 < took < DEADLINE_MS / 1000 + 0.7
