"""subscriptions/listen (2026-07-28): who is told what, across processes, through faults, at the drain."""

import signal
import time

import pytest
from sage import MODERN, bearer, make_key, once, psql, run_command, wait_for
from streams import DEAF_SESSION, LISTEN_ID, EventStream, listen, listen_deaf

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


def acknowledged(stream: EventStream) -> list[str]:
    assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
    assert stream.headers["X-Accel-Buffering"] == "no"
    message = stream.next().json
    assert message["method"] == "notifications/subscriptions/acknowledged"
    assert message["params"]["_meta"][SUBSCRIPTION] == LISTEN_ID
    return message["params"]["notifications"]["resourceSubscriptions"]


def updated(stream: EventStream) -> str:
    message = stream.next().json
    assert message["method"] == "notifications/resources/updated", message
    assert message["params"]["_meta"][SUBSCRIPTION] == LISTEN_ID
    return message["params"]["uri"]


@pytest.fixture
def two(start, database):
    """Two processes on one database."""
    return [start(DATABASE_URL=database).wait_ready() for _ in range(2)]


def save(server, text: str = "", session: str = "team", **how) -> str:
    with server.connect() as connection:
        return connection.done("save_memory", {"user_input": text or once(), "session_id": session}, **how)["id"]


def test_every_process_tells_its_subscribers(two):
    uris = ["sage://session/team", "sage://feed/default", "sage://sessions/list"]
    with listen(two[0], *uris) as near, listen(two[1], *uris) as far:
        assert acknowledged(near) == acknowledged(far) == uris
        for writer in two:
            save(writer)
            assert sorted(updated(near) for _ in uris) == sorted(uris)
            began = time.monotonic()
            assert sorted(updated(far) for _ in uris) == sorted(uris)
            assert time.monotonic() - began < 5


def test_only_what_was_asked_for(two):
    with listen(two[0], "sage://session/other", "sage://nothing", "ftp://x", "sage://session/other") as stream:
        assert acknowledged(stream) == ["sage://session/other"], "each once, and only what is served"
        save(two[0])
        assert stream.silent_for(0.5)
        save(two[1], session="other")
        assert updated(stream) == "sage://session/other"


def test_escaped_session_ids(two):
    with listen(two[0], "sage://session/a%20b%2F%E6%B0%B4") as stream:
        acknowledged(stream)
        save(two[1], session="a b/水")
        assert updated(stream) == "sage://session/a%20b%2F%E6%B0%B4"


def test_nobody_hears_of_another_namespace(start, database):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    ann, bob = make_key(database, "ann", "red"), make_key(database, "bob", "blue")
    server = start(DATABASE_URL=database).wait_ready()
    uris = ["sage://session/team", "sage://feed/red", "sage://feed/blue", "sage://sessions/list"]
    with listen(server, *uris, headers=bearer(bob)) as stream:
        acknowledged(stream)
        save(server, headers=bearer(ann))
        assert stream.silent_for(0.5)
        save(server, headers=bearer(bob))
        assert sorted(updated(stream) for _ in range(3)) == sorted(set(uris) - {"sage://feed/red"})


def test_after_a_broken_listen_connection_everything_is_to_be_read_again(two, database):
    with listen(two[0], "sage://session/team") as stream:
        acknowledged(stream)
        psql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query ILIKE 'LISTEN%'")
        assert updated(stream) == "sage://session/team"
        save(two[1])
        assert updated(stream) == "sage://session/team"


def test_drain_ends_the_stream_with_a_result(two):
    with listen(two[0], "sage://session/team") as stream:
        acknowledged(stream)
        two[0].signal(signal.SIGTERM)
        final = stream.next().json
        assert final["id"] == LISTEN_ID
        assert final["result"] == {"resultType": "complete", "_meta": {SUBSCRIPTION: LISTEN_ID}}
        assert stream.next() is None
        two[0].wait_stopped()


def test_quiet_stream_is_kept_alive(server):
    with listen(server) as stream:
        acknowledged(stream)
        stream.http.sock.settimeout(20)
        assert stream.response.readline().startswith(b":")


def test_too_many_subscriptions_in_one_request(server, connection):
    uris = [f"sage://session/{i}" for i in range(100_000)]
    answer = connection.rpc("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris}}, era=MODERN)
    assert answer.error["code"] == -32602
    assert "100000" in answer.error["message"] and "1000" in answer.error["message"]


@pytest.mark.parametrize("notifications", [None, 1, [], {"resourceSubscriptions": "x"}, {"resourceSubscriptions": {}}])
def test_bad_filters(connection, notifications):
    params = {} if notifications is None else {"notifications": notifications}
    assert connection.rpc("subscriptions/listen", params, era=MODERN).error["code"] == -32602


def test_reader_that_never_reads_is_dropped_and_others_are_served(two, database):
    deaf = listen_deaf(two[0])
    with listen(two[0], f"sage://session/{DEAF_SESSION}") as stream:
        acknowledged(stream)
        for _ in range(120):
            save(two[0], session=DEAF_SESSION)
            updated(stream)
    wait_for("the deaf stream is dropped", lambda: any("too slowly" in line["msg"] for line in two[0].log()), 40)
    deaf.settimeout(20)
    while deaf.recv(65536):  # what was queued before, then the end
        pass
    deaf.close()


def test_bytes_on_an_open_stream_do_not_grow_the_server(server):
    with listen(server) as stream:
        acknowledged(stream)
        stream.http.sock.settimeout(5)
        with pytest.raises(OSError):
            for _ in range(1000):
                stream.http.sock.sendall(b"x" * 65536)
    with server.connect() as connection:
        assert connection.get("/healthz").status == 200
