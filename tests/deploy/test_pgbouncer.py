"""pgBouncer before the database: docker-compose.pgbouncer.yml on top of docker-compose.prod.yml."""

import pytest
from agents import Load
from production import Events, call
from sage import wait_for


@pytest.mark.rehearsal
def test_everything_works_through_pgbouncer(made):
    stack = made("docker-compose.pgbouncer.yml")
    stack.compose("build", "pgbouncer", within_s=600)
    stack.start("--scale", "sage-mcp=2")
    try:
        with stack.client() as listener, stack.client() as saver, Events(listener, "sage://feed/default") as events:
            for count in range(10):  # through both servers: LISTEN works, too
                call(saver, "save_memory", {"user_input": f"through pgBouncer {count}"})
            assert events.next() is not None
        with Load(stack.client) as load:
            wait_for("300 saved", lambda: len(load.saved) > 300 or load.failures, 60)
        assert load.failures == []
        bouncer = stack.engine.inspect(stack.container("pgbouncer"))["NetworkSettings"]["Networks"][f"{stack.project}_database"]["IPAddress"]
        assert stack.psql("SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE usename = 'sage'") == bouncer
    finally:
        stack.remove()
