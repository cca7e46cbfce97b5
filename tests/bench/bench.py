"""Speed and memory as ratios against named baselines, measured in one run; see README.md.

    bench.py [--quick]     --quick only shows that everything runs: short rounds, no verdicts
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build/release-tests"

os.environ["SAGE_MCP"] = str(BUILD / "server/sage-mcp")
sys.path.insert(0, str(ROOT / "tests/support"))

from sage import Cluster, Server, create_database  # noqa: E402
from verdicts import main  # noqa: E402

CLIENTS = 64
STARTS = 20


def pinned(cpu: int, *words) -> list[str]:
    return ["taskset", "-c", str(cpu), *map(str, words)]


def post(port: int, method: str) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", body,
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"})
    return urllib.request.urlopen(request, timeout=10).read()


def load(port: int, seconds: float) -> float:
    """Answers a second, asked from the other core; anything but 2xx is an error."""
    said = subprocess.run(pinned(1, "wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "--timeout", "20s", "-s", HERE / "post.lua",
        f"http://127.0.0.1:{port}/mcp"), capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"bench: errors under load:\n{said}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", said)[1])


def wait_port(port: int):
    for _ in range(500):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"bench: nothing answers on port {port}")


def baseline(stack: ExitStack, port: int, *words) -> int:
    process = stack.enter_context(subprocess.Popen(pinned(0, *words), stdout=subprocess.DEVNULL))
    stack.callback(process.terminate)
    wait_port(port)
    return port


def start_ms() -> list[float]:
    """From spawning the process to its first answer to initialize, without any database."""
    took = []
    for _ in range(STARTS):
        began = time.monotonic()
        process = subprocess.Popen([BUILD / "server/sage-mcp", "--listen", "127.0.0.1:38199",
            "--database-url", "postgresql://127.0.0.1:1/none"], stdout=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen("http://127.0.0.1:38199/healthz", timeout=1).read()
                break
            except OSError:
                time.sleep(0.0005)
        took.append((time.monotonic() - began) * 1000)
        process.terminate()
        process.wait()
    return took


def rss_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def throughput(stack: ExitStack, server: Server, tmp: Path, rounds: int, seconds: float) -> dict:
    """Rounds interleave the servers, so that a slow moment of the machine hits all of them."""
    tools = json.loads(post(server.port, "tools/list"))["result"]["tools"]
    (tmp / "tools.json").write_text(json.dumps(tools))
    subprocess.run(["taskset", "-cp", "0", str(server.process.pid)], check=True, stdout=subprocess.DEVNULL)
    ports = {
        "sage-mcp": server.port,
        "hello": baseline(stack, 38101, BUILD / "tests/bench/bench_hello", 38101),
        "hello, same bytes": baseline(stack, 38102, BUILD / "tests/bench/bench_hello", 38102,
            len(post(server.port, "tools/list"))),
        "TypeScript SDK": baseline(stack, 38103, "node", HERE / "ts-baseline/server.mjs", 38103, tmp / "tools.json"),
    }
    rates = {name: [] for name in ports}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds} ...", flush=True)
        for name, port in ports.items():
            rates[name].append(load(port, seconds))
    return {name: statistics.median(values) for name, values in rates.items()}


def run(quick: bool) -> list[tuple]:
    rounds, seconds = (1, 1) if quick else (5, 4)
    with ExitStack() as stack:
        tmp = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cluster = Cluster()
        stack.callback(cluster.remove)
        database = create_database(cluster.uri, "bench")
        server = Server(tmp, DATABASE_URL=database)
        stack.callback(server.stop)
        server.wait_ready()
        idle = rss_mb(server.process.pid)
        rates = throughput(stack, server, tmp, rounds, seconds)
        ours = rates["sage-mcp"]
        loaded = rss_mb(server.process.pid)
    starts = statistics.median(start_ms())
    for name, rate in rates.items():
        print(f"  {name:20} {rate:12,.0f} answers/s")
    return [
        ("tools/list, times the TypeScript SDK", ours / rates["TypeScript SDK"], (">=", 40)),
        ("tools/list, times a bare hello server", ours / rates["hello"], (">=", 0.6)),
        ("tools/list, times hello with the same bytes", ours / rates["hello, same bytes"], None),
        ("resident memory, idle, MB", idle, ("<", 12)),
        ("resident memory, after the load, MB", loaded, None),
        ("start to first answer without a database, ms", starts, ("<", 50)),
    ]


if __name__ == "__main__":
    main(__doc__, run)
