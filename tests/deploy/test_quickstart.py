"""deploy/quickstart.sh as a newcomer uses it, with Ctrl-C, twice, and with things in its way."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
import tomllib
from pathlib import Path

import pytest
from sage import ROOT, Connection, wait_for

SCRIPT = ROOT / "deploy/quickstart.sh"
START_S = 120  # the first start builds


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def data():
    """A directory that PostgreSQL's user may reach, which pytest's own are not."""
    base = Path(tempfile.mkdtemp(prefix="sage-quickstart."))
    base.chmod(0o755)
    yield base / "data"
    shutil.rmtree(base)


def hang_up_ends():
    """Also where the tests themselves were started with nohup, which is inherited."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Quickstart:
    def __init__(self, data: Path, port: int | None = None):
        self.port = port or free_port()
        self.said = ""
        self.process = subprocess.Popen([SCRIPT, "--port", str(self.port), "--data", data],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0,
            process_group=0, preexec_fn=hang_up_ends)
        os.set_blocking(self.process.stdout.fileno(), False)

    def _listen(self) -> str:
        self.said += (self.process.stdout.read() or b"").decode()
        return self.said

    def wait_ready(self) -> "Quickstart":
        def welcomed():
            assert self.process.poll() is None, self._listen()
            return re.search(r"^ *\[mcp_servers.*\n.*\n", self._listen(), re.MULTILINE)

        wait_for("quickstart's welcome", welcomed, START_S)
        return self

    def wait_refused(self) -> str:
        assert self.process.wait(START_S) == 1
        return self._listen()

    def children(self) -> list[int]:
        stats = [path.read_text() for path in Path("/proc").glob("[0-9]*/stat")]
        fields = [(int(stat.split()[0]), int(stat.rpartition(")")[2].split()[1])) for stat in stats]
        return [pid for pid, parent in fields if parent == self.process.pid]

    def interrupt(self):
        """Ctrl-C: the terminal sends SIGINT to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)
        assert self.process.wait(30) == 0, self._listen()
        self._listen()

    def connect(self) -> Connection:
        return Connection("127.0.0.1", self.port)


@pytest.fixture
def quickstart(data):
    running = []

    def start(**how) -> Quickstart:
        running.append(Quickstart(data, **how))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.interrupt()
        each.process.stdout.close()


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_prints_a_curl_line_that_works(quickstart):
    said = quickstart().wait_ready().said
    line = re.search(r"^ +(curl .*)$", said, re.MULTILINE)[1]
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stdout)["result"]["structuredContent"]["memories"] == 0


def test_prints_configurations_for_the_clients(quickstart):
    started = quickstart().wait_ready()
    url = f"http://127.0.0.1:{started.port}/mcp"
    assert re.search(rf"claude mcp add --transport http \w+ {url}$", started.said, re.MULTILINE)
    cursor, vscode = (json.loads(line) for line in re.findall(r'^ +(\{"(?:mcpS|s)ervers.*)$', started.said, re.M))
    assert [each["url"] for each in cursor["mcpServers"].values()] == [url]
    assert [(each["type"], each["url"]) for each in vscode["servers"].values()] == [("http", url)]
    codex = tomllib.loads(started.said[started.said.index("[mcp_servers"):])
    assert [each["url"] for each in codex["mcp_servers"].values()] == [url]


def test_second_start_keeps_the_memories_and_answers_within_a_second(quickstart):
    first = quickstart().wait_ready()
    with first.connect() as connection:
        saved = connection.done("save_memory", {"user_input": "kept"})
    first.interrupt()

    def restarted() -> float:
        began = time.monotonic()
        again = quickstart()
        wait_for("the first answer", lambda: answers(again), START_S)
        took = time.monotonic() - began
        again.wait_ready()
        with again.connect() as connection:
            assert connection.done("get_memory", {"id": saved["id"]})["user_input"] == "kept"
        again.interrupt()
        return took

    assert min(restarted() for _ in range(3)) < 1.0


def answers(started: Quickstart) -> bool:
    try:
        with started.connect() as connection:
            return connection.get("/healthz").status == 200
    except OSError:
        return False


def test_ctrl_c_stops_everything(quickstart, data):
    started = quickstart().wait_ready()
    children = started.children()
    assert len(children) >= 2
    started.interrupt()
    assert gone(children)
    assert not (data / "postgres/postmaster.pid").exists()
    assert "Stopped" in started.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_other_signals_stop_everything_too(quickstart, number):
    started = quickstart().wait_ready()
    children = started.children()
    started.process.send_signal(number)
    assert started.process.wait(30) == 0
    assert gone(children)


def test_killed_quickstart_leaves_nothing_running(quickstart):
    started = quickstart().wait_ready()
    children = started.children()
    started.process.kill()
    started.process.wait()
    wait_for("its processes end", lambda: gone(children), 20)
    quickstart().wait_ready()


def test_port_in_use_is_one_clear_error(quickstart):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = quickstart(port=port).wait_refused()
    assert f"port {port}" in said and "in use" in said and "--port" in said


def test_directory_in_use_is_one_clear_error(quickstart, data):
    quickstart().wait_ready()
    said = quickstart().wait_refused()
    assert str(data) in said and "in use" in said and "--data" in said
    assert len(said.splitlines()) == 1


def test_database_is_private(quickstart, data):
    started = quickstart().wait_ready()
    for private in (data, data / "postgres", data / "run"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    for pid in started.children():
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"^Uid:\t(\d+)", status, re.M)[1] != "0"
    postgres = (data / "postgres.log").read_text()
    assert re.findall(r"listening on (\w+)", postgres) == ["Unix"]
    listening = re.findall(r'"listening","address":"([^"]*)"', (data / "sage-mcp.log").read_text())
    assert listening == [f"127.0.0.1:{started.port}"]


def test_data_directory_with_a_long_path_and_blanks():
    base = Path(tempfile.mkdtemp(prefix="sage quickstart "))
    before = set(Path("/tmp").glob("sage-mcp.*"))
    base.chmod(0o755)
    started = Quickstart(base / ("long " * 20) / "data")
    try:
        with started.wait_ready().connect() as connection:
            assert connection.done("get_status")["memories"] == 0
    finally:
        started.interrupt()
        started.process.stdout.close()
        shutil.rmtree(base)
    assert set(Path("/tmp").glob("sage-mcp.*")) == before


@pytest.mark.parametrize("words, named", [
    (["--port", "99999"], "99999"), (["--port", "x"], "x"), (["--data"], "--data"), (["--nonsense"], "--nonsense"),
], ids=["port-too-big", "port-no-number", "no-value", "unknown"])
def test_wrong_use_is_one_clear_error(words, named):
    done = subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert named in done.stderr and len(done.stderr.splitlines()) == 1


def test_help():
    done = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert "--port" in done.stdout and "--data" in done.stdout
