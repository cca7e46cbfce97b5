"""LOG_DIR: the log in a file, rotated by its name and SIGHUP; a full disk costs lines, not the server."""

import gzip
import json
import os
import shutil
import signal
import subprocess

import pytest
from sage import ROOT, Server, run_command, wait_for

NAME = "sage-mcp.log"


class Logging(Server):
    """A server whose log is a file."""

    def __init__(self, directory, log_dir, **settings):
        self.path = log_dir / NAME
        super().__init__(directory, LOG_DIR=str(log_dir), **settings)

    def log(self):
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_bytes().split(b"\n")[:-1]]


@pytest.fixture
def logs(tmp_path):
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def logging(tmp_path, logs, database):
    server = Logging(tmp_path, logs, DATABASE_URL=database)
    yield server.wait_ready()
    server.stop()


def messages(path) -> list[str]:
    return [json.loads(line)["msg"] for line in path.read_text().splitlines()]


def test_lines_go_into_the_file_and_nowhere_else(logging):
    assert logging.logged("listening")
    assert logging.out_path.read_text() == ""
    assert logging.path.stat().st_mode & 0o777 & 0o137 == 0  # not for everybody


def test_a_renamed_file_is_left_after_sighup(logging, logs):
    """As logrotate does it: rename, then tell."""
    old = logs / f"{NAME}.1"
    logging.path.rename(old)
    logging.signal(signal.SIGHUP)
    wait_for("a new file", lambda: logging.path.exists() and "configuration read again" in messages(logging.path))
    before = old.read_bytes()
    logging.signal(signal.SIGHUP)
    wait_for("another line", lambda: messages(logging.path).count("configuration read again") == 2)
    assert old.read_bytes() == before
    assert f"{old}" not in [os.readlink(f"/proc/{logging.process.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{logging.process.pid}/fd")]


def test_a_full_disk_costs_lines_only(logging, logs):
    """/dev/full refuses like a disk without room; with room again the lost ones are counted."""
    with logging.connect() as connection, logging.admin() as admin:
        logging.path.rename(logs / "before")
        logging.path.symlink_to("/dev/full")
        logging.signal(signal.SIGHUP)

        def lost() -> int:
            lines = admin.get("/metrics").body.decode().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("sage_log_lines_dropped_total "))

        count = wait_for("lost lines", lost)
        connection.done("save_memory", {"user_input": "the log is full"})
        logging.path.unlink()
        logging.signal(signal.SIGHUP)
        wait_for("the log goes on", lambda: logging.path.exists() and logging.log())
        told = sum(int(line.get("lines_dropped_before", 0)) for line in logging.log())
        assert told == lost() >= count


def test_a_directory_that_cannot_be_written_is_one_clear_line(database, tmp_path):
    done = run_command("serve", LISTEN="127.0.0.1:0", DATABASE_URL=database, LOG_DIR=str(tmp_path / "missing"))
    assert done.returncode == 1
    (line,) = done.stdout.splitlines() + done.stderr.splitlines()
    for word in ("LOG_DIR", str(tmp_path / "missing" / NAME), "No such file or directory", "sage-mcp doctor"):
        assert word in line


def test_what_ends_the_start_is_also_said_on_the_terminal(database, logs):
    done = run_command("serve", LISTEN="127.0.0.1:0", DATABASE_URL=database, LOG_DIR=str(logs),
        DB_POOL_MIN="21")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "DB_POOL_MIN (21)" in line and "sage-mcp doctor" in line
    assert messages(logs / NAME) == ["cannot start"]


@pytest.mark.parametrize("signals", [1, 40])
def test_rotation_under_fire_loses_no_line(logging, logs, signals):
    """Each line is whole, in one file or another, however often it is rotated."""
    for i in range(signals):
        logging.path.rename(logs / f"{NAME}.{i + 1}")
        logging.signal(signal.SIGHUP)
        wait_for("a new file", lambda: logging.path.exists() and messages(logging.path))
    told = [msg for path in logs.iterdir() for msg in messages(path)]
    assert told.count("configuration read again") == signals


def test_logrotate_turns_it(logging, logs, tmp_path):
    """The real program with deploy's recipe, but for the path, the service manager, and when."""
    program = shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip("logrotate is not installed")
    recipe = (ROOT / "deploy/logrotate/sage-mcp").read_text()
    for ours, here in {"/var/log/sage-mcp": str(logs), "systemctl kill --signal=HUP sage-mcp.service":
            f"kill -HUP {logging.process.pid}"}.items():
        assert ours in recipe
        recipe = recipe.replace(ours, here)
    (tmp_path / "recipe").write_text(recipe)
    for _ in range(2):
        done = subprocess.run([program, "--force", "--state", tmp_path / "state", tmp_path / "recipe"],
            capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        wait_for("a new file", lambda: logging.path.exists() and "configuration read again" in messages(logging.path))
    assert "listening" in gzip.decompress((logs / f"{NAME}.2.gz").read_bytes()).decode()
    assert "configuration read again" in messages(logs / f"{NAME}.1")
