#!/usr/bin/env python3
"""How long the loop of a server keeps a request waiting that needs nothing but the loop.

    loop_watch.py PID HOST PORT     asks /healthz 200 times a second until its input ends, then prints JSON

What is measured is from sending a request to having its answer, without the time that the server
or the watcher was ready to run and the kernel ran something else (/proc/PID/schedstat,
second figure), nor turns in which the hypervisor took the processor away: on a busy machine those
say nothing about the server. As root both are scheduled before everything else (PRIORITY).
"""

import json
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

INTERVAL_S = 0.005
ANSWER_S = 10.0
WORST_KEPT = 5
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def waited_ns(pid: int | str) -> int:
    """How long its main thread has been kept from running by others, since its start."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])


def stolen_ticks() -> int:
    with open("/proc/stat", encoding="ascii") as stat:
        return int(stat.readline().split()[8])


class Watcher:
    def __init__(self, pid: str, host: str, port: int):
        self.pid, self.address = pid, (host, port)
        self.samples: list[float] = []
        self.worst: list[tuple[float, float]] = []  # how long, at what time
        self.discarded = 0
        self.lost = 0
        self.socket = self._connect()

    def _connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, timeout=ANSWER_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def ask(self):
        stolen = stolen_ticks()
        waited = waited_ns(self.pid) + waited_ns("self")
        began = time.monotonic()
        self.socket.sendall(REQUEST)
        if not self.socket.recv(4096).startswith(b"HTTP/1.1 200 "):
            raise ConnectionError("no 200")
        took = time.monotonic() - began
        took -= (waited_ns(self.pid) + waited_ns("self") - waited) / 1e9
        if stolen_ticks() != stolen:
            self.discarded += 1
            return
        self.samples.append(took)
        self.worst = sorted([*self.worst, (took, time.time())], reverse=True)[:WORST_KEPT]

    def run(self):
        """Until nobody holds the other end of the input; a server that ended is no reason to."""
        while not select.select([sys.stdin], [], [], INTERVAL_S)[0]:
            try:
                self.ask()
            except (OSError, ConnectionError):
                self.lost += 1
                time.sleep(0.05)
                try:
                    self.socket.close()
                    self.socket = self._connect()
                except OSError:
                    pass

    def report(self) -> dict:
        ordered = sorted(self.samples) or [0.0]
        return {"count": len(self.samples), "max": ordered[-1], "p99": ordered[int(len(ordered) * 0.99)],
            "worst": self.worst, "discarded": self.discarded, "lost": self.lost}


class LoopWatch:
    """The watcher as a process of its own, from the beginning of the with block to its end."""

    def __init__(self, server, priority: tuple[str, ...] = ()):
        self.process = subprocess.Popen(
            [*priority, sys.executable, "-S", "-E", __file__, str(server.process.pid), server.host, str(server.port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.report: dict | None = None

    def __enter__(self):
        return self

    def __exit__(self, failed, *_):
        said, _ = self.process.communicate(timeout=ANSWER_S + 10)
        if not failed:
            self.report = json.loads(said)


def main():
    watcher = Watcher(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    watcher.run()
    print(json.dumps(watcher.report()))


if __name__ == "__main__":
    main()
