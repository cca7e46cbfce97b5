"""F17: memory runs out: by a limit of the process, by failing calls for it, by the limit of a container.

Load is shed in clear words; the process lives, nothing is half done, and with memory again all is well.
"""

import json
import resource
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest
from generator import Shape
from trial import IS_ROOT, rest_is_long, saving

ROOM_BYTES = 24 << 20  # that a process may still grow by
LARGE_BYTES = 10_000_000
CGROUPS = Path("/sys/fs/cgroup/memory")
CONTAINER_BYTES = 512 << 20


@contextmanager
def large_bodies(server, clients: int):
    """Clients that send bodies of 10 MB, one after the other; they expect nothing."""
    end = threading.Event()
    statuses = []
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "save_memory",
        "arguments": {"user_input": "x" * LARGE_BYTES}}}
    body = json.dumps(message).encode()

    def send():
        while not end.is_set():
            with suppress(OSError, HTTPException), server.connect() as connection:
                connection.http.sock.settimeout(20)
                statuses.append(connection.post(body).status)
            time.sleep(0.01)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(clients)]
    for each in threads:
        each.start()
    try:
        yield statuses
    finally:
        end.set()
        for each in threads:
            each.join(30)


def told(load) -> str:
    return f"{len(load.sayings())} different refusals, {load.count('acknowledged')} acknowledged meanwhile"


def test_address_space(trial, database, plain):
    """24 MB of address space left, and 16 clients with bodies of 10 MB"""
    server = trial.start(DATABASE_URL=database, binary=plain)
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    with trial.load(server, large=True) as load:
        resource.prlimit(pid, resource.RLIMIT_AS, (size + ROOM_BYTES, before[1]))
        with large_bodies(server, 16) as statuses:
            time.sleep(5)
        resource.prlimit(pid, resource.RLIMIT_AS, before)
        saving(load)
    trial.note(f"{len(statuses)} large bodies answered, by {sorted(set(statuses))}")
    trial.check(load, database)


@pytest.mark.parametrize("every", rest_is_long(101, 997))
def test_failing_calls(trial, database, shim, every):
    """One call for memory in so many fails for four seconds, under load"""
    # What libpq loses for lack of memory is given up at the deadline.
    server = trial.start(DATABASE_URL=database, DB_QUERY_TIMEOUT_MS="2000", **shim.settings())
    with trial.load(server, Shape(text_bytes=600)) as load:
        shim.fail("memory", 0, every=every)
        time.sleep(4)
        failed = shim.failed()
        shim.rest()
        saving(load)
    trial.note(f"{failed} calls failed; {told(load)}")
    trial.check(load, database)
    assert failed > 50


@pytest.fixture
def container(request):
    """Puts a process into a control group with little memory."""
    if not IS_ROOT or not (CGROUPS / "memory.limit_in_bytes").exists():
        pytest.skip("this needs root and control groups of version 1 for memory")
    group = CGROUPS / f"sage-{uuid.uuid4().hex[:8]}"
    group.mkdir()
    (group / "memory.limit_in_bytes").write_text(str(CONTAINER_BYTES))

    def put(server):
        (group / "cgroup.procs").write_text(str(server.process.pid))

    yield put
    for pid in (group / "cgroup.procs").read_text().split():
        (CGROUPS / "cgroup.procs").write_text(pid)
    group.rmdir()


@pytest.mark.long
def test_container(trial, database, plain, container):
    """A container of 512 MB, and 60 clients with bodies of 10 MB"""
    server = trial.start(DATABASE_URL=database, binary=plain)
    container(server)
    with trial.load(server, large=True) as load:
        with large_bodies(server, 60) as statuses:
            time.sleep(8)
        most = server.rss_bytes()
        saving(load)
    trial.note(f"{len(statuses)} large bodies answered, by {sorted(set(statuses))}, {most >> 20} MB at the end")
    trial.check(load, database)
