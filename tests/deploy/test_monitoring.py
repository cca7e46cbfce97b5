"""The profiles monitoring and backup: real Prometheus, real exporters, and every query that is asked of them.

Grafana itself is not here: its dashboard is checked query by query against the Prometheus it names.
"""

import json
import re

import pytest
from production import call
from sage import ROOT, wait_for

MONITORING = ROOT / "deploy/monitoring"
SERVICES = ["prometheus", "postgres-exporter", "node-exporter", "blackbox-exporter", "backup"]
IMAGES = ["prom/prometheus:v3.5.3", "prometheuscommunity/postgres-exporter:v0.19.1", "prom/node-exporter:v1.11.1",
    "prom/blackbox-exporter:v0.28.0"]
DASHBOARD = json.loads((MONITORING / "grafana/dashboards/sage-mcp.json").read_text())
PANELS = [(panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]


def alerts() -> list[tuple[str, str]]:
    """Name and expression of every rule; the file is ours, so its lines can be read as they are."""
    return re.findall(r"- alert: (\w+)\n +expr: (.*)\n", (MONITORING / "alerts.yml").read_text())


# A name with its labels, as in up{job="x"}; not functions, keywords, nor words inside braces.
SELECTOR = re.compile(r"\b([a-z_]+_[a-z_]+|up)(\{[^}]*\})?(?![a-z_(])")
# There is none until one has happened.
NONE_YET = {'http_requests_total{code=~"5.."}'}


@pytest.fixture(scope="module")
def watched(made, engine):
    """Everything at once: a replica, so that replication is measured; a backup; some calls."""
    engine.images(*IMAGES)
    stack = made()
    stack.settings["BACKUP_DIR"] = str(stack.directory / "state/backup")
    stack.start()
    stack.compose("--profile", "replica", "--profile", "monitoring", "--profile", "backup", "up", "-d", "--no-recreate",
        "sage-db-replica", *SERVICES)
    stack.wait_healthy("sage-db-replica")
    done = json.loads(stack.exec("backup", "sh", "/opt/sage/deploy/backup-sage-db.sh", "--json"))
    assert done["status"] == "verified"
    with stack.client() as client:
        for count in range(20):
            call(client, "save_memory", {"user_input": f"a memory to be counted, number {count}"})
            call(client, "search_memories", {"query": "counted"})
    wait_for("all targets are up", lambda: ask(stack, 'count(up == 1) == 5'), 90)
    # rate() needs two scrapes with calls between them.
    with stack.client() as client:
        for count in range(20):
            call(client, "save_memory", {"user_input": f"another, number {count}"})
    wait_for("two scrapes", lambda: ask(stack, "rate(mcp_requests_total[5m]) > 0"), 60)
    yield stack
    stack.remove()


def ask(stack, query: str) -> list:
    done = stack.engine.run(stack.engine.docker_program, "exec", stack.container("prometheus"), "promtool", "query", "instant",
        "--format", "json", "http://localhost:9090", query, check=False)
    assert done.returncode == 0, f"{query}: {done.stderr}"
    return json.loads(done.stdout)


def test_rules_are_valid(engine):
    engine.run("promtool", "check", "rules", MONITORING / "alerts.yml")
    engine.run("promtool", "check", "config", "--syntax-only", MONITORING / "prometheus.yml")
    assert len(alerts()) == (MONITORING / "alerts.yml").read_text().count("- alert:") >= 15


@pytest.mark.rehearsal
def test_every_panel_shows_something(watched):
    empty = [(title, query) for title, query in PANELS if not ask(watched, query)]
    assert empty == [] and len(PANELS) > 20


@pytest.mark.rehearsal
def test_every_alert_looks_at_something(watched):
    missing = [(name, "".join(found)) for name, query in alerts() for found in SELECTOR.findall(re.sub(r"by \([^)]*\)", "", query))
        if "".join(found) not in NONE_YET and not ask(watched, "".join(found))]
    assert missing == []


@pytest.mark.rehearsal
def test_no_alert_without_a_cause(watched):
    firing = [alert["metric"]["alertname"] for alert in ask(watched, 'ALERTS{alertstate="firing"}')]
    assert firing == []


@pytest.mark.rehearsal
def test_alerts_when_the_server_is_gone(watched):
    watched.compose("stop", "sage-mcp")
    wait_for("SageUnreachable fires", lambda: ask(watched, 'ALERTS{alertname="SageUnreachable",alertstate="firing"}'), 150)
    watched.compose("start", "sage-mcp")
    watched.wait_healthy("sage-mcp")


@pytest.mark.rehearsal
def test_backup_of_the_service_can_be_restored(watched):
    """What the service writes as a role without rights of a superuser is what restore-sage-db.sh takes."""
    newest = sorted((watched.directory / "state/backup").glob("*.dump"))[-1]
    done = watched.script("restore-sage-db.sh", newest, "--verify-only", "--json", "--container", watched.container("sage-db"))
    assert json.loads(done.stdout)["status"] == "verified"
