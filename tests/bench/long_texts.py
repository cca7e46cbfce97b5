"""How long others wait while a memory of 1 MB is saved or changed; see README.md.

    long_texts.py [--quick]     --quick only shows that everything runs

Of each round the slowest answer of /healthz, asked again and again meanwhile; of all rounds the smallest, for that is the server's
own part where other programs run, too.
"""

import random
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import streams  # noqa: F401 - first: it says which binary is meant
from sage import Cluster, Server, create_database
from verdicts import main

WORDS = ("heron wanders around the quiet lake and finds some running water because it was deployed yesterday by snake_case"
    " functions of SomeModule which nobody had documented").split()
draw = random.Random(7)
KINDS = {"English": lambda: draw.choice(WORDS), "no two words alike": lambda: f"w{draw.randrange(10**9)}"}


def text_of(word, size: int) -> str:
    return " ".join(word() for _ in range(size // 4))[:size]


class Watch:
    """Asks all the time; slowest_ms is that of the latest round."""

    def __init__(self, server: Server):
        self.server, self.slowest_ms, self.over = server, 0.0, False

    def run(self):
        with self.server.connect() as connection:
            while not self.over:
                began = time.monotonic()
                connection.get("/healthz")
                self.slowest_ms = max(self.slowest_ms, 1000 * (time.monotonic() - began))


@contextmanager
def watching(server: Server):
    watch = Watch(server)
    thread = threading.Thread(target=watch.run)
    thread.start()
    yield watch
    watch.over = True
    thread.join()


def rounds(connection, watch: Watch, text: str, count: int) -> dict[str, float]:
    best = {}
    for number in range(count):
        saved = None
        for what in ("save_memory", "update_memory"):
            time.sleep(0.2)
            watch.slowest_ms = 0.0
            saved = connection.done(what, {"user_input": f"{number} {what} {text}"} | ({"id": saved} if saved else {}))["id"]
            best[what] = min(watch.slowest_ms, best.get(what, watch.slowest_ms))
    return best


def run(quick: bool) -> list[tuple]:
    size, count = (100_000, 1) if quick else (1_000_000, 5)
    cluster = Cluster()
    results = []
    try:
        with tempfile.TemporaryDirectory() as tmp:
            server = Server(Path(tmp), DATABASE_URL=create_database(cluster.uri, "long")).wait_ready()
            with server.connect() as connection, watching(server) as watch:
                for kind, word in KINDS.items():
                    best = rounds(connection, watch, text_of(word, size), count)
                    results += [(f"{what}, {size // 1000} KB, {kind}: the longest wait of others, ms", ms, 100) for what, ms in best.items()]
            server.stop()
    finally:
        cluster.remove()
    return results


if __name__ == "__main__":
    main(__doc__, run)
