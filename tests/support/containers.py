"""A Docker engine and compose projects for the tests of deploy/.

The engine is the one of SAGE_TEST_DOCKER (a DOCKER_HOST), or one of our own: started without
touching the firewall, with its data below build/, ended by its process id.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

from sage import ROOT, wait_for

DATA = ROOT / "build/docker"
LOOPBACK = "127.0.0.1"


def which(name: str) -> str | None:
    """A program; Debian's docker before any other of that name."""
    debian = Path("/usr/bin") / name
    return str(debian) if debian.exists() else shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")


def missing() -> str | None:
    """Why there can be no engine here, or nothing."""
    if "SAGE_TEST_DOCKER" in os.environ:
        return None
    if os.geteuid() != 0:
        return "a Docker engine of one's own needs root; set SAGE_TEST_DOCKER to use another"
    for name in ("dockerd", "docker", "docker-compose", "debootstrap"):
        if which(name) is None:
            return f"{name} is not installed; deploy/setup.sh --for deploy does it"
    return None


class Engine:
    def __init__(self):
        self.process = None
        self.directory = None
        self.host = os.environ.get("SAGE_TEST_DOCKER") or self._start()
        self.docker_program = which("docker")
        self.compose_program = os.environ.get("SAGE_TEST_COMPOSE") or which("docker-compose")

    def _start(self) -> str:
        self.directory = tempfile.mkdtemp(prefix="sage-docker.")  # short: a socket's path is
        run = Path(self.directory)
        host = f"unix://{run}/socket"
        with (run / "log").open("wb") as log:
            self.process = subprocess.Popen([which("dockerd"), "--iptables=false", "--ip6tables=false",
                "--data-root", DATA, "--exec-root", run / "exec", "--pidfile", run / "pid", "-H", host,
                "--log-level", "warn"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def answers() -> bool:
            assert self.process.poll() is None, (run / "log").read_text()[-3000:]
            return subprocess.run([which("docker"), "-H", host, "info"], capture_output=True, check=False).returncode == 0

        try:
            wait_for("the Docker engine answers", answers, 60)
        except AssertionError:
            self.stop()
            raise
        return host

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        shutil.rmtree(self.directory, ignore_errors=True)

    def environment(self, **settings: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")}
        return kept | {"DOCKER_HOST": self.host, "DOCKER": self.docker_program, "COMPOSE": self.compose_program} | settings

    def run(self, *words, check: bool = True, within_s: float = 300, input: str | None = None,
            **settings: str) -> subprocess.CompletedProcess:
        """A command that sees this engine."""
        done = subprocess.run([str(word) for word in words], env=self.environment(**settings), cwd=ROOT,
            input=input, stdin=subprocess.DEVNULL if input is None else None, capture_output=True, text=True,
            timeout=within_s, check=False)
        assert not check or done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done

    def docker(self, *words, **how) -> str:
        return self.run(self.docker_program, *words, **how).stdout.strip()

    def images(self, *names: str):
        self.run(ROOT / "tests/deploy/images/make.sh", *names, within_s=1200)

    def inspect(self, container: str) -> dict:
        return json.loads(self.docker("inspect", container))[0]


class Stack:
    """A compose project of its own name; everything of it goes away with remove()."""

    def __init__(self, engine: Engine, *files: str, **settings: str):
        self.engine = engine
        self.files = files
        self.project = f"t{uuid.uuid4().hex[:8]}"
        self.settings = {"COMPOSE_PROJECT_NAME": self.project} | settings

    def compose(self, *words, **how) -> str:
        files = [word for file in self.files for word in ("-f", file)]
        return self.engine.run(self.engine.compose_program, *files, *words, **(self.settings | how)).stdout.strip()

    def up(self, *words, **how):
        self.compose("up", "-d", *words, **how)

    def containers(self, service: str) -> list[str]:
        return self.engine.docker("ps", "-q", "--no-trunc", "--filter", f"label=com.docker.compose.project={self.project}",
            "--filter", f"label=com.docker.compose.service={service}").split()

    def container(self, service: str) -> str:
        found = self.containers(service)
        assert len(found) == 1, f"{service}: {found}"
        return found[0]

    def health(self, service: str) -> list[str]:
        return [self.engine.inspect(each)["State"]["Health"]["Status"] for each in self.containers(service)]

    def wait_healthy(self, *services: str, within_s: float = 90) -> "Stack":
        for service in services:
            wait_for(f"{service} is healthy", lambda s=service: set(self.health(s)) == {"healthy"}, within_s)
        return self

    def exec(self, service: str, *words, **how) -> str:
        return self.engine.docker("exec", "-i", self.containers(service)[0], *words, **how)

    def psql(self, sql: str, service: str = "sage-db", database: str = "sage_memory", user: str | None = None) -> str:
        """SQL as the superuser; what it prints, one row a line."""
        container = self.container(service)
        user = user or self.engine.docker("exec", container, "printenv", "POSTGRES_USER")
        return self.engine.docker("exec", "-i", "-u", "postgres", container, "psql", "-X", "-qAt",
            "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database, "-c", sql)

    def script(self, name: str, *words, **how) -> subprocess.CompletedProcess:
        """One of the scripts of deploy/, for this project."""
        return self.engine.run(ROOT / "deploy" / name, *words, **(self.settings | how))

    def logs(self, service: str) -> str:
        done = [self.engine.run(self.engine.docker_program, "logs", each) for each in self.containers(service)]
        return "".join(each.stdout + each.stderr for each in done)

    def remove(self):
        """Also what profiles, scripts and crashes left behind."""
        mine = ("--filter", f"label=com.docker.compose.project={self.project}")
        for kind, gone in (("ps -aq", "rm -fv"), ("volume ls -q", "volume rm"), ("network ls -q", "network rm")):
            found = self.engine.docker(*kind.split(), *mine).split()
            if found:
                self.engine.docker(*gone.split(), *found)
