"""The official conformance suite (npm @modelcontextprotocol/conformance), against two servers.

    fixtures   sage-conformance: the product's libraries with the suite's fixtures
    product    sage-mcp as it is, for the scenarios that need no fixtures

By hand: tests/run.sh -k conformance. Every run prints its figures.
"""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import sage

HERE = Path(__file__).parent
SUITE = HERE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
NODE = sage.ROOT / "build/node/node"

# Scenarios of one revision that a server without fixtures must pass.
FIXTURE_FREE = {
    "2026-07-28": ["tools-list", "resources-list", "prompts-list", "dns-rebinding-protection",
        "server-sse-multiple-streams", "caching", "sep-2164-resource-not-found", "http-header-validation",
        "input-required-result-unsupported-methods", "input-required-result-validate-input"],
    "2025-11-25": ["server-initialize", "ping", "server-session-lifecycle", "logging-set-level", "tools-list",
        "resources-list", "prompts-list", "dns-rebinding-protection", "server-sse-multiple-streams"],
}


@pytest.fixture(scope="module")
def fixtures(cluster_uri, tmp_path_factory):
    database = sage.create_database(cluster_uri, f"conformance_{os.getpid()}")
    server = sage.FixtureServer(tmp_path_factory.mktemp("server"), DATABASE_URL=database)
    server.wait_ready()
    yield server
    server.stop()


class Run:
    """One run of the suite and what it found."""

    def __init__(self, server: sage.Server, out: Path, *words: str):
        node = NODE if NODE.exists() else shutil.which("node")
        self.name = " ".join(words)
        self.done = subprocess.run([node, SUITE, "server", "--url", f"http://localhost:{server.port}/mcp",
            *words, "-o", out], capture_output=True, text=True, timeout=300, check=False)
        self.checks = {}
        for path in sorted(out.glob("*/checks.json")):
            scenario = re.sub(r"^server-|-\d{4}-\d\d-\d\dT.*$", "", path.parent.name)
            self.checks[scenario] = json.loads(path.read_text())

    def bad(self, scenario: str) -> list[str]:
        return [f"{scenario}: {check['id']}: {check.get('errorMessage')}" for check in self.checks[scenario]
            if check["status"] in ("FAILURE", "WARNING")]

    def report(self, capsys):
        counts = Counter(check["status"] for checks in self.checks.values() for check in checks)
        failing = [scenario for scenario in self.checks if self.bad(scenario)]
        with capsys.disabled():
            print(f"\nconformance {self.name}: {len(self.checks)} scenarios, {len(failing)} failing; "
                f"checks: {counts['SUCCESS']} passed, {counts['FAILURE']} failed, {counts['WARNING']} warnings")


# What is run, and how many scenarios it has: fewer would mean that something was not run.
WHOLE = [
    (("--requirements", "2026-07-28"), 50),
    (("--requirements", "2025-11-25"), 33),
    (("--suite", "all", "--spec-version", "2025-06-18"), 27),
    (("--suite", "all", "--spec-version", "2025-03-26"), 1),
]


@pytest.mark.parametrize(("words", "scenarios"), WHOLE, ids=[words[-1] for words, _ in WHOLE])
def test_suite(fixtures, tmp_path, capsys, words, scenarios):
    run = Run(fixtures, tmp_path, *words)
    run.report(capsys)
    bad = [line for scenario in run.checks for line in run.bad(scenario)]
    assert not bad and run.done.returncode == 0, "\n".join(bad) or run.done.stdout[-3000:]
    assert len(run.checks) == scenarios


@pytest.mark.parametrize("scenario", ["server-session-lifecycle", "server-sse-polling", "json-schema-2020-12",
    "http-header-validation", "http-custom-header-server-validation"])
def test_unscored_scenario(fixtures, tmp_path, scenario):
    run = Run(fixtures, tmp_path, "--scenario", scenario)
    assert run.done.returncode == 0, run.done.stdout[-3000:]
    assert run.checks[scenario] and not run.bad(scenario)


@pytest.mark.parametrize(("version", "scenario"),
    [(version, scenario) for version, scenarios in FIXTURE_FREE.items() for scenario in scenarios])
def test_product(server, tmp_path, version, scenario):
    run = Run(server, tmp_path, "--scenario", scenario, "--spec-version", version)
    assert run.done.returncode == 0, run.done.stdout[-3000:]
    assert run.checks[scenario] and not run.bad(scenario)
