"""Fixtures: a cluster, fresh databases in it, and servers on them.

    server      one server for the whole run, for tests that leave it as it was
    connection  one keep-alive connection to it
    start       start(...) -> a server of the test's own, stopped and checked after it
    database    a fresh database of the test's own
    own         a connection to a server of the test's own, on a fresh database
    agents      such a connection, and the keys of two agents of one namespace and one of another
    front       the server of the whole run, once directly and once behind an nginx
    door        door(server) -> the way to it: itself, or an nginx before it
    disk        disk(megabytes) -> a small disk that can be filled; skips where none can be mounted
    stub        an embedding provider on loopback, with faults that can be switched on
    embedding   a server of the test's own that uses it
    pair        two servers of the test's own on one database, each behind the door
"""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import pytest
from embedding_stub import Stub
from embeddings import KEY, usable
from nginx import Proxied
from sage import Cluster, Server, bearer, create_database, make_key
from small_disk import SmallDisk


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


@pytest.fixture
def disk(tmp_path_factory):
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    # PostgreSQL's user must reach it, too, which it may not below pytest's own directory.
    base = Path(tempfile.mkdtemp(prefix="sage-disk."))
    base.chmod(0o755)
    disks = []

    def disk(megabytes: int, owner: str = "root") -> SmallDisk:
        try:
            disks.append(SmallDisk(base / str(len(disks)), megabytes, owner))
        except subprocess.CalledProcessError as why:  # root of a container may not be allowed to
            pytest.skip(f"a small disk cannot be mounted here: {why}")
        return disks[-1]

    yield disk
    for each in disks:
        each.remove()
    shutil.rmtree(base)


# --- with an embedding provider ---------------------------------------------------


@pytest.fixture
def stub():
    stub = Stub(key=KEY)
    yield stub
    stub.close()


@pytest.fixture
def embedding(start, database, stub):
    server = start(DATABASE_URL=database, **stub.settings(EMBEDDING_TIMEOUT_MS="1000")).wait_ready()
    usable(server)
    yield server
    assert KEY not in server.out_path.read_text() + server.err_path.read_text()


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
