"""What it costs to be looked at: the admin listener of an idle process, one scrape, one list of clients; see README.md.

    monitoring.py [--quick]     --quick only shows that everything runs: short waits, no verdicts
"""

import socket
import tempfile
import time
from pathlib import Path

import streams  # noqa: F401 - first: it says which binary is meant
from sage import Cluster, Connection, Server, create_database
from verdicts import main


def cpu_ms(server: Server) -> float:
    """Of its only thread, by the scheduler's own clock."""
    return int(Path(f"/proc/{server.process.pid}/schedstat").read_text().split()[0]) / 1e6


def answer_ms(server: Server, admin: Connection, path: str, times: int = 20) -> float:
    before = cpu_ms(server)
    for _ in range(times):
        assert admin.get(path).status == 200
    return (cpu_ms(server) - before) / times


def run(quick: bool) -> list[tuple]:
    seconds, count = (1, 100) if quick else (30, 9000)
    cluster = Cluster()
    with tempfile.TemporaryDirectory() as tmp:
        watched, alone = (Server(Path(tempfile.mkdtemp(dir=tmp)), ENABLE_MONITORING=enabled,
            DATABASE_URL=create_database(cluster.uri, f"monitoring_{enabled}")) for enabled in ("true", "false"))
        try:
            watched.wait_ready()
            alone.wait_ready()
            time.sleep(2)
            before = [cpu_ms(watched), cpu_ms(alone)]
            time.sleep(seconds)
            idle, without = ((cpu_ms(s) - b) / seconds for s, b in zip((watched, alone), before))
            with watched.admin() as admin:
                quiet = answer_ms(watched, admin, "/metrics")
                crowd = [socket.create_connection((watched.host, watched.port)) for _ in range(count)]
                crowded = [answer_ms(watched, admin, path) for path in ("/metrics", "/clients")]
                for client in crowd:
                    client.close()
            return [("idle, ms of CPU a second", idle, None), ("the same with ENABLE_MONITORING=false", without, None),
                ("what the admin listener and the loop's lag cost idle", idle - without, 1),
                ("one scrape, ms of CPU", quiet, 5),
                (f"one scrape with {count} connections", crowded[0], 5),
                (f"/clients with {count} connections", crowded[1], 10)]
        finally:
            watched.kill()
            alone.kill()
            cluster.remove()


if __name__ == "__main__":
    main(__doc__, run)
