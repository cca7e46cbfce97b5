"""The admin listener: where it listens, and what happens when it cannot."""

import json
import os
import socket
from pathlib import Path

import pytest
from sage import run_command

NOWHERE = "postgresql://x@/x?host=/nonexistent"


def listening_sockets(pid: int) -> int:
    """Of one process, over IPv4."""
    table = (line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:])
    inodes = {f"socket:[{line[9]}]" for line in table if line[3] == "0A"}
    return sum(os.readlink(fd) in inodes for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink())


@pytest.mark.parametrize("enabled, count", [("true", 2), ("false", 1)])
def test_enable_monitoring(start, database, enabled, count):
    server = start(DATABASE_URL=database, ENABLE_MONITORING=enabled).wait_ready()
    assert len(server.logged("admin listening")) == count - 1
    assert listening_sockets(server.process.pid) == count


def test_default_port_that_is_taken_is_no_reason_not_to_serve(start, database):
    try:
        occupied = socket.create_server(("127.0.0.1", 9188))
    except OSError:
        occupied = None  # by another program, which is the same
    server = start(DATABASE_URL=database, METRICS_PORT=None).wait_ready()
    (line,) = server.logged("no metrics: the admin listener cannot start")
    assert line["level"] == "warn" and "127.0.0.1:9188" in line["error"] and "--metrics-port" in line["error"]
    with server.connect() as connection:
        connection.done("save_memory", {"user_input": "hello"})
    if occupied is not None:
        occupied.close()


@pytest.mark.parametrize("how", ["flag", "environment"])
def test_chosen_port_that_is_taken_is_an_error(how):
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = str(occupied.getsockname()[1])
        words = ["serve", "--metrics-port", port] if how == "flag" else ["serve"]
        settings = {} if how == "flag" else {"METRICS_PORT": port}
        done = run_command(*words, LISTEN="127.0.0.1:0", DATABASE_URL=NOWHERE, **settings)
    assert done.returncode == 1
    (line,) = [json.loads(line) for line in done.stdout.splitlines() if '"error"' in line]
    assert f"127.0.0.1:{port}" in line["error"] and "--metrics-port" in line["error"]


@pytest.mark.parametrize("name, value", [("METRICS_PORT", "65536"), ("METRICS_PORT", "-1"), ("METRICS_PORT", "many"),
    ("METRICS_HOST", ""), ("METRICS_HOST", "not a host"), ("ENABLE_MONITORING", "perhaps")])
def test_bad_options(name, value):
    done = run_command("serve", LISTEN="127.0.0.1:0", DATABASE_URL=NOWHERE, **{"METRICS_PORT": "0"} | {name: value})
    assert done.returncode in (1, 2)
    said = (done.stdout + done.stderr).splitlines()[-1]
    assert name in said or "--" + name.lower().replace("_", "-") in said or value in said


def test_ipv6(start):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    server = start(DATABASE_URL=NOWHERE, METRICS_HOST="::1")
    with server.admin() as admin:
        assert admin.get("/healthz").status == 200
    assert server.logged("admin listening")[0]["address"].startswith("[::1]:")
