"""What tests need to drive a real server: a PostgreSQL, a sage-mcp process, a raw client.

Nothing in here knows pytest; the fixtures are in the conftest.py of each folder.
"""

import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SAGE_MCP", ROOT / "build/dev/server/sage-mcp"))
FIXTURES_BINARY = BINARY.parent.parent / "tests/conformance/sage-conformance"

MODERN = "2026-07-28"
LEGACY = "2025-11-25"

# What the server inherits: no setting of the developer's shell may reach it.
INHERITED = ("PATH", "HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
SANITIZER_REPORT = re.compile(r"runtime error:|ERROR: \w+Sanitizer|SUMMARY: \w+Sanitizer")

START_S = 20
STOP_S = 30


def wait_for(what: str, condition, within_s: float = 10.0):
    """Calls condition until it gives something true, which is returned."""
    until = time.monotonic() + within_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > until:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.02)


# --- PostgreSQL ----------------------------------------------------------------


def psql(uri: str, sql: str, timeout_s: float = 60) -> str:
    """Runs SQL; what it prints, one row a line."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", uri, "-c", sql],
        capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def create_database(cluster_uri: str, name: str) -> str:
    """A new, empty database; its URI."""
    psql(cluster_uri, f'CREATE DATABASE "{name}"')
    return urlunsplit(urlsplit(cluster_uri)._replace(path=f"/{name}"))


class Cluster:
    """A throw-away PostgreSQL of one's own, which may be stopped and started.

    The settings are PostgreSQL's own; with netns it runs in that network namespace; a durable one
    fsyncs, on disk.
    """

    def __init__(self, netns: str = "", durable: bool = False, **settings):
        words = [f"{name}={value}" for name, value in settings.items()]
        self._take(self._pg("new", *(["durable"] if durable else []), *words, SAGE_PG_NETNS=netns))

    def _take(self, directory: str):
        self.directory = directory
        self.uri = self._pg("uri", directory)

    def replica(self) -> "Cluster":
        """A new streaming replica of it."""
        replica = Cluster.__new__(Cluster)
        replica._take(self._pg("replica", self.directory))
        return replica

    def promote(self):
        self._pg("promote", self.directory)

    def guard(self, user: str, password: str, *databases: str):
        """Asks for passwords from now on: a plain user owns the databases, the first of which has pgvector."""
        psql(self.uri, f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        for name in databases:
            psql(self.uri, f"CREATE DATABASE {name} OWNER {user}")
        psql(self.uri.replace("/postgres?", f"/{databases[0]}?"), "CREATE EXTENSION vector")
        self.distrust()

    def distrust(self):
        """From now on all but the superuser need a password."""
        self._pg("distrust", self.directory)

    def stop(self, how: str = "immediate"):
        self._pg("stop", self.directory, how)

    def start(self):
        self._pg("start", self.directory)

    def remove(self):
        self._pg("remove", self.directory)

    @property
    def socket_directory(self) -> str:
        return f"{self.directory}/run"

    @property
    def pid(self) -> int:
        """Of the process that all others of it come from."""
        return int((Path(self.directory) / "cluster/postmaster.pid").read_text().split()[0])

    def log(self) -> str:
        return (Path(self.directory) / "log").read_text(errors="replace")

    @staticmethod
    def _pg(*words: str, **settings: str) -> str:
        # Its output goes to files: the started server keeps them open, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as out:
            # In a session of its own a Ctrl-C does not cut it short: what it makes has to be removed.
            running = subprocess.Popen([ROOT / "tests/support/pg.sh", *words], env=os.environ | settings,
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            try:
                status = running.wait(120)
            except KeyboardInterrupt:
                if running.wait(120) == 0 and words[0] in ("new", "replica"):
                    out.seek(0)
                    Cluster._pg("remove", out.read().strip())
                raise
            out.seek(0)
            said = out.read().strip()
        assert status == 0, said
        return said


def once(text: str = "hello") -> str:
    """A text that nobody saved before: the same words again would be the same memory."""
    return f"{text} {uuid.uuid4()}"


# --- the server ----------------------------------------------------------------


def environment(**settings: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k in INHERITED} | settings


def run_command(*words: str, **settings: str) -> subprocess.CompletedProcess:
    """One command of the binary that ends by itself; settings are its environment."""
    return subprocess.run([BINARY, *words], env=environment(**settings), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30, check=False)


def make_key(database: str, agent: str, namespace: str) -> str:
    """An API key in a database that is up to date."""
    done = run_command("key", "create", agent, namespace, DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def bearer(key: str) -> dict:
    return {"Authorization": f"Bearer {key}"}


class Server:
    """One sage-mcp process on ports of its own choice, with its output in files.

    prefix: a command that becomes the server, such as nice or prlimit.
    """

    def __init__(self, directory: Path, *flags: str, binary: Path = BINARY, prefix: tuple[str, ...] = (),
            **settings: str | None):
        self.out_path = directory / "out"
        self.err_path = directory / "err"
        settings.setdefault("LISTEN", "127.0.0.1:0")
        settings.setdefault("METRICS_PORT", "0")
        settings = {name: value for name, value in settings.items() if value is not None}
        self.database = settings.get("DATABASE_URL")
        with self.out_path.open("wb") as out, self.err_path.open("wb") as err:
            self.process = subprocess.Popen([*prefix, binary, "serve", *flags], env=environment(**settings),
                stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.address = self._wait_listening()
        self.host, _, port = self.address.rpartition(":")
        self.port = int(port)
        self.url = f"http://{self.address}/mcp"

    def _wait_listening(self) -> str:
        def address():
            assert self.process.poll() is None, f"the server ended: {self.output()}"
            return next((line["address"] for line in self.log() if line["msg"] == "listening"), None)

        try:
            return wait_for("the server listens", address, START_S)
        except AssertionError:
            self.process.kill()
            raise

    def log(self) -> list[dict]:
        """The log lines so far. Every whole line must be JSON."""
        lines = self.out_path.read_bytes().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def logged(self, msg: str) -> list[dict]:
        return [line for line in self.log() if line["msg"] == msg]

    def output(self) -> str:
        return (self.out_path.read_text() + self.err_path.read_text())[-6000:]

    def connect(self) -> "Connection":
        return Connection(self.host, self.port)

    def admin(self) -> "Connection":
        """A connection to the admin listener."""
        line = wait_for("the admin listener", lambda: self.logged("admin listening"))[0]
        host, _, port = line["address"].rpartition(":")
        return Connection(host.strip("[]"), int(port))

    def ready(self) -> bool:
        with self.connect() as c:
            return c.get("/readyz").status == 200

    def wait_ready(self, within_s: float = 20) -> "Server":
        wait_for("the server is ready", self.ready, within_s)
        return self

    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def cpu_s(self) -> float:
        """Processor time it has used so far."""
        user, system = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def signal(self, number: int):
        self.process.send_signal(number)

    def kill(self):
        """The hard way: nothing is finished, nothing is checked."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the server must leave with status 0 and without a sanitizer's report."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        self.wait_stopped()

    def wait_stopped(self, within_s: float = STOP_S):
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still there {within_s} s after SIGTERM: {self.output()}") from None
        assert not SANITIZER_REPORT.search(self.err_path.read_text()), self.output()
        assert status == 0, f"exit status {status}: {self.output()}"


class FixtureServer(Server):
    """The same with tools that report, ask and hang up as the conformance suite wants it."""

    def __init__(self, directory: Path, *flags: str, **settings: str):
        super().__init__(directory, *flags, binary=FIXTURES_BINARY, **settings)


# --- a raw client --------------------------------------------------------------


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def result(self) -> dict:
        assert "result" in self.json, self.body[:2000]
        return self.json["result"]

    @property
    def error(self) -> dict:
        assert "error" in self.json, self.body[:2000]
        return self.json["error"]

    @property
    def refusal(self) -> str:
        """Why nothing was done: the text of a JSON-RPC error or of an isError result."""
        message = self.json
        if "error" in message:
            return message["error"]["message"]
        assert message["result"].get("isError") is True, self.body[:2000]
        return tool_text(message["result"])


def tool_text(result: dict) -> str:
    return "\n".join(part["text"] for part in result["content"])


class Connection:
    """One keep-alive connection; it never reconnects, so a lost connection is an error."""

    def __init__(self, host: str, port: int, timeout_s: float = 60):
        self.http = http.client.HTTPConnection(host, port, timeout=timeout_s)
        self.http.auto_open = 0
        self.http.connect()
        self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def send(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None) -> Answer:
        self.http.request(method, path, body, headers or {})
        return self.answer()

    def answer(self) -> Answer:
        """To what was sent."""
        got = self.http.getresponse()
        return Answer(got.status, got.headers, got.read())

    def waits_for(self, seconds: float) -> bool:
        """No answer arrives in that time."""
        return select.select([self.http.sock], [], [], seconds)[0] == []

    def get(self, path: str, headers: dict | None = None) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, body: bytes, headers: dict | None = None) -> Answer:
        """Any bytes to /mcp, as a legacy client would send them unless headers say otherwise."""
        return self.send("POST", "/mcp", body, JSON_HEADERS | (headers or {}))

    def begin(self, method: str, params: dict | None = None, **how):
        """As rpc(), without waiting for the answer()."""
        body, own = rpc_message(method, params, **how)
        self.http.request("POST", "/mcp", body, JSON_HEADERS | own)

    def rpc(self, method: str, params: dict | None = None, *, era: str = LEGACY, id=1,
            headers: dict | None = None) -> Answer:
        """One JSON-RPC request in the form its era asks for."""
        return self.post(*rpc_message(method, params, era=era, id=id, headers=headers))

    def tool(self, name: str, arguments: dict | None = None, **how) -> dict:
        """The result of a tool call; it may be an isError one."""
        return self.rpc("tools/call", {"name": name, "arguments": arguments or {}}, **how).result

    def done(self, name: str, arguments: dict | None = None, **how) -> dict:
        """The structured content of a tool call that must succeed."""
        result = self.tool(name, arguments, **how)
        assert not result.get("isError"), tool_text(result)
        return result["structuredContent"]


JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

# The parameter that Mcp-Name repeats.
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri", "tasks/get": "taskId",
    "tasks/update": "taskId", "tasks/cancel": "taskId"}


def rpc_message(method: str, params: dict | None = None, *, era: str = LEGACY, id=1,
        headers: dict | None = None) -> tuple[bytes, dict]:
    """Body and headers of one request."""
    params = dict(params or {})
    own = {"MCP-Protocol-Version": era}
    if era == MODERN:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        } | params.get("_meta", {})
        own["Mcp-Method"] = method
        if method in NAMED_BY:
            own["Mcp-Name"] = params[NAMED_BY[method]]
    message = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
    return json.dumps(message).encode(), own | (headers or {})
