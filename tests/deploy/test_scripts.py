"""The scripts of deploy/: checked, backed up, wiped, restored, and used wrongly."""

import json
import os
import subprocess
import time

import pytest
from agents import Load
from production import call
from sage import ROOT, Cluster, Server, wait_for

SCRIPTS = sorted(path.name for path in (ROOT / "deploy").glob("*.sh") if "Exit status" in path.read_text())


@pytest.fixture(scope="module")
def stack(made):
    stack = made().start()
    yield stack
    stack.remove()


def script(stack, name: str, *words, **how) -> subprocess.CompletedProcess:
    return stack.script(name, *words, SAGE_DB_CONTAINER=stack.container("sage-db"), **how)


def fill(stack, count: int = 30) -> list[dict]:
    with stack.client() as client:
        return [call(client, "save_memory", {"user_input": f"memory {n} 记忆", "session_id": f"s{n % 3}",
            "embedding": [1.0 + n] + [0.5] * 4095}) for n in range(count)]


# --- check ------------------------------------------------------------------------------


def test_check_of_a_sound_database(stack):
    done = script(stack, "check-sage-db.sh", "--json")
    said = json.loads(done.stdout)
    assert said["status"] == "ok", [each for each in said["checks"] if each["status"] != "ok"]
    names = [each["name"] for each in said["checks"]]
    assert {"container", "health", "connection", "pgvector", "table memories", "schema", "memories", "disk"} <= set(names)


def test_check_says_what_is_wrong(stack):
    """A table that is missing, a schema that is newer than these files, a slot that nobody reads."""
    stack.psql("ALTER TABLE tasks RENAME TO tasks_away; SELECT pg_create_physical_replication_slot('nobody', true)")
    stack.psql("INSERT INTO sage_migrations (number, name, checksum) VALUES (9999, '9999_from_the_future', 'x')")
    try:
        done = script(stack, "check-sage-db.sh", "--json", check=False)
        found = {each["name"]: each for each in json.loads(done.stdout)["checks"]}
        assert done.returncode == 3
        assert found["table tasks"]["status"] == "fail" and "migrate" in found["table tasks"]["text"]
        assert found["schema"]["status"] == "fail" and "9999" in found["schema"]["text"]
        assert found["slot nobody"]["status"] == "warn"
    finally:
        stack.psql("ALTER TABLE tasks_away RENAME TO tasks; SELECT pg_drop_replication_slot('nobody')")
        stack.psql("DELETE FROM sage_migrations WHERE number = 9999")


def test_diagnosis_is_for_people(stack):
    said = script(stack, "check-sage-db.sh", "--diagnose").stdout
    for part in ("Roles", "Sizes", "Clients", "Slowest statements", "CPU %"):
        assert part in said


# --- backup and restore -----------------------------------------------------------------


def test_backup_wipe_restore_compare(stack, tmp_path):
    fill(stack)
    before = stack.psql("SELECT id, user_input, embedding::text, created_at FROM memories ORDER BY id")
    made = json.loads(script(stack, "backup-sage-db.sh", "--dir", tmp_path, "--metrics", tmp_path, "--json").stdout)
    assert made["status"] == "verified" and made["memories"] >= 30
    assert f"backup_verified_timestamp {int(time.time()) // 1000}" in (tmp_path / "sage_backup.prom").read_text()
    assert os.stat(made["file"]).st_mode & 0o077 == 0
    stack.psql("TRUNCATE memories, sessions, api_keys")
    said = json.loads(script(stack, "restore-sage-db.sh", made["file"], "--json").stdout)
    assert said["status"] == "restored" and said["old"].startswith("sage_memory_before_")
    assert stack.psql("SELECT id, user_input, embedding::text, created_at FROM memories ORDER BY id") == before
    with stack.client() as client:  # the old key, the old search, and saving on
        wait_for("the server has reconnected", lambda: client.get("/healthz").status_code == 200)
        wait_for("it finds again", lambda: client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "search_memories", "arguments": {"query": "memory 7"}}}).json()["result"].get("structuredContent", {}).get("hits"))
        call(client, "save_memory", {"user_input": "after the restore"})
    assert stack.psql("SELECT current_setting('jit')", user="postgres") == "on"  # of the superuser; the role's own is off
    assert stack.psql("SELECT count(*) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = 'sage'") == "1"
    stack.psql(f'DROP DATABASE "{said["old"]}"', database="postgres")


def test_backup_while_agents_save(stack, tmp_path):
    """The dump and the hashes are of one moment, whatever is saved meanwhile."""
    with Load(stack.client, agents=2) as load:
        for _ in range(2):
            time.sleep(1)
            script(stack, "backup-sage-db.sh", "--dir", tmp_path, "--quiet")
    assert load.failures == []
    assert len(list(tmp_path.glob("*.dump"))) == 2
    assert stack.psql("SELECT count(*) FROM pg_database WHERE datname LIKE 'sage_verify%'") == "0"


@pytest.mark.parametrize("how", ["age", "gpg"])
def test_encrypted_backup(stack, tmp_path, how):
    if how == "age":
        key = tmp_path / "key"
        subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
        recipient = next(line.split()[-1] for line in key.read_text().splitlines() if "public key" in line)
        give, settings = ["--identity", key], {}
    else:
        home = tmp_path / "gnupg"
        home.mkdir(mode=0o700)
        settings = {"GNUPGHOME": str(home)}
        recipient, give = "backup@example.com", []
        subprocess.run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", recipient], check=True, capture_output=True,
            env=os.environ | settings)
    folder = tmp_path / "backups"
    made = json.loads(script(stack, "backup-sage-db.sh", "--dir", folder, "--encrypt", f"{how}:{recipient}", "--json", **settings).stdout)
    assert made["file"].endswith(f".dump.{how}")
    assert not list(folder.glob("*.dump")) and not list(folder.glob("*.part"))
    assert b"PGDMP" not in (folder / made["file"]).read_bytes()[:100]
    said = json.loads(script(stack, "restore-sage-db.sh", made["file"], "--verify-only", "--json", *give, **settings).stdout)
    assert said["status"] == "verified"


def test_old_backups_go_and_the_new_one_stays(stack, tmp_path):
    for name in ("sage_memory_20200101_020000.dump", "sage_memory_20200101_020000.sha256", "notes.txt"):
        (tmp_path / name).write_text("old")
        os.utime(tmp_path / name, (1, 1))
    made = json.loads(script(stack, "backup-sage-db.sh", "--dir", tmp_path, "--json", "--keep-days", "7").stdout)
    assert made["removed"] == 2
    assert (tmp_path / "notes.txt").exists() and (tmp_path / made["file"]).exists()


def test_damaged_backup_is_refused_and_nothing_is_changed(stack, tmp_path):
    made = json.loads(script(stack, "backup-sage-db.sh", "--dir", tmp_path, "--json").stdout)
    whole = bytearray((tmp_path / made["file"]).read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / made["file"]).write_bytes(whole)
    databases = stack.psql("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database")
    done = script(stack, "restore-sage-db.sh", made["file"], check=False)
    assert done.returncode == 3 and "damaged" in done.stderr and len(done.stderr.splitlines()) == 1
    assert stack.psql("SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database") == databases


def test_full_disk_is_one_clear_line(stack, tmp_path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", tmp_path], check=True)
    try:
        fill(stack)
        done = script(stack, "backup-sage-db.sh", "--dir", tmp_path, check=False)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == f"backup-sage-db.sh: the dump failed: the disk of {tmp_path} is full"
        assert [each for each in os.listdir(tmp_path)] == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_failed_backup_shows_in_the_metrics(stack, tmp_path):
    script(stack, "backup-sage-db.sh", "--dir", tmp_path, "--metrics", tmp_path, "--quiet")
    verified = [line for line in (tmp_path / "sage_backup.prom").read_text().splitlines() if line.startswith("backup_verified")]
    done = script(stack, "backup-sage-db.sh", "--dir", tmp_path, "--metrics", tmp_path, DB_NAME="nothing", check=False)
    assert done.returncode == 1 and "nothing" in done.stderr
    after = (tmp_path / "sage_backup.prom").read_text()
    assert verified[0] in after and "backup_last_success 0" in after


def test_plain_host(tmp_path):
    """Without any container: the programs of this machine, and where to from the environment."""
    cluster = Cluster()
    try:
        host = cluster.uri.split("host=")[1].split("&")[0]
        settings = {"PGHOST": host, "PGUSER": "postgres", "DB_NAME": "postgres", "PATH": os.environ["PATH"]}
        server = Server(tmp_path, DATABASE_URL=cluster.uri).wait_ready()
        with server.connect() as c:
            c.done("save_memory", {"user_input": "on a plain host"})

        def run(name: str, *words) -> dict:
            done = subprocess.run([ROOT / "deploy" / name, *words, "--json"], env=settings, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        made = run("backup-sage-db.sh", "--dir", tmp_path / "backup")
        assert made["memories"] == 1
        assert run("restore-sage-db.sh", made["file"], "--verify-only")["memories"] == 1
        assert run("check-sage-db.sh", "--backup-dir", tmp_path / "backup")["status"] in ("ok", "warn")
        server.stop()
    finally:
        cluster.remove()


# --- security ---------------------------------------------------------------------------


def test_security_check_sees_what_is_wrong(stack):
    """A password in a container's environment, an open port, a weak secret: each is named."""
    password = (stack.directory / "secrets/db_password.txt").read_text().strip()
    label = f"com.docker.compose.project={stack.project}"
    bad = stack.engine.docker("run", "-d", "--label", label, "--label", "com.docker.compose.service=bad", "-e", f"X={password}",
        "-p", "127.0.0.2:0:80", "--entrypoint", "sleep", "debian:trixie-slim", "60")
    weak = stack.directory / "secrets/weak.txt"
    weak.write_text("sage123")
    try:
        done = stack.script("security-check.sh", "--json", check=False)
        found = {each["name"]: each["text"] for each in json.loads(done.stdout)["checks"] if each["status"] == "fail"}
        assert done.returncode == 3
        assert "db_password.txt in bad" in found["leaks"]
        assert "weak.txt" in found["secrets/passwords"]
        assert "127.0.0.2" in found["published/bad"]
        assert "runs-as-root" in found["container/bad"]
    finally:
        weak.unlink()
        stack.engine.docker("rm", "-f", bad)


# --- wrong use --------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_and_wrong_use(engine, name):
    done = engine.run(ROOT / "deploy" / name, "--help")
    assert f"deploy/{name}" in done.stdout and "Exit status" in done.stdout
    done = engine.run(ROOT / "deploy" / name, "--nonsense", check=False)
    assert done.returncode == 2 and "--nonsense" in done.stderr and len(done.stderr.splitlines()) == 1


def test_no_database_is_one_clear_line(engine):
    for name in ("check-sage-db.sh", "backup-sage-db.sh", "restore-sage-db.sh"):
        words = ["/etc/hostname"] if name.startswith("restore") else []
        done = engine.run(ROOT / "deploy" / name, *words, "--container", "not-there", check=False)
        assert done.returncode in (1, 3) and len(done.stderr.splitlines()) == 1, done.stderr


# --- secrets ----------------------------------------------------------------------------


def test_secrets_are_made_once(engine, tmp_path):
    first = engine.run(ROOT / "deploy/make-secrets.sh", "--dir", tmp_path / "s", "--name", "memory.example.com")
    before = {path: path.read_bytes() for path in (tmp_path / "s").rglob("*.*") if path.is_file()}
    again = engine.run(ROOT / "deploy/make-secrets.sh", "--dir", tmp_path / "s", "--name", "memory.example.com")
    assert before == {path: path.read_bytes() for path in (tmp_path / "s").rglob("*.*") if path.is_file()}
    assert "db_password.txt" in first.stdout and "nothing" in again.stdout
    assert os.stat(tmp_path / "s").st_mode & 0o777 == 0o700
    said = engine.run("openssl", "x509", "-in", tmp_path / "s/tls/tls.crt", "-noout", "-text").stdout
    assert "DNS:memory.example.com" in said


@pytest.mark.parametrize("service, secret, says", [
    ("sage-db", "postgres_password", "postgres_password"), ("nginx", "tls", "make-secrets.sh"),
])
def test_missing_secret_is_one_clear_line(made, service, secret, says):
    stack = made()
    for path in (stack.directory / "secrets").rglob(f"{secret}*"):
        if path.is_file():
            path.unlink() if secret == "tls" else path.write_text("")
    try:
        stack.compose("up", "-d", check=False)
        stack.compose("up", "-d", "--no-deps", service, check=False)

        def last_line() -> str:
            every = stack.engine.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={stack.project}",
                "--filter", f"label=com.docker.compose.service={service}").split()
            return stack.engine.run(stack.engine.docker_program, "logs", "--tail", "1", every[0]).stderr if every else ""

        wait_for("the reason", lambda: says in last_line(), 20)
    finally:
        stack.remove()
