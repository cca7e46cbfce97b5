"""The GET stream of a session: what arrives on it, on which one, and what a client that was away gets."""

import signal
import time

import pytest
from sage import LEGACY, bearer, make_key, once, psql, run_command
from sessions import VERSIONS, Session, initialize
from streams import EventStream

TEAM, OTHER, FENCE = "sage://session/team", "sage://session/other", "sage://session/fence"
URIS = [TEAM, OTHER, FENCE]


def save(server, session: str, **how):
    with server.connect() as connection:
        connection.done("save_memory", {"user_input": once(), "session_id": session}, **how)


def settle():
    """The server reads the subscriptions of a stream; what happens meanwhile may concern it, and it says so."""
    time.sleep(0.3)


def primed(stream: EventStream) -> str:
    """Reads the priming event; its id."""
    assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
    event = stream.next()
    assert event.id and event.retry > 0 and event.data == ""
    settle()
    return event.id


def updated(stream: EventStream) -> tuple[str, str]:
    """The next event, which tells of a resource: the URI and the event's id."""
    event = stream.next()
    assert event is not None, "the stream ended"
    assert event.json["method"] == "notifications/resources/updated"
    assert event.name in (None, "message")
    assert event.id
    assert list(event.json["params"]) == ["uri"]
    return event.json["params"]["uri"], event.id


def uris(stream: EventStream, count: int) -> list[str]:
    return [updated(stream)[0] for _ in range(count)]


def open_primed(session: Session, server, last_event_id: str | None = None) -> EventStream:
    """A new stream, its priming event read where its revision has one."""
    stream = session.open(server, last_event_id)
    if session.version == LEGACY:
        primed(stream)
    else:
        settle()
    return stream


# --- a new stream ----------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_latest_revision_is_primed(pair, version):
    session = initialize(pair[0], version)
    session.subscribe(pair[0], TEAM)
    with session.open(pair[0]) as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
        if version == LEGACY:
            primed(stream)
        else:
            settle()
        save(pair[0], "team")
        assert updated(stream)[0] == TEAM


def test_client_must_take_event_streams(front):
    session = initialize(front)
    for accept, status in (("application/json", 406), ("text/html", 406), ("*/*", 200),
            ("text/event-stream", 200), ("application/json, text/event-stream", 200)):
        with session.open(front, Accept=accept) as stream:
            assert stream.status == status, accept


# --- subscriptions ---------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_hears_of_saves_on_every_process_until_unsubscribed(pair, version):
    one, two = pair
    session = initialize(one, version)
    session.subscribe(one, TEAM, FENCE)
    with open_primed(session, one) as stream:
        for writer in (two, one):
            save(writer, "other")
            save(writer, "team")
            assert updated(stream)[0] == TEAM
        session.unsubscribe(one, TEAM)
        settle()
        for writer in (two, one):
            save(writer, "team")
            save(writer, "fence")
            assert updated(stream)[0] == FENCE


def test_subscription_by_another_process_reaches_the_open_stream(pair):
    one, two = pair
    session = initialize(two)
    with open_primed(session, one) as stream:
        for number in range(10):
            session.subscribe(two, f"sage://session/{number}")
            save(one, f"{number}")
            assert updated(stream)[0] == f"sage://session/{number}"


def test_subscribed_twice_is_told_once(pair):
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM, TEAM, FENCE)
    with open_primed(session, pair[0]) as stream:
        save(pair[1], "team")
        save(pair[1], "fence")
        assert uris(stream, 2) == [TEAM, FENCE]


def test_sessions_hear_only_what_they_asked_for(pair):
    one, two = initialize(pair[0]), initialize(pair[0])
    one.subscribe(pair[0], TEAM, FENCE)
    two.subscribe(pair[0], OTHER, FENCE)
    with open_primed(one, pair[0]) as of_one, open_primed(two, pair[0]) as of_two:
        for session in ("team", "other", "fence"):
            save(pair[1], session)
        assert uris(of_one, 2) == [TEAM, FENCE]
        assert uris(of_two, 2) == [OTHER, FENCE]


def test_nobody_hears_of_another_namespace(start, database, door):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    ann, bob = bearer(make_key(database, "ann", "red")), bearer(make_key(database, "bob", "blue"))
    server = door(start(DATABASE_URL=database).wait_ready())
    session = initialize(server, headers=bob)
    session.subscribe(server, TEAM, "sage://feed/red", FENCE)
    with open_primed(session, server) as stream:
        save(server, "team", headers=ann)
        save(server, "fence", headers=bob)
        assert updated(stream)[0] == FENCE


def test_a_message_is_sent_on_one_stream_only(pair):
    """2025-11-25 basic/transports, "Multiple Connections": never the same message on two streams."""
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM, FENCE)
    with open_primed(session, pair[0]) as first, open_primed(session, pair[0]) as second:
        save(pair[1], "team")
        heard = [stream for stream in (first, second) if not stream.silent_for(2)]
        told = [stream for stream in heard if stream.next() is not None]  # replaced streams may end
        assert len(told) == 1


# --- coming back -----------------------------------------------------------------

RESUMABLE = [version for version in VERSIONS if version != "2024-11-05"]


@pytest.mark.parametrize("version", RESUMABLE)
def test_client_that_comes_back_gets_what_it_missed(pair, version):
    one, two = pair
    names = [f"{number}" for number in range(8)]
    session = initialize(one, version)
    session.subscribe(one, *(f"sage://session/{name}" for name in names))
    with open_primed(session, one) as stream:
        for name in names[:3]:
            save(two, name)
        seen = [updated(stream) for _ in range(3)]
    assert [uri for uri, _ in seen] == [f"sage://session/{name}" for name in names[:3]]
    for name in names[3:6]:
        save(two, name)
    for known in (0, 2, 0):  # as often as it likes, and from where it likes
        with session.open(one, seen[known][1]) as stream:
            assert stream.status == 200
            again = [updated(stream) for _ in range(5 - known)]
            assert [uri for uri, _ in again] == [f"sage://session/{name}" for name in names[known + 1:6]]
            ids = [id for _, id in seen[:known + 1] + again]
            assert len(set(ids)) == len(ids)
    with session.open(one, again[-1][1]) as stream:
        for name in names[6:]:
            save(one, name)
        assert uris(stream, 2) == [f"sage://session/{name}" for name in names[6:]]


def test_stream_without_events_can_be_resumed_by_its_priming_event(pair):
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM, FENCE)
    with session.open(pair[0]) as stream:
        first = primed(stream)
    save(pair[1], "team")
    with session.open(pair[0], first) as stream:
        save(pair[0], "fence")
        assert sorted(uris(stream, 2)) == sorted([TEAM, FENCE])  # saved by two processes: no order is promised


def test_second_connection_takes_a_stream_over(pair):
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM)
    with session.open(pair[0]) as old:
        first = primed(old)
        with session.open(pair[0], first) as new:
            save(pair[1], "team")
            assert updated(new)[0] == TEAM
            assert old.next() is None


def test_each_stream_repeats_its_own_events(pair):
    """Two streams of two sessions with one subscription; ids of one are worth nothing to the other."""
    server, writer = pair
    one, two = initialize(server), initialize(server)
    streams = {}
    for session, name in ((one, "team"), (two, "other")):
        session.subscribe(server, f"sage://session/{name}")
        with session.open(server) as stream:
            streams[session.id] = primed(stream)
    for name in ("team", "team", "other", "other"):
        save(writer, name)
    with one.open(server, streams[one.id]) as stream:
        assert uris(stream, 2) == [TEAM, TEAM]
        save(writer, "other")
        save(writer, "team")
        assert updated(stream)[0] == TEAM
    with one.open(server, streams[two.id]) as stream:  # not its own: a new one, everything once
        assert primed(stream) not in streams.values()
        assert updated(stream)[0] == TEAM
        save(writer, "other")
        save(writer, "team")
        assert updated(stream)[0] == TEAM
    with two.open(server, streams[two.id]) as stream:
        assert uris(stream, 4) == [OTHER] * 4


def test_ids_of_another_principal_are_unknown(start, database, door):
    assert run_command("migrate", DATABASE_URL=database).returncode == 0
    ann, bob = bearer(make_key(database, "ann", "red")), bearer(make_key(database, "bob", "blue"))
    server = door(start(DATABASE_URL=database).wait_ready())
    of_ann, of_bob = initialize(server, headers=ann), initialize(server, headers=bob)
    of_ann.subscribe(server, TEAM)
    of_bob.subscribe(server, OTHER, FENCE)
    with of_ann.open(server) as stream:
        stolen = primed(stream)
    save(server, "team", headers=ann)
    with of_bob.open(server, stolen) as stream:
        assert primed(stream) != stolen
        assert sorted(uris(stream, 2)) == sorted([OTHER, FENCE])
        save(server, "fence", headers=bob)
        assert updated(stream)[0] == FENCE


UNKNOWN_IDS = ["0", "nonsense", "", "-", "0000000000000000-0", "ffffffffffffffff-4294967296", "-1--1", "x" * 4000]


@pytest.mark.parametrize("version", RESUMABLE)
@pytest.mark.parametrize("last", UNKNOWN_IDS, ids=lambda id: id[:32] or "empty")
def test_after_an_unknown_id_everything_is_to_be_read_again(front, version, last):
    session = initialize(front, version)
    session.subscribe(front, *URIS)
    with open_primed(session, front, last) as stream:
        assert sorted(uris(stream, len(URIS))) == sorted(URIS)


def test_id_that_was_never_sent_is_unknown(front):
    session = initialize(front)
    session.subscribe(front, *URIS)
    with session.open(front) as stream:
        first = primed(stream)
    for never in (first[:-1] + "7", first + " x", "0" + first):
        with open_primed(session, front, never) as stream:
            assert sorted(uris(stream, len(URIS))) == sorted(URIS)


def test_after_too_many_missed_events_everything_is_to_be_read_again(pair):
    server, writer = pair
    session = initialize(server)
    session.subscribe(server, TEAM, FENCE)
    with session.open(server) as stream:
        first = primed(stream)
    with open_primed(session, server) as witness:  # the old stream hears the same
        for _ in range(140):
            save(writer, "team")
            updated(witness)
    with open_primed(session, server, first) as stream:
        assert sorted(uris(stream, 2)) == sorted([TEAM, FENCE])
        save(writer, "fence")
        assert updated(stream)[0] == FENCE


# --- processes come and go -------------------------------------------------------


def test_subscriptions_outlive_the_process(start, database, door):
    first = start(DATABASE_URL=database).wait_ready()
    session = initialize(door(first))
    session.subscribe(first, TEAM, FENCE)
    with session.open(first) as stream:
        last = primed(stream)
    first.kill()
    after = door(start(DATABASE_URL=database, LISTEN=first.address).wait_ready())
    with open_primed(session, after, last) as stream:
        assert sorted(uris(stream, 2)) == sorted([TEAM, FENCE])
    with open_primed(session, after) as stream:
        save(after, "team")
        assert updated(stream)[0] == TEAM


def test_another_process_does_not_know_the_stream(pair):
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM)
    with session.open(pair[0]) as stream:
        last = primed(stream)
    with open_primed(session, pair[1], last) as stream:
        assert updated(stream)[0] == TEAM


@pytest.mark.parametrize("version", VERSIONS)
def test_delete_ends_the_streams_of_every_process(pair, version):
    session, other = initialize(pair[0], version), initialize(pair[0], version)
    other.subscribe(pair[0], TEAM)
    with open_primed(session, pair[0]) as near, open_primed(session, pair[1]) as far, \
            open_primed(other, pair[0]) as unconcerned:
        assert session.end(pair[0]).status == 204
        assert near.next() is None
        assert far.next() is None
        save(pair[0], "team")
        assert updated(unconcerned)[0] == TEAM


def test_drain_ends_the_stream(pair):
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM)
    with open_primed(session, pair[0]) as stream:
        pair[0].signal(signal.SIGTERM)
        assert stream.next() is None
        pair[0].wait_stopped(10)
    with open_primed(session, pair[1]) as stream:
        save(pair[1], "team")
        assert updated(stream)[0] == TEAM


def test_after_a_broken_connection_to_the_database_everything_is_to_be_read_again(pair, database):
    session = initialize(pair[0])
    session.subscribe(pair[0], TEAM)
    with open_primed(session, pair[0]) as stream:
        psql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND query ILIKE 'LISTEN%'")
        assert updated(stream)[0] == TEAM
        save(pair[1], "team")
        assert updated(stream)[0] == TEAM
