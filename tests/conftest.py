"""Fixtures: a cluster, fresh databases in it, and servers on them.

    server      one server for the whole run, for tests that leave it as it was
    connection  one keep-alive connection to it
    start       start(...) -> a server of the test's own, stopped and checked after it
    database    a fresh database of the test's own
    own         a connection to a server of the test's own, on a fresh database
    agents      such a connection, and the keys of two agents of one namespace and one of another
    front       the server of the whole run, once directly and once behind an nginx
    door        door(server) -> the way to it: itself, or an nginx before it
    pair        two servers of the test's own on one database, each behind the door
"""

import os
import signal
import uuid

import pytest
from nginx import Proxied
from sage import Cluster, Server, bearer, create_database, make_key


# A run started in the background by a script ignores SIGINT, and so would every program that the
# tests start; with a handler here they start with the default.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def cluster_uri():
    """The cluster of tests/run.sh, or one of our own: started by hand, or one of several pytests that share no cluster."""
    if "SAGE_TEST_DATABASE_URL" in os.environ and "PYTEST_XDIST_WORKER" not in os.environ:
        yield os.environ["SAGE_TEST_DATABASE_URL"]
        return
    cluster = Cluster()
    yield cluster.uri
    cluster.remove()


@pytest.fixture
def cluster():
    """A cluster that the test may take away."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


def fresh_database(cluster_uri: str) -> str:
    return create_database(cluster_uri, f"test_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def database(cluster_uri):
    return fresh_database(cluster_uri)


@pytest.fixture(scope="session")
def server(cluster_uri, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), DATABASE_URL=fresh_database(cluster_uri))
    server.wait_ready()
    yield server
    server.stop()


@pytest.fixture
def connection(server):
    with server.connect() as connection:
        yield connection


@pytest.fixture
def start(tmp_path_factory):
    started = []

    def start(*flags: str, **settings) -> Server:
        server = Server(tmp_path_factory.mktemp("server"), *flags, **settings)
        started.append(server)
        return server

    yield start
    for server in started:
        if server.process.returncode is None:
            server.stop()


@pytest.fixture
def own(start, database):
    """A connection to a server whose database nobody else uses."""
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as connection:
        yield connection


@pytest.fixture
def agents(start, database):
    """A connection and the keys of two agents of one namespace and one of another."""
    server = start(DATABASE_URL=database).wait_ready()
    keys = [bearer(make_key(database, agent, namespace)) for agent, namespace in (
        ("ann", "team"), ("bob", "team"), ("eve", "other"))]
    with server.connect() as connection:
        yield connection, *keys


# --- with and without a proxy ----------------------------------------------------

WAYS = ["direct", "nginx"]


@pytest.fixture(scope="session")
def proxied(server, tmp_path_factory):
    proxied = Proxied(server, tmp_path_factory.mktemp("nginx"))
    yield proxied
    proxied.close()


@pytest.fixture(params=WAYS)
def front(request):
    return request.getfixturevalue("server" if request.param == "direct" else "proxied")


@pytest.fixture(params=WAYS)
def door(request, tmp_path_factory):
    opened = []

    def door(server: Server) -> Server | Proxied:
        if request.param == "direct":
            return server
        opened.append(Proxied(server, tmp_path_factory.mktemp("nginx")))
        return opened[-1]

    yield door
    for proxied in opened:
        proxied.close()


@pytest.fixture
def pair(start, database, door):
    return [door(start(DATABASE_URL=database).wait_ready()) for _ in range(2)]
