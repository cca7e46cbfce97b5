"""Running the program: help, configuration, probes, signals."""

import json
import signal
import subprocess
import time

import pytest
from sage import BINARY, environment, run_command, wait_for

SECRET = "hunter2-very-secret"

# --- the command line -----------------------------------------------------------


def test_help_names_every_command_and_option():
    done = run_command("--help")
    assert done.returncode == 0
    for word in ("serve", "migrate", "key create", "key list", "key revoke", "healthcheck", "doctor",
            "DATABASE_URL", "LISTEN", "ALLOWED_HOSTS", "ALLOWED_ORIGINS", "AUTH", "LOG_LEVEL", "DB_POOL_SIZE"):
        assert word in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["migrate", "--help"], ["key", "--help"],
    ["healthcheck", "--help"]], ids=" ".join)
def test_help_works_on_each_command(words):
    done = run_command(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage" in done.stdout


def test_print_config_hides_secrets():
    done = run_command("--print-config", DATABASE_URL=f"postgresql://sage:{SECRET}@db/sage", DB_PASSWORD=SECRET)
    assert done.returncode == 0
    assert SECRET not in done.stdout + done.stderr
    assert "DATABASE_URL" in done.stdout
    assert "127.0.0.1:8080" in done.stdout


def test_flag_wins_over_environment():
    done = run_command("--print-config", "--listen", "127.0.0.1:7001", LISTEN="127.0.0.1:7002")
    assert "127.0.0.1:7001" in done.stdout
    assert "127.0.0.1:7002" not in done.stdout


def test_secret_comes_from_a_file(tmp_path):
    secret = tmp_path / "url"
    secret.write_text(f"postgresql://sage:{SECRET}@db/sage\n")
    done = run_command("--print-config", DATABASE_URL_FILE=str(secret))
    assert (done.returncode, done.stderr) == (0, "")
    assert SECRET not in done.stdout


WRONG_USE = {
    "unknown command": (["fly"], {}, "fly"),
    "unknown flag": (["serve", "--listne", "127.0.0.1:1"], {}, "listne"),
    "flag without value": (["serve", "--listen"], {}, "listen"),
    "pool size is no number": (["serve"], {"DB_POOL_SIZE": "many"}, "DB_POOL_SIZE"),
    "pool size out of range": (["serve"], {"DB_POOL_SIZE": "0"}, "DB_POOL_SIZE"),
    "log level unknown": (["serve"], {"LOG_LEVEL": "loud"}, "LOG_LEVEL"),
    "auth unknown": (["serve"], {"AUTH": "maybe"}, "AUTH"),
    "secret file missing": (["serve"], {"DATABASE_URL_FILE": "/nonexistent"}, "DATABASE_URL_FILE"),
    "listen without port": (["serve"], {"LISTEN": "127.0.0.1"}, "LISTEN"),
    "database URL malformed": (["serve"], {"DATABASE_URL": "postgresql://[::1"}, ""),
    "key without action": (["key"], {}, "key create"),
    "key of a bad name": (["key", "create", "a b"], {}, "AGENT"),
}


@pytest.mark.parametrize("words, settings, named", WRONG_USE.values(), ids=WRONG_USE)
def test_wrong_use_ends_with_one_clear_line(words, settings, named):
    done = run_command(*words, **settings)
    assert done.returncode in (1, 2)
    assert named in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).splitlines()) <= 3


def test_port_in_use_is_a_clear_error(server):
    done = run_command("serve", LISTEN=server.address, DATABASE_URL="postgresql://x@/x?host=/nonexistent")
    assert done.returncode == 1
    assert server.address in done.stdout + done.stderr
    assert "in use" in done.stdout + done.stderr


# --- probes ---------------------------------------------------------------------


def test_healthz_and_readyz(connection):
    assert connection.get("/healthz").json == {"status": "ok"}
    assert connection.get("/readyz").json == {"status": "ready"}
    assert connection.send("HEAD", "/healthz").body == b""


def test_healthcheck_of_a_ready_server(server):
    done = run_command("healthcheck", LISTEN=server.address)
    assert done.returncode == 0, done.stderr


def test_healthcheck_of_a_server_without_database(start):
    server = start(DATABASE_URL="postgresql://x@/x?host=/nonexistent")
    assert run_command("healthcheck", LISTEN=server.address).returncode == 1


def test_healthcheck_of_nothing():
    done = run_command("healthcheck", LISTEN="127.0.0.1:1")
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr


# --- paths and methods ----------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/nothing", "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-authorization-server", "/register", "/sse"])
def test_unknown_path_is_a_json_404(connection, path):
    answer = connection.get(path)
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json["error"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH"])
def test_other_methods_on_mcp_get_405(connection, method):
    answer = connection.send(method, "/mcp")
    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]


# --- Host and Origin ------------------------------------------------------------


@pytest.mark.parametrize("headers, status", [
    ({"Host": "localhost:1234"}, 200),
    ({"Host": "127.0.0.1"}, 200),
    ({"Host": "[::1]:80"}, 200),
    ({"Host": "evil.example"}, 403),
    ({"Host": "localhost.evil.example"}, 403),
    ({"Host": "127.0.0.1.evil.example:80"}, 403),
    ({"Host": "localhost", "Origin": "http://localhost:3000"}, 200),
    ({"Host": "localhost", "Origin": "http://evil.example"}, 403),
    ({"Host": "localhost", "Origin": "http://localhost.evil.example"}, 403),
    ({"Host": "localhost", "Origin": "null"}, 403),
], ids=lambda v: v if isinstance(v, int) else " ".join(v.values()))
def test_host_and_origin(connection, headers, status):
    assert connection.rpc("tools/list", headers=headers).status == status


def test_allowed_hosts_and_origins(start):
    server = start(DATABASE_URL="postgresql://x@/x?host=/nonexistent", ALLOWED_HOSTS="mem.example",
        ALLOWED_ORIGINS="https://app.example")
    with server.connect() as connection:
        for host, origin, status in (("mem.example", "https://app.example", 200),
                ("mem.example", "https://other.example", 403), ("other.example", "https://app.example", 403)):
            answer = connection.rpc("tools/list", headers={"Host": host, "Origin": origin})
            assert answer.status == status, (host, origin)


# --- signals --------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_signal_ends_it_with_status_0(start, database, number):
    server = start(DATABASE_URL=database).wait_ready()
    with server.connect() as idle:
        assert idle.rpc("tools/list").status == 200
        server.signal(number)
        server.wait_stopped(10)
    assert server.logged("stopped")


def test_drain_answers_the_request_under_way(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    connection = server.connect()
    body = b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"get_status","arguments":{}}}'
    connection.http.putrequest("POST", "/mcp")
    for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
        connection.http.putheader(name, value)
    connection.http.endheaders(body[:20])
    wait_for("the head has arrived", lambda: time.sleep(0.2) or True)
    server.signal(signal.SIGTERM)
    wait_for("it drains", lambda: server.logged("draining"))
    connection.http.send(body[20:])
    answer = connection.http.getresponse()
    assert (answer.status, json.loads(answer.read())["id"]) == (200, 9)
    server.wait_stopped(10)


def test_draining_server_takes_no_new_connections(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    held = server.connect()
    held.http.putrequest("POST", "/mcp")
    held.http.putheader("Content-Length", "10")
    held.http.endheaders(b"{")
    time.sleep(0.2)
    server.signal(signal.SIGTERM)
    wait_for("it drains", lambda: server.logged("draining"))
    with pytest.raises(OSError):
        server.connect().get("/healthz")
    server.signal(signal.SIGTERM)
    server.wait_stopped(5)


def test_second_sigterm_ends_it_at_once(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    held = server.connect()
    held.http.putrequest("POST", "/mcp")
    held.http.putheader("Content-Length", "10")
    held.http.endheaders(b"{")
    time.sleep(0.2)
    server.signal(signal.SIGTERM)
    wait_for("it drains", lambda: server.logged("draining"))
    began = time.monotonic()
    server.signal(signal.SIGTERM)
    server.wait_stopped(5)
    assert time.monotonic() - began < 3


def test_drain_ends_at_its_deadline(start, database):
    server = start(DATABASE_URL=database, DRAIN_MS="500").wait_ready()
    held = server.connect()
    held.http.putrequest("POST", "/mcp")
    held.http.putheader("Content-Length", "10")
    held.http.endheaders(b"{")
    time.sleep(0.2)
    server.signal(signal.SIGTERM)
    server.wait_stopped(5)


def test_sighup_reads_the_configuration_again(start, tmp_path):
    config = tmp_path / "sage.conf"
    config.write_text("ALLOWED_HOSTS=one.example\n")
    server = start("--config", str(config), DATABASE_URL="postgresql://x@/x?host=/nonexistent")
    with server.connect() as connection:
        def status(host):
            return connection.rpc("tools/list", headers={"Host": host}).status

        assert (status("one.example"), status("two.example")) == (200, 403)
        config.write_text("ALLOWED_HOSTS=two.example\n")
        server.signal(signal.SIGHUP)
        wait_for("the new configuration", lambda: server.logged("configuration read again"))
        assert (status("one.example"), status("two.example")) == (403, 200)


def test_sighup_with_a_broken_configuration_keeps_the_old_one(start, tmp_path):
    config = tmp_path / "sage.conf"
    config.write_text("ALLOWED_HOSTS=one.example\n")
    server = start("--config", str(config), DATABASE_URL="postgresql://x@/x?host=/nonexistent")
    config.write_text("NO_SUCH_OPTION=1\n")
    server.signal(signal.SIGHUP)
    wait_for("the refusal is logged", lambda: [line for line in server.log() if line["level"] == "error"])
    with server.connect() as connection:
        assert connection.rpc("tools/list", headers={"Host": "one.example"}).status == 200


# --- log ------------------------------------------------------------------------


def test_calls_are_logged_with_the_request_id_the_client_saw(server, connection):
    answer = connection.rpc("tools/call", {"name": "get_status", "arguments": {}})
    line = wait_for("the call is logged", lambda: [line for line in server.logged("call")
        if line["request_id"] == answer.headers["X-Request-Id"]])[0]
    assert (line["name"], line["outcome"]) == ("get_status", "ok")


def test_log_holds_no_stored_text(server, connection):
    connection.done("save_memory", {"user_input": SECRET})
    assert SECRET not in server.output()


# --- migrations -----------------------------------------------------------------


def test_migrate_command_is_idempotent(database):
    for _ in range(2):
        done = run_command("migrate", DATABASE_URL=database)
        assert done.returncode == 0, done.stdout + done.stderr


def test_many_processes_may_start_on_an_empty_database(start, database):
    servers = [start(DATABASE_URL=database) for _ in range(4)]
    for number, server in enumerate(servers):
        server.wait_ready(30)
        with server.connect() as connection:
            connection.done("save_memory", {"user_input": f"from {number}"})
            assert connection.done("get_status")["memories"] == number + 1


# --- the first answer -----------------------------------------------------------


def test_listens_at_once_without_a_database(tmp_path):
    began = time.monotonic()
    with (tmp_path / "out").open("wb") as out:
        process = subprocess.Popen([BINARY], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            env=environment(LISTEN="127.0.0.1:0", DATABASE_URL="postgresql://x@/x?host=/nonexistent"))
    try:
        wait_for("it listens", lambda: b'"listening"' in (tmp_path / "out").read_bytes(), 5)
        assert time.monotonic() - began < 2
    finally:
        process.terminate()
        assert process.wait(10) == 0
