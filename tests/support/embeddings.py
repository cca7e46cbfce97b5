"""Servers with an embedding provider (embedding_stub.py), and when their memories have vectors."""

from sage import Server, psql, wait_for

KEY = "sk-3f9c0a1b2c3d4e5f60718293"  # of the stub of the fixture


def usable(server: Server):
    with server.connect() as connection:
        wait_for("the provider was probed", lambda: "problem" not in connection.done("get_status")["embedding"]
            and "dimensions" in connection.done("get_status")["embedding"])


def settled(database: str, within_s: float = 30):
    """Until every memory has its vector."""
    wait_for("all have vectors", lambda: psql(database, "SELECT count(*) FROM memories WHERE embed_state <> 'ok' AND deleted_at IS NULL") == "0",
        within_s)


def states(database: str) -> str:
    return psql(database, "SELECT embed_state, count(*) FROM memories GROUP BY 1 ORDER BY 1").replace("\n", " ")


def reset(connection):
    assert connection.done("reset_circuit_breaker", {"name": "embedding"})["reset"]
