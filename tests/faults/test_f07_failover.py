"""F7: the primary goes, a replica is promoted, the old primary comes back read-only.

Connections to a server that takes no writes any more are dropped and the new primary is found; no save is
written to the old one after that, and none that was acknowledged is lost. While there is no primary, what
is stored can be read, and /readyz says so.
"""

import time
from pathlib import Path

import pytest
from sage import Cluster, psql, wait_for
from trial import RECOVERED_S, saving

@pytest.fixture
def make_pair():
    """A primary and its replica."""
    made = []

    def make_pair() -> tuple[Cluster, Cluster]:
        made.append(Cluster())
        made.append(made[0].replica())
        return made[0], made[1]

    yield make_pair
    for cluster in made:
        cluster.remove()


def uri_of_both(*clusters: Cluster) -> str:
    return f"postgresql://postgres@/postgres?host={','.join(c.socket_directory for c in clusters)}"


def follow(cluster: Cluster, primary: Cluster):
    """A cluster that is stopped comes back as a replica of the other one."""
    data = Path(cluster.directory) / "cluster"
    (data / "standby.signal").touch()
    with (data / "postgresql.auto.conf").open("a") as conf:
        conf.write(f"primary_conninfo = 'host={primary.socket_directory} user=postgres'\n")
    cluster.start()


def replayed(primary: Cluster, replica: Cluster):
    written = psql(primary.uri, "SELECT pg_current_wal_lsn()")
    wait_for("the replica has it all", lambda: psql(replica.uri,
        f"SELECT pg_last_wal_replay_lsn() >= '{written}'") == "t")


def count(cluster: Cluster) -> int:
    return int(psql(cluster.uri, "SELECT count(*) FROM memories"))


def readiness(server) -> tuple[int, str]:
    with server.connect() as connection:
        answer = connection.get("/readyz")
    return answer.status, answer.json["status"]


def test_switchover(trial, make_pair):
    """The primary is shut down, the replica promoted, the old primary comes back as its replica"""
    old, new = make_pair()
    server = trial.start(DATABASE_URL=uri_of_both(old, new))
    with trial.load(server) as load:
        old.stop("fast")
        new.promote()
        recovered = saving(load)
        follow(old, new)
        saving(load)
    trial.note(f"saves again {recovered:.2f} s after the promotion")
    trial.check(load, new.uri)
    replayed(new, old)
    assert count(old) == count(new)
    assert recovered < RECOVERED_S


def test_crash(trial, make_pair):
    """The primary crashes: reads go on, /readyz says read_only, then the replica is promoted"""
    old, new = make_pair()
    psql(old.uri, "ALTER SYSTEM SET synchronous_standby_names = '*'")  # what it acknowledges is on both
    psql(old.uri, "SELECT pg_reload_conf()")
    server = trial.start(DATABASE_URL=uri_of_both(old, new))
    with trial.load(server) as load:
        old.stop("immediate")
        wait_for("readyz tells", lambda: readiness(server) == (200, "read_only"), 5)
        time.sleep(0.5)
        since = time.monotonic()
        reads = len(load.reads)
        wait_for("reads go on", lambda: len(load.reads) > reads + 50)
        refused = [read for read in load.failed_reads() if read.began > since]
        new.promote()
        recovered = saving(load)
        wait_for("readyz tells", lambda: readiness(server) == (200, "ready"), 5)
    trial.note(f"saves again {recovered:.2f} s after the promotion, {len(load.failed_reads())} reads failed at the crash")
    trial.check(load, new.uri)
    assert not refused, refused[:3]
    assert recovered < RECOVERED_S


def test_demoted_under_open_connections(trial, make_pair):
    """The primary turns read-only and lives on (25006): the new primary is found, nothing is written twice"""
    old, new = make_pair()
    server = trial.start(DATABASE_URL=uri_of_both(old, new))
    with trial.load(server) as load:
        psql(old.uri, "ALTER SYSTEM SET default_transaction_read_only = on")
        psql(old.uri, "SELECT pg_reload_conf()")
        wait_for("a save is refused", lambda: any("no primary" in said for said in load.sayings()))
        replayed(old, new)
        frozen = count(old)
        new.promote()
        recovered = saving(load)
    trial.note(f"saves again {recovered:.2f} s after the promotion")
    trial.check(load, new.uri)
    assert count(old) == frozen, "the old primary was written to"
    assert recovered < RECOVERED_S
    assert not load.failed_reads(), load.sayings()


@pytest.mark.long
def test_back_and_forth(trial, make_pair):
    """Three switchovers in a row, under load"""
    old, new = make_pair()
    server = trial.start(DATABASE_URL=uri_of_both(old, new))
    with trial.load(server) as load:
        for _ in range(3):
            old.stop("fast")
            new.promote()
            saving(load)
            follow(old, new)
            replayed(new, old)
            saving(load)
            old, new = new, old
    trial.check(load, old.uri)
