"""A replica, its promotion under load, and the way back of the node that was replaced."""

import json
import time

import pytest
from agents import Load
from production import call
from sage import wait_for


@pytest.fixture
def pair(made):
    stack = made(DB_HOST="sage-db,sage-db-replica").start()
    stack.compose("--profile", "replica", "up", "-d", "--no-recreate", "sage-db-replica")
    stack.wait_healthy("sage-db-replica")
    wait_for("the replica streams", lambda: stack.psql(
        "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1", 30)
    yield stack
    stack.remove()


def status(stack) -> dict:
    return json.loads(stack.script("failover-sage-db.sh", "status").stdout)


def ids(stack, service: str) -> str:
    return stack.psql("SELECT id FROM memories", service)


def test_replica_follows_and_refuses_writes(pair):
    assert status(pair)["nodes"] == {"sage-db": "primary", "sage-db-replica": "replica"}
    with pair.client() as client:
        saved = call(client, "save_memory", {"user_input": "copied"})
    wait_for("the memory is on the replica", lambda: saved["id"] in ids(pair, "sage-db-replica"))
    assert pair.psql("SELECT slot_name, active FROM pg_replication_slots") == "sage_db_replica|t"
    with pytest.raises(AssertionError, match="read-only"):
        pair.psql("DELETE FROM memories", "sage-db-replica")


@pytest.mark.rehearsal
def test_primary_dies_under_load_and_nothing_acknowledged_is_lost(pair):
    pair.script("failover-sage-db.sh", "sync", "on")
    assert status(pair)["synchronous"] is True
    with Load(pair.client) as load:
        time.sleep(3)
        killed = time.monotonic()
        pair.engine.docker("kill", pair.container("sage-db"))
        before = len(load.saved)
        pair.script("failover-sage-db.sh", "promote")
        wait_for("saving works again", lambda: len(load.saved) > before + 50, 30)
        away_s = time.monotonic() - killed
    assert load.lost(ids(pair, "sage-db-replica")) == set()
    assert away_s < 30
    print(f"saving again {away_s:.1f} s after the kill; {len(load.failures)} calls were told to come again")

    # A restart of the machine would start the old one; it must not become a second primary.
    old = pair.engine.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={pair.project}",
        "--filter", "label=com.docker.compose.service=sage-db")
    pair.engine.docker("start", old)
    time.sleep(3)
    assert "replaced by sage-db-replica" in pair.engine.run(pair.engine.docker_program, "logs", "--tail", "5", old).stderr
    pair.engine.docker("stop", old)

    with Load(pair.client) as load:
        said = pair.script("failover-sage-db.sh", "rejoin").stderr
        wait_for("the old one streams", lambda: status(pair)["nodes"]["sage-db"] == "replica", 30)
    assert load.failures == []
    assert "rewound to follow sage-db-replica" in said
    wait_for("it has everything", lambda: set(ids(pair, "sage-db").split()) == set(ids(pair, "sage-db-replica").split()))

    # And back again, this time in order: nothing is lost without synchronous commits either.
    with Load(pair.client) as load:
        time.sleep(2)
        pair.script("failover-sage-db.sh", "promote")
        time.sleep(5)
    assert status(pair)["primary"] == "sage-db"
    assert load.lost(ids(pair, "sage-db")) == set()
