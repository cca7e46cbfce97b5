"""Agents that save all the time, and remember what was acknowledged and what failed."""

import threading
import time

import httpx
from sage import once


class Load:
    """with Load(stack.client) as load: ...; then load.saved and load.failures."""

    def __init__(self, client, agents: int = 4, pause_s: float = 0.02):
        self.saved = {}  # id -> text
        self.failures = []
        self.longest_s = 0.0
        self._stop = threading.Event()
        self._pause_s = pause_s
        self._threads = [threading.Thread(target=self._work, args=(client, n)) for n in range(agents)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, client, number: int):
        with client() as http:
            count = 0
            while not self._stop.wait(self._pause_s):
                count += 1
                text = once(f"agent {number} says {count}")  # or it would be merged with that of a load before
                began = time.monotonic()
                try:
                    self._judge(text, http.post("/mcp", json={"jsonrpc": "2.0", "id": count, "method": "tools/call",
                        "params": {"name": "save_memory", "arguments": {"user_input": text}}}))
                except httpx.HTTPError as error:
                    self.failures.append(repr(error))
                self.longest_s = max(self.longest_s, time.monotonic() - began)

    def _judge(self, text: str, answer: httpx.Response):
        result = answer.json().get("result", {}) if answer.status_code == 200 else {}
        if "structuredContent" in result and not result.get("isError"):
            self.saved[result["structuredContent"]["id"]] = text
        else:
            self.failures.append(f"{answer.status_code} {answer.text[:300]}")

    def lost(self, ids_in_database: str) -> set[str]:
        """Acknowledged and not there; the ids are rows of a query."""
        return set(self.saved) - set(ids_in_database.split())
