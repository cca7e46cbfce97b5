"""docker-compose.prod.yml as a thing to start, use and remove; and what an agent does through its nginx."""

import json
import shutil
import ssl
import tempfile
import time
from pathlib import Path

import httpx
from containers import Engine, Stack
from sage import MODERN, rpc_message

from nginx import free_port


class Production(Stack):
    """docker-compose.prod.yml with secrets, ports and a state of its own."""

    def __init__(self, engine: Engine, *files: str, **settings: str):
        # Containers of other users go through its folders.
        self.directory = Path(tempfile.mkdtemp(prefix="sage-stack."))
        self.directory.chmod(0o755)
        self.https = free_port()
        self.http = free_port()
        state = self.directory / "state"
        super().__init__(engine, "docker-compose.prod.yml", *files, **({
            "SECRETS_DIR": str(self.directory / "secrets"), "TLS_DIR": str(self.directory / "secrets/tls"),
            "STATE_DIR": str(state), "HTTP_PORT": str(self.http), "HTTPS_PORT": str(self.https),
            "SERVER_NAME": "localhost", "BUILD_NETWORK": "host", "NOFILE": "16384", "DB_MEMORY": "1g",
        } | settings))
        for name in ("nginx", "acme", "backup", "metrics"):
            (state / name).mkdir(parents=True)
        self.script("make-secrets.sh", "--dir", self.directory / "secrets", "--name", "localhost")
        self.key = None

    def start(self, *words) -> "Production":
        self.up(*words)
        self.wait_healthy("sage-db", "sage-mcp", "nginx")
        self.key = self.make_key("tester")
        return self

    def make_key(self, agent: str, namespace: str = "default") -> str:
        return self.exec("sage-mcp", "sage-mcp", "key", "create", agent, namespace)

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.directory / "secrets/ca.crt")

    def client(self, **how) -> httpx.Client:
        """An agent that comes through nginx."""
        return httpx.Client(verify=self.tls(), base_url=f"https://localhost:{self.https}",
            headers={"Authorization": f"Bearer {self.key}"}, **({"timeout": 60} | how))

    def remove(self):
        super().remove()
        shutil.rmtree(self.directory)


def call(client: httpx.Client, tool: str, arguments: dict | None = None) -> dict:
    """The structured content of a tool call that must succeed."""
    answer = client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments or {}}})
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    assert not result.get("isError"), answer.text
    return result["structuredContent"]


def post(client: httpx.Client, method: str, params: dict | None = None, **how) -> httpx.Response:
    """One JSON-RPC request, of the newest revision unless era says otherwise."""
    body, headers = rpc_message(method, params, **({"era": MODERN} | how))
    return client.post("/mcp", content=body, headers=headers | {"Content-Type": "application/json"})


class Events:
    """An open subscriptions/listen stream through nginx."""

    def __init__(self, client: httpx.Client, *uris: str):
        body, headers = rpc_message("subscriptions/listen", {"notifications": {"resourceSubscriptions": list(uris)}},
            era=MODERN, id="listen")
        self._opening = client.stream("POST", "/mcp", content=body, headers=headers | {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream"})

    def __enter__(self) -> "Events":
        self.answer = self._opening.__enter__()
        assert self.answer.status_code == 200, self.answer.read()
        self._lines = self.answer.iter_lines()
        self.next()  # the acknowledgement
        return self

    def __exit__(self, *what):
        self._opening.__exit__(*what)

    def next(self) -> tuple[float, dict] | None:
        """When the next message came, and the message; None at the end."""
        for line in self._lines:
            if line.startswith("data:"):
                return time.monotonic(), json.loads(line.removeprefix("data:"))
        return None
