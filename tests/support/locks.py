"""A table that is locked by somebody else, so that a statement of the server has to wait."""

import subprocess
import time

from sage import ROOT, wait_for

# What the server does by itself now and then may meet the lock, too, and is not counted.
KNOWN_BY = 100  # characters
HOUSEKEEPING = ", ".join(f"$sql${path.read_text()[:KNOWN_BY]}$sql$" for path in sorted((ROOT / "db/sql").glob("keep_*.sql")))
WAITERS = f"""SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event_type = 'Lock' AND left(query, {KNOWN_BY}) <> ALL (ARRAY[{HOUSEKEEPING}])"""


class Sql:
    """One session with the database, which answers within a millisecond or so."""

    def __init__(self, uri: str):
        self.process = subprocess.Popen(["psql", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", uri],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, sql: str) -> str:
        """The one row that a statement gives."""
        self.process.stdin.write(sql + ";\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def close(self, last: str = ""):
        self.process.communicate(last, timeout=10)


class Lock:
    """Locked from the beginning of the with block to its end."""

    def __init__(self, uri: str, table: str = "memories"):
        self.uri, self.table = uri, table

    def __enter__(self):
        self.holder, self.looker = Sql(self.uri), Sql(self.uri)
        assert self.holder.ask(f"BEGIN; LOCK TABLE {self.table}; SELECT 'locked'") == "locked"
        return self

    def __exit__(self, *_):
        self.holder.close("COMMIT;\n")
        self.looker.close()

    def waiting(self) -> set[str]:
        """The backends that wait."""
        return set(self.looker.ask(WAITERS).split())

    def waiters(self) -> int:
        return len(self.waiting())

    def wait_for_waiters(self, count: int, within_s: float = 10):
        wait_for(f"{count} statements wait for the lock", lambda: self.waiters() == count, within_s)

    def settle(self, seconds: float = 0.5):
        """Until the same backends have been waiting for so long."""
        before, since = self.waiting(), time.monotonic()
        while time.monotonic() < since + seconds:
            time.sleep(0.05)
            if self.waiting() != before:
                before, since = self.waiting(), time.monotonic()

    def stay_waiting(self, count: int, seconds: float = 1.0):
        """They still wait after that time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.waiters() == count
            time.sleep(0.1)
