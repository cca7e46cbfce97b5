"""Quiet streams live longer than a proxy's patience."""

import signal
import time

from nginx import READ_TIMEOUT_S, Proxied
from sage import once
from sessions import initialize
from streams import EventStream, listen

TEAM = "sage://session/team"


def test_quiet_streams_outlive_the_timeout_of_a_proxy(start, database, tmp_path):
    server = start(DATABASE_URL=database, HTTP_SSE="true").wait_ready()
    proxied = Proxied(server, tmp_path)
    session = initialize(proxied)
    session.subscribe(proxied, TEAM)
    try:
        with listen(proxied, TEAM) as modern, session.open(proxied) as legacy, \
                EventStream(proxied, "GET", "/sse") as oldest:
            for stream in (modern, legacy, oldest):
                stream.next()
            time.sleep(1.5 * READ_TIMEOUT_S)
            with server.connect() as connection:
                connection.done("save_memory", {"user_input": once(), "session_id": "team"})
            for stream in (modern, legacy):
                assert stream.next().json["params"]["uri"] == TEAM
                assert stream.comments >= 1
            server.signal(signal.SIGTERM)
            assert oldest.next() is None
            assert oldest.comments >= 1
            server.wait_stopped()
    finally:
        proxied.close()
