"""Fixtures of the deployment tests: an engine for the whole run, and the stack that most tests share."""

import os

import pytest
from containers import Engine, missing
from production import Production


def pytest_collection_modifyitems(items):
    """Rehearsals take minutes each, and so does making the image of the server; tests/deploy/run.sh runs them."""
    if os.environ.get("SAGE_REHEARSE"):
        return
    for item in items:
        if item.get_closest_marker("rehearsal"):
            item.add_marker(pytest.mark.skip(reason="a rehearsal; tests/deploy/run.sh runs it"))
        elif "server_image" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason="needs the server's image, which takes minutes; tests/deploy/run.sh runs it"))


@pytest.fixture(scope="session")
def engine():
    why = missing()
    if why:
        pytest.skip(why)
    engine = Engine()
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def server_image(engine) -> str:
    engine.images("debian:trixie-slim")
    engine.docker("build", "-q", "--network", "host", "-f", "deploy/Dockerfile", "-t", "sage-mcp:latest", ".", within_s=900)
    return "sage-mcp:latest"


@pytest.fixture(scope="session")
def made(engine, server_image):
    """make(files, settings) -> a stack of production that is removed at the end."""
    engine.images("pgvector/pgvector:pg15", "nginx:1.30")
    stacks = []

    def make(*files: str, **settings: str) -> Production:
        stacks.append(Production(engine, *files, **settings))
        return stacks[-1]

    yield make
    for stack in stacks:
        if stack.directory.exists():
            stack.remove()


@pytest.fixture(scope="session")
def production(made) -> Production:
    """One stack for the tests that leave it as it was."""
    return made().start()
