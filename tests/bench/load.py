"""What makes load and what it costs: wrk with the calls of a file, pgbench with a statement of db/sql, CPU of everyone."""

import glob
import json
import os
import re
import resource
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
DIRECT = 5432  # the port that a cluster's socket is named after
THREADS = 2  # of pgbench
LAST_ANSWERS_S = 20  # that wrk waits at the most, after the load, for what is under way


def program(name: str) -> str:
    """One of PostgreSQL's, without Debian's wrapper, whose start would count as the client's CPU."""
    return sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))[-1]


# --- CPU -----------------------------------------------------------------------


def _stat(pid: int) -> list[int]:
    """utime, stime, cutime, cstime in ticks, and the parent."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return [*map(int, words[11:15]), int(words[1])]


def process_cpu(pid: int) -> float:
    return sum(_stat(pid)[:2]) / TICKS


def tree_cpu(parent: int) -> float:
    """Of a process, of its children, and of those that have ended."""
    while True:
        own = _stat(parent)
        total = sum(own[:4])
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    stat = _stat(int(entry.name))
                except OSError:  # it has ended
                    continue
                total += sum(stat[:2]) if stat[4] == parent else 0
        if _stat(parent)[2:4] == own[2:4]:  # nobody ended meanwhile, to be counted twice or not at all
            return total / TICKS


def machine_cpu() -> float:
    """Of all there is on this machine."""
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / TICKS


def clients_cpu() -> float:
    """Of the load generators that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass
class Load:
    """One run: what was done, how quickly, and what it cost whom."""
    done: int = 0
    took_s: float = 0
    clients: int = 1
    p50_ms: float = float("nan")
    p99_ms: float = float("nan")
    max_ms: float = float("nan")
    busy: int = 0  # told to come again
    errors: int = 0
    why: str = ""
    cpu_s: dict = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.done / self.took_s

    @property
    def mean_ms(self) -> float:
        return 1000 * self.took_s * self.clients / self.done

    def cpu_us(self, who: str) -> float:
        """For each of what was done; "others" is who has no part in it."""
        if who != "others":
            return 1e6 * self.cpu_s.get(who, 0) / self.done
        return self.cpu_us("machine") - self.whole_cpu_us

    @property
    def whole_cpu_us(self) -> float:
        return sum(self.cpu_us(who) for who in self.cpu_s if who != "machine")


@contextmanager
def accounted(load: Load, meters: dict):
    """CPU seconds that each of meters (name -> function) and the clients spend inside."""
    meters = meters | {"client": clients_cpu, "machine": machine_cpu}
    before = {who: meter() for who, meter in meters.items()}
    yield
    load.cpu_s = {who: meter() - before[who] for who, meter in meters.items()}


# --- wrk -----------------------------------------------------------------------


class Wrk:
    """Tool calls through HTTP, running from the moment it is made."""

    numbers = 0  # the next unused number for a text

    def __init__(self, port: int, calls: Path, clients: int, seconds: float):
        self.load = Load(clients=clients)
        self.process = subprocess.Popen(["wrk", "-t1", f"-c{clients}", f"-d{int(seconds + LAST_ANSWERS_S)}s", "--timeout", "20s",
            "-s", HERE / "calls.lua", f"http://127.0.0.1:{port}/mcp", "--", calls, str(seconds), str(Wrk.numbers)],
            stdout=subprocess.PIPE, text=True)

    def wait(self) -> Load:
        said = self.process.communicate()[0]
        result = json.loads(said.splitlines()[-1])
        Wrk.numbers += result["sent"] + 1
        unanswered = result["sent"] - result["ok"] - result["busy"] - result["failed"]
        if result["ok"] == 0:
            raise SystemExit(f"bench: nothing succeeded: {result}")
        load = self.load
        load.done, load.took_s, load.busy = result["ok"], result["took_s"], result["busy"]
        load.p50_ms, load.p99_ms, load.max_ms = (result[f"{name}_us"] / 1000 for name in ("p50", "p99", "max"))
        load.errors = result["failed"] + result["lost"] + unanswered
        load.why = result["failure"]
        return load


# --- pgbench -------------------------------------------------------------------


def statement(path: str, parameters: dict[int, str]) -> str:
    """A statement on one line, with its parts (db/EmbedSql.cmake) and each $N replaced."""
    def without_comments(file: Path) -> str:
        return " ".join(line for line in file.read_text().splitlines() if not line.lstrip().startswith("--")).strip()

    text = without_comments(ROOT / path)
    while part := re.search(r"@([a-z_]+)@", text):
        text = text.replace(part[0], without_comments((ROOT / path).parent / f"parts/{part[1]}.sql"))
    return re.sub(r"\$(\d+)", lambda match: parameters[int(match[1])], text) + ";\n"


class Pgbench:
    """Scripts that take turns at random. A script is its text and its texts: what the variables in it stand for."""

    # What the server's own connections have, so that both are planned and run alike.
    settings = "-c jit=off -c TimeZone=UTC"

    def __init__(self, directory: Path, text: str, variables: list[dict[str, str]], head: str = ""):
        self.files, self.inline, self.values = [], [], []
        for i, values in enumerate(variables):
            own, whole = text, text
            for name, value in values.items():
                own = re.sub(rf"(?<!:):{name}\b", f":{name}_{i}", own)
                whole = re.sub(rf"(?<!:):{name}\b", f"'{value}'", whole)
                self.values += ["-D", f"{name}_{i}={value}"]
            for where, body, kind in ((self.files, own, "bound"), (self.inline, whole, "inline")):
                path = directory / f"{kind}-{i}.sql"
                path.write_text(head + body)
                where += ["-f", str(path)]

    def run(self, socket: str, port: int, database: str, clients: int, seconds: float, *,
            mode: str = "prepared", connect: bool = False, meters: dict) -> Load:
        load = Load(clients=clients)
        # The simple protocol has no parameters: there, texts are part of the statement.
        scripts = self.inline if mode == "simple" else [*self.files, *self.values]
        words = [program("pgbench"), "-n", "-M", mode, "-c", str(clients), "-j", str(min(THREADS, clients)),
            "-T", str(seconds), *(["-C"] if connect else []), *scripts, "-h", socket, "-p", str(port), "-U", "postgres", database]
        with accounted(load, meters):
            done = subprocess.run(words, capture_output=True, text=True, check=False,
                env=os.environ | {"PGOPTIONS": self.settings} if port == DIRECT else None)
        number = {name: re.search(rf"{name}\D*([\d.]+)", done.stdout) for name in
            ("actually processed: ", "tps = ", "number of failed transactions: ")}
        if done.returncode != 0 or number["tps = "] is None:
            raise SystemExit(f"bench: {' '.join(words)}\n{done.stdout}{done.stderr}")
        load.done = int(number["actually processed: "][1])
        load.took_s = load.done / float(number["tps = "][1])
        load.errors = int(number["number of failed transactions: "][1])
        return load
