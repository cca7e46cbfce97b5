"""docker-compose.prod.yml as agents and attackers meet it: through nginx, over TLS."""

import json
import re
import threading
import time

import httpx
import pytest
from agents import Load
from production import Events, call, post
from sage import LEGACY, once, wait_for
from sessions import VERSIONS


def test_a_memory_through_nginx(production):
    with production.client() as client:
        saved = call(client, "save_memory", {"user_input": "the first memory of this installation"})
        found = call(client, "search_memories", {"query": "which memory was first here?"})
    assert found["hits"][0]["id"] == saved["id"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_older_revision(production, version):
    with production.client() as client:
        answer = post(client, "initialize", {"protocolVersion": version, "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"}}, era=version)
        assert answer.json()["result"]["protocolVersion"] == version
        listed = post(client, "tools/list", era=version, headers={"Mcp-Session-Id": answer.headers["mcp-session-id"]})
    assert "save_memory" in [tool["name"] for tool in listed.json()["result"]["tools"]]


def test_newest_revision(production):
    with production.client() as client:
        assert "tools" in post(client, "tools/list").json()["result"]


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
def test_events_pass_within_50_ms(production, http2):
    took = []
    with production.client(http2=http2) as listener, production.client() as saver:
        with Events(listener, "sage://feed/default") as events:
            for _ in range(10):
                call(saver, "save_memory", {"user_input": once("an event")})
                answered = time.monotonic()
                arrived, message = events.next()
                assert message["params"]["uri"] == "sage://feed/default"
                took.append(arrived - answered)
    assert sorted(took)[len(took) // 2] < 0.05, took


def test_no_key_no_memories(production):
    with production.client() as client:
        client.headers.pop("Authorization")
        answer = post(client, "tools/call", {"name": "get_status", "arguments": {}}, era=LEGACY)
    assert answer.status_code == 401


def test_namespaces_do_not_see_each_other(production):
    other = production.make_key("robot", "team-b")
    with production.client() as client:
        call(client, "save_memory", {"user_input": "the wallet is under the stairs"})
        client.headers["Authorization"] = f"Bearer {other}"
        assert call(client, "search_memories", {"query": "where is the wallet?"})["hits"] == []


def test_client_that_leaves_ends_its_query(production):
    """Through nginx, too: what nobody waits for is cancelled."""
    # Housekeeping waits for that lock, too, and may.
    waiting = ("SELECT count(*) FROM pg_stat_activity WHERE usename = 'sage' AND wait_event_type = 'Lock' "
        "AND query LIKE '%FROM current_sessions%'") # memory_save.sql, of which the beginning is shown

    def leave():
        with production.client(timeout=httpx.Timeout(60, read=3)) as client, pytest.raises(httpx.ReadTimeout):
            post(client, "tools/call", {"name": "save_memory", "arguments": {"user_input": "nobody waits for this"}})

    locker = threading.Thread(target=production.psql, args=(
        "BEGIN; LOCK TABLE memories; SELECT pg_sleep(8); COMMIT",))
    leaver = threading.Thread(target=leave)
    locker.start()
    try:
        wait_for("the lock", lambda: production.psql(
            "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'memories'::regclass") == "1")
        leaver.start()
        wait_for("the save waits for it", lambda: production.psql(waiting) == "1", 3)
        leaver.join()
        wait_for("the query ends", lambda: production.psql(waiting) == "0", 4)
        assert locker.is_alive(), "the lock was gone before the query"
    finally:
        locker.join()
    assert production.psql("SELECT count(*) FROM memories WHERE user_input = 'nobody waits for this'") == "0"


# --- what nginx says by itself ----------------------------------------------------------


@pytest.mark.parametrize("how, status", [
    (("GET", "/readyz"), 404), (("GET", "/metrics"), 404), (("PUT", "/mcp"), 405), (("GET", "/" + "x" * 9000), 414),
])
def test_refusals_are_json(production, how, status):
    with production.client() as client:
        answer = client.request(*how)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == status and answer.json()["error"]["message"]
    assert answer.headers["content-type"] == "application/json"
    assert "max-age" in answer.headers["strict-transport-security"]


def test_plain_http_goes_to_https(production):
    answer = httpx.get(f"http://localhost:{production.http}/mcp?x=1")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://localhost:{production.https}/mcp?x=1"


def test_acme_challenges_are_served(production):
    """certbot's webroot is the state directory."""
    folder = production.directory / "state/acme/.well-known/acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text("proof")
    assert httpx.get(f"http://localhost:{production.http}/.well-known/acme-challenge/token").text == "proof"


def test_other_names_are_refused(production):
    with production.client() as client:
        answer = client.get("/healthz", headers={"Host": "other.example"})
    assert answer.status_code == 421 and answer.json()["error"]["code"] == 421


def test_server_gone_is_json_with_retry_after(made):
    stack = made().start()
    stack.compose("stop", "sage-mcp")
    try:
        with stack.client() as client:
            answer = client.get("/healthz")
        assert answer.status_code in (502, 504)
        assert answer.json()["error"]["code"] == answer.status_code
        assert answer.headers["retry-after"] == "2"
    finally:
        stack.remove()


def test_limit_per_key(made):
    """Over the limit: 429, in JSON, with Retry-After; another key is not touched by it."""
    stack = made(RATE_PER_KEY="5").start()
    try:
        with stack.client() as client:
            answers = [post(client, "tools/list") for _ in range(30)]
            over = [each for each in answers if each.status_code == 429]
            assert answers[0].status_code == 200 and over
            assert over[0].headers["retry-after"] == "1" and over[0].json()["error"]["code"] == 429
            client.headers["Authorization"] = f"Bearer {stack.make_key('another')}"
            assert post(client, "tools/list").status_code == 200
    finally:
        stack.remove()


# --- what is there for an attacker ---------------------------------------------------------


def test_only_nginx_is_published(production):
    published = {service: production.engine.inspect(each)["HostConfig"]["PortBindings"]
        for service in ("sage-db", "sage-mcp", "nginx") for each in production.containers(service)}
    assert published["sage-db"] in ({}, None) and published["sage-mcp"] in ({}, None)
    assert {to[0]["HostPort"] for to in published["nginx"].values()} == {str(production.http), str(production.https)}
    internal = [json.loads(production.engine.docker("network", "inspect", f"{production.project}_{name}"))[0]["Internal"]
        for name in ("application", "database", "metrics")]
    assert internal == [True] * 3


def test_security_check_finds_nothing(production):
    done = production.script("security-check.sh", "--json", check=False)
    said = json.loads(done.stdout)
    assert [each for each in said["checks"] if each["status"] != "ok"] == [], done.stderr
    assert done.returncode == 0 and len(said["checks"]) > 20


def test_the_doctor_finds_nothing_that_fails(production):
    said = json.loads(production.exec("sage-mcp", "sage-mcp", "doctor", "--json"))
    assert [check for check in said["checks"] if check["status"] == "fail"] == []
    assert next(check for check in said["checks"] if check["check"] == "database")["text"].startswith("sage_memory as sage, TLS")


def test_no_secret_and_no_text_in_any_log(production):
    text = "a text that no log may have 8731"
    with production.client() as client:
        call(client, "save_memory", {"user_input": text})
        call(client, "search_memories", {"query": text})
        client.get(f"/healthz?token={production.key}")
    production.psql("SELECT pg_sleep(1.1), 'slow'")
    for service in ("sage-db", "sage-mcp", "nginx"):
        log = production.logs(service)
        assert text not in log and production.key not in log
        for file in (production.directory / "secrets").glob("*.txt"):
            assert file.read_text().strip() not in log
    statements = production.psql("SELECT string_agg(query, ' ') FROM pg_stat_statements", database="postgres")
    assert text not in statements
    for file in (production.directory / "secrets").glob("*.txt"):
        assert file.read_text().strip() not in statements


def test_nginx_log_is_json(production):
    with production.client() as client:
        client.get("/healthz?q=not-this")
    lines = [line for line in production.logs("nginx").splitlines() if line.startswith("{")]
    assert json.loads(lines[-1])["path"] == "/healthz" and "not-this" not in lines[-1]


def test_connections_to_the_database_are_verified_tls(production):
    assert production.psql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'sage'") == "t"
    environment = production.engine.inspect(production.container("sage-mcp"))["Config"]["Env"]
    assert "PGSSLMODE=verify-full" in environment


def test_log_rotation_and_limits(production):
    for service in ("sage-db", "sage-mcp", "nginx"):
        host = production.engine.inspect(production.container(service))["HostConfig"]
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}
        assert host["Memory"] > 0


# --- the image --------------------------------------------------------------------------------


def test_image(engine, server_image):
    said = json.loads(engine.docker("image", "inspect", server_image))[0]
    base = json.loads(engine.docker("image", "inspect", "debian:trixie-slim"))[0]
    assert said["Config"]["User"] == "10001:10001"
    assert said["Config"]["Healthcheck"]["Test"] == ["CMD", "sage-mcp", "healthcheck"]
    assert said["Config"]["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert said["Size"] - base["Size"] < 20_000_000
    assert re.match(r"sage-mcp \d", engine.docker("run", "--rm", "--network", "none", "--read-only", server_image, "--version"))


@pytest.mark.rehearsal
def test_image_is_built_the_same_again(engine, server_image):
    sums = []
    for tag in ("again-1", "again-2"):
        engine.docker("build", "-q", "--no-cache", "--network", "host", "-f", "deploy/Dockerfile", "-t", f"sage-mcp:{tag}", ".",
            within_s=900)
        sums.append(engine.docker("run", "--rm", "--network", "none", "--entrypoint", "sha256sum", f"sage-mcp:{tag}",
            "/usr/local/bin/sage-mcp"))
        engine.docker("rmi", f"sage-mcp:{tag}")
    assert sums[0] == sums[1]


# --- under load -----------------------------------------------------------------------------


def test_reload_of_nginx_fails_no_call(production):
    with Load(production.client) as load:
        for _ in range(5):
            time.sleep(1)
            production.exec("nginx", "sh", "/etc/nginx/sage/start.sh", "--reload")
        time.sleep(6)
    assert load.failures == [] and len(load.saved) > 100


def test_new_certificate_is_taken_without_a_restart(production):
    def serial() -> str:
        done = production.engine.run("openssl", "s_client", "-connect", f"localhost:{production.https}", "-servername", "localhost")
        return production.engine.run("openssl", "x509", "-noout", "-serial", input=done.stdout).stdout

    before = serial()
    production.script("make-secrets.sh", "--dir", production.directory / "secrets", "--name", "localhost", "--renew")
    production.exec("nginx", "sh", "/etc/nginx/sage/start.sh", "--reload")
    wait_for("the new certificate", lambda: serial() != before)
    with production.client() as client:
        assert client.get("/healthz").status_code == 200


def test_database_restart(made):
    """Calls fail with a clear text while it is away, work again after it, and nothing acknowledged is gone."""
    stack = made().start()
    try:
        with Load(stack.client) as load:
            time.sleep(1)
            stack.compose("restart", "sage-db")
            stack.wait_healthy("sage-db")
            failed = len(load.failures)
            time.sleep(3)
        assert len(load.failures) - failed < 20, load.failures[-3:]
        assert all("200" in each or "503" in each for each in load.failures), load.failures[:3]
        assert load.lost(stack.psql("SELECT id FROM memories")) == set()
    finally:
        stack.remove()


@pytest.mark.rehearsal
def test_roll_three_servers_without_a_failed_call(made):
    stack = made().start("--scale", "sage-mcp=3")
    try:
        before = set(stack.containers("sage-mcp"))
        with Load(stack.client) as load:
            stack.script("roll-sage-mcp.sh", "restart", COMPOSE_FILE="docker-compose.prod.yml")
        after = set(stack.containers("sage-mcp"))
        assert len(after) == 3 and not before & after
        assert load.failures == [] and len(load.saved) > 500
        assert load.lost(stack.psql("SELECT id FROM memories")) == set()
    finally:
        stack.remove()


@pytest.mark.rehearsal
def test_switch_to_green_and_back_without_a_failed_call(made):
    stack = made().start()
    try:
        with stack.client() as client, Load(stack.client) as load, Events(client, "sage://feed/default") as events:
            for colour in ("green", "blue"):
                stack.script("roll-sage-mcp.sh", "switch", colour)
                assert json.loads(stack.script("roll-sage-mcp.sh", "status").stdout)["serving"] == colour
            while events.next() is not None:
                pass  # the stream of the first blue ends, in order
        assert load.failures == [] and len(load.saved) > 200
    finally:
        stack.remove()


@pytest.mark.rehearsal
def test_a_version_that_does_not_start_is_not_switched_to(made):
    stack = made(SAGE_GREEN_VERSION="broken").start()
    stack.engine.run(stack.engine.docker_program, "build", "-q", "-t", "sage-mcp:broken", "-",
        input="FROM sage-mcp:latest\nENV LISTEN=nonsense\nENTRYPOINT [\"sage-mcp\", \"serve\", \"--listen\", \"nonsense\"]\nCMD []\n")
    try:
        done = stack.script("roll-sage-mcp.sh", "switch", "green", check=False)
        assert done.returncode == 1 and "blue stays in service" in done.stderr
        with stack.client() as client:
            assert client.get("/healthz").status_code == 200
    finally:
        stack.remove()
        stack.engine.docker("rmi", "-f", "sage-mcp:broken")
