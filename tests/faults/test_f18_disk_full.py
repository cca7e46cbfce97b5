"""F18: a disk is full: that of the data, that of the log, that of PostgreSQL's own log (WAL).

A save is refused in clear words (SQLSTATE 53100), what can be read is read, the process lives, and
with room again all is well.
"""

import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from generator import REFUSED, Shape
from sage import Server, psql, wait_for
from small_disk import SmallDisk
from trial import SERVER_FIRST, saving

POSTGRES = "postgres"  # who runs PostgreSQL when we are root, as whoever mounts a disk is
NO_DISK = "no disk or memory left (SQLSTATE 53100)"


def refusing(load, words: str):
    wait_for(f"saves are refused: {words}", lambda: any(words in said for said in load.sayings()), 20)


def test_data(trial, disk, cluster):
    """The disk of the data is full, twice: saves are refused, reads go on"""
    small = disk(24, POSTGRES)
    psql(cluster.uri, f"CREATE TABLESPACE small LOCATION '{small.directory}'")
    psql(cluster.uri, "CREATE DATABASE small TABLESPACE small")
    database = cluster.uri.replace("/postgres?", "/small?")
    server = trial.start(DATABASE_URL=database)
    with trial.load(server, Shape(text_bytes=4000)) as load:
        for _ in range(2):
            with small.full():
                refusing(load, NO_DISK)
                began = len(load.reads)
                wait_for("reads go on", lambda: len(load.reads) > began + 50)
            saving(load)
    trial.note(f"{load.count(REFUSED)} saves refused")
    trial.check(load, database)
    assert not load.failed_reads(), load.sayings()


def test_log(trial, database, disk):
    """The disk of the log is full: nobody notices"""
    small = disk(1)
    server = Server(small.directory, DATABASE_URL=database, prefix=SERVER_FIRST).wait_ready()
    try:
        with trial.load(server) as load:
            with small.full():
                saving(load, count=200)
            size = server.out_path.stat().st_size
            saving(load)
            wait_for("it logs again", lambda: server.out_path.stat().st_size > size)
        trial.check(load, database)
        assert not load.sayings(), load.sayings()
    finally:
        server.stop()


def move_wal(cluster, small: SmallDisk):
    wal = Path(cluster.directory) / "cluster/pg_wal"
    subprocess.run(["cp", "--archive", f"{wal}/.", small.directory], check=True)
    shutil.rmtree(wal)
    wal.symlink_to(small.directory)


@pytest.mark.long
def test_wal(trial, disk, cluster):
    """The disk of PostgreSQL's WAL is full, so it ends; with room, and started, all is well"""
    server = trial.start(DATABASE_URL=cluster.uri)
    small = disk(48, POSTGRES)
    cluster.stop("fast")
    move_wal(cluster, small)
    cluster.start()
    with trial.load(server, Shape(text_bytes=20_000, writers=8)) as load:
        with small.full():
            wait_for("PostgreSQL ends", lambda: "PANIC" in cluster.log(), 60)
            refusing(load, "Nothing was saved")
            time.sleep(2)
        with suppress(AssertionError):  # it may have come back by itself
            cluster.start()
        saving(load, 30)
    trial.note(f"{load.count(REFUSED)} saves refused, {load.count('unknown')} unknown")
    trial.check(load, cluster.uri)
