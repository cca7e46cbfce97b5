"""What /openapi.json says is what the server does: schemathesis sends requests that it makes from it.

No answer may be a server's fault, all statuses and types must be documented, and bodies fit their schemas.
How many requests and which checks is in schemathesis.toml.
"""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from sage import ROOT

WITHIN_S = 240 # many times what it takes on an idle machine


def test_every_operation_answers_as_described(start, database, tmp_path):
    server = start(DATABASE_URL=database).wait_ready()
    url = f"http://{server.address}/openapi.json"
    done = subprocess.run([Path(sys.executable).parent / "schemathesis",
        "--config-file", ROOT / "tests/integration/schemathesis.toml", "run", url,
        "--report-junit-path", tmp_path / "junit.xml"], cwd=tmp_path, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert done.returncode == 0, done.stdout[-8000:]
    with server.connect() as connection:
        described = json.loads(connection.get("/openapi.json").body)["paths"]
        counted = connection.done("get_status")
    tested = ElementTree.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    named = {case.get("name") for case in tested}
    wanted = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert wanted <= named, wanted - named
    assert counted["mode"] == "ready"
    answered = server.admin().get("/metrics").body.decode()
    assert not [line for line in answered.splitlines() if 'code="500"' in line], answered
