"""Point-in-time recovery: a table that was emptied by mistake comes back as it was the second before."""

import json
import time

import pytest
from production import call
from sage import wait_for


@pytest.mark.rehearsal
def test_recovery_to_the_second_before_a_mistake(made):
    stack = made().start()
    try:
        stack.script("pitr-sage-db.sh", "base")
        with stack.client() as client:
            kept = [call(client, "save_memory", {"user_input": f"before the mistake {n}"})["id"] for n in range(20)]
        time.sleep(1.2)
        moment = stack.psql("SELECT date_trunc('second', now())")
        time.sleep(1.2)
        stack.psql("DELETE FROM memories")
        with stack.client() as client:
            call(client, "save_memory", {"user_input": "after the mistake"})
        assert json.loads(stack.script("pitr-sage-db.sh", "list").stdout)["base_backups"]

        stack.script("pitr-sage-db.sh", "recover", moment)
        assert stack.psql("SELECT count(*) FROM memories") == "1"  # the running one is as it was
        stack.settings["DB_VOLUME"] = "sage-db-recovered"
        stack.compose("rm", "-s", "-f", "sage-db")
        stack.up()
        stack.wait_healthy("sage-db", "sage-mcp", "nginx")
        assert set(stack.psql("SELECT id FROM memories").split()) == set(kept)
        with stack.client() as client:  # the old key, too
            wait_for("the server is there", lambda: client.get("/healthz").status_code == 200)
            assert call(client, "get_memory", {"id": kept[0]})["user_input"] == "before the mistake 0"
            call(client, "save_memory", {"user_input": "life goes on"})

        # And again, from the recovered one: the archive has both time lines.
        stack.script("pitr-sage-db.sh", "base", "--keep", "1")
        assert len(json.loads(stack.script("pitr-sage-db.sh", "list").stdout)["base_backups"]) == 1
        done = stack.script("pitr-sage-db.sh", "recover", "latest", check=False)
        assert done.returncode == 1 and "docker volume rm" in done.stderr
        done = stack.script("pitr-sage-db.sh", "recover", "2020-01-01", check=False)
        assert done.returncode == 1
        stack.engine.docker("volume", "rm", f"{stack.project}_sage-db-data")
        stack.script("pitr-sage-db.sh", "recover", "latest")
        stack.settings["DB_VOLUME"] = "sage-db-data"
        stack.compose("rm", "-s", "-f", "sage-db")
        stack.up()
        stack.wait_healthy("sage-db", "sage-mcp", "nginx")
        assert stack.psql("SELECT count(*) FROM memories") == str(len(kept) + 1)
    finally:
        stack.remove()
