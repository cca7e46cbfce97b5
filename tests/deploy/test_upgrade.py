"""From PostgreSQL 15 to 17 under load, back, and there again for good."""

import json
import time

import pytest
from agents import Load
from production import call
from sage import wait_for


@pytest.mark.rehearsal
def test_upgrade_rollback_and_upgrade_for_good(made, engine):
    engine.images("pgvector/pgvector:pg17")
    stack = made(DB_HOST="sage-db,sage-db-next").start()
    try:
        with stack.client() as client:
            first = call(client, "save_memory", {"user_input": "saved in 15", "embedding": [0.25] * 4096})
        stack.script("upgrade-sage-db.sh", "prepare")
        said = json.loads(stack.script("upgrade-sage-db.sh", "status").stdout)
        assert said["serving"] == "sage-db" and said["tables_behind"] == 0
        assert said["version"]["sage-db"].startswith("15") and said["version"]["sage-db-next"].startswith("17")

        with Load(stack.client, agents=2) as load:
            for step, node in (("switch", "sage-db-next"), ("rollback", "sage-db"), ("switch", "sage-db-next")):
                time.sleep(2)
                stack.script("upgrade-sage-db.sh", step)
                before = len(load.saved)
                wait_for(f"saving works after {step}", lambda b=before: len(load.saved) > b + 20, 30)
                assert json.loads(stack.script("upgrade-sage-db.sh", "status").stdout)["serving"] == node
        assert load.lost(stack.psql("SELECT id FROM memories", "sage-db-next")) == set()
        assert all("again" in each for each in load.failures), [each for each in load.failures if "again" not in each][:3]
        print(f"{len(load.saved)} saved, {len(load.failures)} were told to come again, the longest waited {load.longest_s:.1f} s")

        stack.script("upgrade-sage-db.sh", "finish")
        stack.compose("--profile", "next", "stop", "sage-db-next")
        stack.compose("rm", "-s", "-f", "sage-db")
        stack.settings |= {"DB_IMAGE": "pgvector/pgvector:pg17", "DB_VOLUME": "sage-db-next-data", "DB_HOST": "sage-db"}
        stack.up()
        stack.wait_healthy("sage-db", "sage-mcp", "nginx")
        with stack.client() as client:
            wait_for("the server is there", lambda: client.get("/healthz").status_code == 200)
            assert call(client, "get_memory", {"id": first["id"]})["user_input"] == "saved in 15"
        assert stack.psql("SHOW server_version_num").startswith("17")
        assert load.lost(stack.psql("SELECT id FROM memories")) == set()
    finally:
        stack.remove()


@pytest.mark.rehearsal
def test_a_backup_of_15_is_restored_in_17(made, engine, tmp_path):
    """The plain way, with the database away meanwhile."""
    engine.images("pgvector/pgvector:pg17")
    old = made().start()
    try:
        with old.client() as client:
            saved = call(client, "save_memory", {"user_input": "from 15 to 17 in a file"})
        file = json.loads(old.script("backup-sage-db.sh", "--dir", tmp_path, "--json", "--container", old.container("sage-db")).stdout)["file"]
    finally:
        old.remove()
    new = made(DB_IMAGE="pgvector/pgvector:pg17").start()
    try:
        new.script("restore-sage-db.sh", file, "--container", new.container("sage-db"))
        assert saved["id"] in new.psql("SELECT id FROM memories")
        assert new.psql("SHOW server_version_num").startswith("17")
    finally:
        new.remove()
