"""One fault after another: what they share, and the table that is printed.

    trial     the case under way: starts servers, loads and watches them, keeps the figures
    site      a host of its own, in a network namespace, reached over a cable that can be cut
    far       a cluster on that host
    proxy     a TCP proxy with faults before the cluster of the test
    plain     a binary without sanitizers
    shim      makes chosen calls of a server fail
    newer     the settings that run a server with a libpq of version 17 or newer
"""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from databases import proxy_to
from network import Site
from newer_libpq import Missing, newer_libpq
from sage import ROOT as PROJECT, Cluster
from shim import Shim
from trial import IS_ROOT, PLAIN_BINARY, Figures, Trial

CASE_S, LONG_CASE_S = 100, 400  # a case that takes longer hangs

# --- the table -------------------------------------------------------------------

ROW = "{:<4} {:<96} {:<7} {:>7} {:>6} {:>6} {:>6}"
HEAD = ROW.format("case", "what", "result", "loop ms", "acked", "stored", "s")
RESULTS = {"passed": "ok", "failed": "FAILED", "skipped": "skip"}
figures_key = pytest.StashKey[Figures]()
reports_key = pytest.StashKey[list]()


def show(value, form: str = "{}") -> str:
    return "-" if value is None else form.format(value)


def reason(report) -> str:
    if report.skipped:
        return report.longrepr[2].removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr)


def row_of(item, reports: list) -> str:
    figures = item.stash.get(figures_key, Figures())
    number = int(re.search(r"test_f(\d+)_", item.path.name)[1])
    what = (item.function.__doc__ or item.name).strip().splitlines()[0].rstrip(".")
    if hasattr(item, "callspec"):
        what += f" [{item.callspec.id}]"
    telling = next((r for kind in ("failed", "skipped") for r in reports if r.outcome == kind), reports[0])
    loop_ms = None if figures.loop_max_s is None else figures.loop_max_s * 1000
    row = ROW.format(f"F{number}", what, RESULTS[telling.outcome], show(loop_ms, "{:.1f}"), show(figures.acknowledged),
        show(figures.stored), f"{sum(r.duration for r in reports):.1f}")
    why = "" if telling.passed else reason(telling).splitlines()[0]
    return "\n     ".join(filter(None, (row, figures.notes, why)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A row once the teardown is over, for there the servers are looked over."""
    report = yield
    reports = item.stash.setdefault(reports_key, [])
    reports.append(report)
    if report.when == "teardown":
        writer = item.config.get_terminal_writer()
        if not item.config.stash.get(headed_key, False):
            writer.line(HEAD)
            item.config.stash[headed_key] = True
        writer.line(row_of(item, reports), flush=True)
    return report


headed_key = pytest.StashKey[bool]()


def pytest_report_teststatus(report):
    """The row says it all: no dot besides."""
    if not re.match(r"faults/test_f\d+_", report.nodeid):
        return None
    return report.outcome if report.when == "call" or not report.passed else "", "", ""


def pytest_configure(config):
    config.addinivalue_line("markers", "long: left out of the short half")
    signal.signal(signal.SIGTERM, signal.default_int_handler)


# --- fixtures --------------------------------------------------------------------


def on_alarm(number, frame):
    pytest.fail("the case took too long")


@pytest.fixture
def trial(request, start):
    trial = Trial(start)
    request.node.stash[figures_key] = trial.figures
    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(LONG_CASE_S if request.node.get_closest_marker("long") else CASE_S)
    yield trial
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def need(*programs: str):
    for program in programs:
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            pytest.skip(f"{program} is not installed; deploy/setup.sh --for faults does it")


@pytest.fixture
def site():
    if not IS_ROOT:
        pytest.skip("network namespaces need root")
    need("ip", "iptables", "tc", "nsenter")
    try:
        site = Site()
    except AssertionError as why:  # root of a container may not be allowed to
        pytest.skip(f"a network namespace cannot be made here: {why}")
    yield site
    site.remove()


@pytest.fixture
def far(site):
    cluster = Cluster(netns=site.name, listen_addresses=site.address)
    yield cluster
    site.clear()
    cluster.remove()


@pytest.fixture
def proxy(cluster):
    proxy = proxy_to(cluster)
    yield proxy
    proxy.close()


@pytest.fixture
def plain() -> Path:
    if not PLAIN_BINARY.exists():
        pytest.skip(f"there is no {PLAIN_BINARY.relative_to(PROJECT)}; tests/faults/run.sh builds it")
    return PLAIN_BINARY


@pytest.fixture
def shim(tmp_path):
    shim = Shim(tmp_path)
    if shim.library is None:
        pytest.skip("there is no C compiler for the shim; deploy/setup.sh --for run installs one")
    return shim


@pytest.fixture
def newer() -> dict[str, str]:
    try:
        folder, _ = newer_libpq()
    except Missing as why:
        pytest.skip(str(why))
    return {"LD_LIBRARY_PATH": str(folder)}
