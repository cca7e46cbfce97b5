"""What deploy/README.md says: its quick starts are run as they stand there, its settings and scripts exist."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from containers import Stack
from sage import ROOT, wait_for

from nginx import free_port

ENGLISH = (ROOT / "deploy/README.md").read_text()
CHINESE = (ROOT / "deploy/README.zh-CN.md").read_text()
EXAMPLE = (ROOT / "deploy/env.production.example").read_text()
COMPOSE = (ROOT / "docker-compose.prod.yml").read_text()


def blocks(text: str) -> list[str]:
    """The indented code blocks, in order."""
    found = re.findall(r"(?:^    .*\n(?:\n(?=    ))?)+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in found]


def block_with(words: str) -> str:
    found = [block for block in blocks(ENGLISH) if words in block]
    assert len(found) == 1, words
    return found[0]


def test_both_languages_show_the_same_commands():
    def commands(text: str) -> list[str]:
        lines = [re.sub(r"\s+#.*", "", line).rstrip() for block in blocks(text) for line in block.splitlines()]
        return [line for line in lines if line and not line.startswith("#") and not re.search(r"──|profile|prometheus, ", line)]

    assert commands(ENGLISH) == commands(CHINESE)


def test_every_setting_is_in_the_example_with_its_default():
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    used = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", COMPOSE))
    used.pop("BUILD_NETWORK")  # of the tests
    used.pop("BACKUP_USER")
    used.pop("DB_PRIMARY")
    assert given == used
    for name in ("DB_USER", "DB_NAME", "DB_HOST", "DB_PORT", "LOG_LEVEL", "DB_POOL_SIZE", "DB_MAX_CONNECTIONS",
            "ENABLE_MONITORING", "METRICS_PORT"):  # the guide's
        assert name in given


def test_every_script_and_option_that_is_named_exists():
    lines = [line for block in blocks(ENGLISH) for line in block.splitlines()]
    calls = [line.split("#")[0] for line in lines if "deploy/" in line and ".sh" in line]
    assert len(calls) > 15
    for line in calls:
        name, words = re.search(r"deploy/([a-z-]+\.sh)(.*)", line).groups()
        said = subprocess.run([ROOT / "deploy" / name, "--help"], capture_output=True, text=True, check=True).stdout
        for word in re.findall(r"--[a-z-]+|^ [a-z]+", words):
            assert word.strip() in said, line


def test_every_test_in_the_table_exists():
    table = ENGLISH[ENGLISH.index("| guide |"):]
    sources = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    for name in re.findall(r"`(test_\w+)(?:\.py)?`", table):
        assert f"{name}.py" in sources or any(f"def {name}(" in text for text in sources.values()), name


def test_developers_quick_start(engine):
    engine.images("pgvector/pgvector:pg15")
    stack = Stack(engine, "docker-compose-db.yml", DB_PORT=str(free_port()))
    try:
        for line in block_with("docker-compose-db.yml up -d").splitlines():
            if line.startswith("DB_PASSWORD"):
                continue  # the server itself: test_compose_db.py
            if "exec" in line:
                stack.wait_healthy("sage-db")
            done = run(engine, line, ROOT, **stack.settings)
        assert "PostgreSQL 15" in done
    finally:
        stack.remove()


def run(engine, line: str, where: Path, **settings: str) -> str:
    """One line of the document, with the Compose there is instead of the plugin."""
    line = line.replace("docker compose", "$COMPOSE").replace("docker exec", "$DOCKER exec")
    done = subprocess.run(["bash", "-c", line], cwd=where, env=engine.environment(**settings), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"{line}: {done.stdout[-1000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()


@pytest.fixture
def clone():
    """What git has, in a folder of its own: the newcomer's clone."""
    folder = Path(tempfile.mkdtemp(prefix="sage-clone."))
    folder.chmod(0o755)
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
        capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.rehearsal
def test_newcomer_gets_to_a_memory(engine, clone, server_image):
    """From clone to a saved memory through nginx, with the commands of the document."""
    engine.images("pgvector/pgvector:pg15", "nginx:1.30")
    stack = Stack(engine, "docker-compose.prod.yml", BUILD_NETWORK="host", NOFILE="16384")
    http, https = free_port(), free_port()
    try:
        for line in block_with("make-secrets.sh --name").splitlines():
            key = run(engine, line.replace("memory.example.com", "localhost"), clone, **stack.settings)
            if line.startswith("cp "):  # "and put the name in"
                settings = (clone / ".env.production").read_text()
                for name, value in (("HTTP_PORT", http), ("HTTPS_PORT", https), ("NOFILE", 16384)):
                    settings = re.sub(rf"^{name}=.*$", f"{name}={value}", settings, flags=re.MULTILINE)
                (clone / ".env.production").write_text(settings)
            if "up -d" in line:
                stack.wait_healthy("sage-db", "sage-mcp", "nginx")
        assert key.startswith("sage_")
        curl = block_with("curl --cacert").replace("https://memory.example.com", f"https://localhost:{https}")
        said = wait_for("the first memory", lambda: run(engine, curl, clone, KEY=key))
        assert "Saved as memory" in said
    finally:
        stack.remove()
