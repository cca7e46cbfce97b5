"""F15: bytes without end on a stream of events that is open.

They stay in the socket: the memory of the server does not grow, and others are served.
"""

import time
from contextlib import suppress

from streams import listen
from trial import FRUGAL, saving

STREAMS = 10
FLOOD_S = 4
BOUND_BYTES = 16 << 20  # what a server takes in that reads on is hundreds of megabytes


def test_flood(trial, database):
    """Ten open streams are flooded for four seconds: memory is flat, they are still told"""
    server = trial.start(DATABASE_URL=database, **FRUGAL)
    with trial.load(server) as load:
        streams = [listen(server, "sage://session/flooded") for _ in range(STREAMS)]
        for each in streams:
            each.next()
            each.http.sock.setblocking(False)
        before, most, sent = server.rss_bytes(), 0, 0
        until = time.monotonic() + FLOOD_S
        while time.monotonic() < until:
            for each in streams:
                with suppress(BlockingIOError):
                    sent += each.http.sock.send(b"x" * (1 << 20))
            most = max(most, server.rss_bytes() - before)
            time.sleep(0.01)
        saving(load)
        with server.connect() as connection:
            connection.done("save_memory", {"user_input": "event", "session_id": "flooded"})
        for each in streams:
            each.http.sock.settimeout(5)
            assert each.next().json["method"] == "notifications/resources/updated"
            each.close()
    trial.note(f"{most >> 10} KB more at the most, {sent >> 20} MB left the clients")
    trial.check(load, database)
    assert most < BOUND_BYTES
