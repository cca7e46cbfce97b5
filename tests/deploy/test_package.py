"""The Debian package on a machine with systemd: installed, started, restarted, watched, backed up."""

import json
import time

import pytest
from containers import Engine
from sage import wait_for

CALL = ("curl", "-sS", "--fail", "-m", "10", "http://127.0.0.1:8080/mcp", "-H", "Content-Type: application/json", "-d")

PREPARE = """
systemctl start postgresql@17-main
su postgres -c "psql -q -c \\"CREATE ROLE sage LOGIN CREATEDB PASSWORD 'a password for a test'\\" -c 'CREATE DATABASE sage_memory OWNER sage'"
su postgres -c "psql -q -d sage_memory -c 'CREATE EXTENSION vector'"
su postgres -c "psql -q -c 'CREATE DATABASE sage_template IS_TEMPLATE true'"
su postgres -c "psql -q -d sage_template -c 'CREATE EXTENSION vector'"
echo 'a password for a test' >/etc/sage-mcp/db_password
mkdir -p /etc/systemd/system/sage-mcp.service.d
printf '[Service]\\nWatchdogSec=3s\\n' >/etc/systemd/system/sage-mcp.service.d/test.conf
systemctl daemon-reload
systemctl enable --now sage-mcp.socket sage-mcp.service
"""


class Machine:
    """A container in which systemd is process 1, with no network but its own loopback."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.id = engine.docker("run", "-d", "--network", "none", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE",
            "--security-opt", "seccomp=unconfined", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--tmpfs", "/tmp",
            "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "sage-systemd", "/sbin/init",
            # Where the kernel still has control groups of version 1.
            "systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1")

    def run(self, *words, check: bool = True) -> str:
        done = self.engine.run(self.engine.docker_program, "exec", self.id, *words, check=check)
        return done.stdout.strip()

    def call(self, tool: str, **arguments) -> dict:
        said = self.run(*CALL, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments}}))
        return json.loads(said)["result"]["structuredContent"]

    def main_pid(self) -> str:
        return self.run("systemctl", "show", "-P", "MainPID", "sage-mcp")

    def ready(self) -> bool:
        return "ready" in self.run("curl", "-s", "-m", "2", "http://127.0.0.1:8080/readyz", check=False)


@pytest.fixture(scope="module")
def machine(engine):
    engine.images("debian:trixie-slim")
    engine.docker("build", "-q", "--network", "host", "-f", "deploy/Dockerfile", "--target", "build", "-t", "sage-mcp-build", ".",
        within_s=900)
    engine.docker("build", "-q", "--network", "host", "-t", "sage-systemd", "tests/deploy/images/systemd", within_s=900)
    machine = Machine(engine)
    wait_for("systemd is up", lambda: machine.run("systemctl", "is-system-running", check=False) == "running", 60)
    machine.run("mount", "--make-rshared", "/")  # as on a machine: credentials are mounted
    machine.run("bash", "-ec", PREPARE)
    wait_for("the server is ready", machine.ready, 30)
    yield machine
    engine.docker("rm", "-fv", machine.id)


@pytest.mark.rehearsal
def test_runs_as_nobody_in_particular(machine):
    status = machine.run("cat", f"/proc/{machine.main_pid()}/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["Uid"].split()[0]) >= 61184  # of the range of DynamicUser
    assert int(fields["CapEff"], 16) == 0 and fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
    assert "a password for a test" not in machine.run("cat", f"/proc/{machine.main_pid()}/environ")


@pytest.mark.rehearsal
def test_restart_refuses_no_connection(machine):
    """One new connection after the other, while systemd replaces the process twice."""
    machine.run("bash", "-c", "(while [ ! -e /tmp/enough ]; do curl -s -m 10 -o /dev/null -w '%{http_code}\n' "
        "http://127.0.0.1:8080/healthz || echo failed; done) >/tmp/knocks 2>&1 &")
    saved = machine.call("save_memory", user_input="kept over a restart")
    before = machine.main_pid()
    for _ in range(2):
        machine.run("systemctl", "restart", "sage-mcp")
        time.sleep(1)
    machine.run("touch", "/tmp/enough")
    time.sleep(1)
    knocks = machine.run("cat", "/tmp/knocks").splitlines()
    assert set(knocks) == {"200"} and len(knocks) > 50
    assert machine.main_pid() != before
    assert machine.call("get_memory", id=saved["id"])["user_input"] == "kept over a restart"


@pytest.mark.rehearsal
def test_reload_takes_a_new_option(machine):
    machine.run("sed", "-i", "s/LOG_LEVEL=info/LOG_LEVEL=debug/", "/etc/sage-mcp/sage-mcp.conf")
    machine.run("systemctl", "reload", "sage-mcp")
    wait_for("the change is logged", lambda: "LOG_LEVEL" in machine.run("journalctl", "-u", "sage-mcp", "-o", "cat", "-n", "20"))


@pytest.mark.rehearsal
def test_a_server_that_hangs_is_replaced(machine):
    before = machine.main_pid()
    machine.run("kill", "-STOP", before)
    wait_for("the watchdog's new process", lambda: machine.main_pid() not in (before, "0"), 30)
    wait_for("it is ready", machine.ready, 20)


@pytest.mark.rehearsal
def test_nightly_backup(machine):
    machine.run("bash", "-c", "printf 'PGHOST=localhost\nPGUSER=sage\n' >/etc/sage-mcp/backup.conf")
    machine.run("systemctl", "start", "sage-mcp-backup.service")
    assert '"status":"verified"' in machine.run("journalctl", "-u", "sage-mcp-backup", "-o", "cat")
    assert machine.run("bash", "-c", "ls /var/lib/sage-mcp/backup/*.dump")
    machine.run("systemctl", "enable", "--now", "sage-mcp-backup.timer")
    assert "02:" in machine.run("systemctl", "list-timers", "--no-pager", "sage-mcp-backup.timer")


@pytest.mark.rehearsal
def test_units_are_valid(machine):
    machine.run("systemd-analyze", "verify", "--man=no", "sage-mcp.service", "sage-mcp.socket", "sage-mcp-backup.service",
        "sage-mcp-backup.timer")
    said = machine.run("systemd-analyze", "security", "--no-pager", "sage-mcp.service", check=False)
    assert float(said.splitlines()[-1].split(":")[1].split()[0]) < 2.0
