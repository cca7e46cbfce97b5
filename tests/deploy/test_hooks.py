"""deploy/hooks/claude-code.sh against a server that notes what it is asked, and against none."""

import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from sage import ROOT

HOOK = ROOT / "deploy/hooks/claude-code.sh"
SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
PROMPTS = [
    "Where do we deploy?",
    'say "hi" to C:\\new\\table and \\u0041',
    "line one\nline two\ttabbed\r\n",
    "\u4f60\u597d\uff0c\u4e16\u754c \U0001f680 caf\u00e9",
    '{"prompt": "not this one", "hook_event_name": "Stop"}',
    "back\\",
    "$(touch /tmp/never) `id` %s %d ${HOME} 'quoted'",
]


class Notes:
    """A server on loopback: it notes requests, and answers what it was told to."""

    def __init__(self):
        self.requests = []
        self.answer = (200, b"1. memory")
        notes = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                notes.requests.append((self.path, dict(self.headers), body))
                status, text = notes.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def notes():
    notes = Notes()
    yield notes
    notes.close()


@pytest.fixture
def hook(tmp_path):
    """hook(event, ...) runs it and returns what it printed; it must exit with 0 and say nothing else."""

    def run(event: dict, url: str, shell: str = SHELLS[0], **environment) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SAGE_URL": url, **environment}
        command = [shell, "sh", str(HOOK)] if shell == "busybox" else [shell, str(HOOK)]
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        done = subprocess.run(command, input=text.encode(), env=env, capture_output=True, timeout=30)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout.decode()

    return run


def prompt_event(prompt: str) -> dict:
    return {"session_id": "s1", "transcript_path": "/nowhere", "cwd": "/src", "permission_mode": "default",
        "hook_event_name": "UserPromptSubmit", "prompt": prompt}


def stop_event(path: Path, said: str | None = None) -> dict:
    event = {"session_id": "s1", "transcript_path": str(path), "hook_event_name": "Stop", "stop_hook_active": False}
    return event if said is None else {**event, "last_assistant_message": said}


def line(kind: str, content, **more) -> str:
    return json.dumps({"type": kind, "message": {"role": kind, "content": content}, **more},
        ensure_ascii=False, separators=(",", ":"))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_asks_about_the_prompt(notes, hook, shell, prompt):
    printed = hook(prompt_event(prompt), notes.url, shell)
    [(path, headers, body)] = notes.requests
    assert path == "/v1/tools/get_context"
    assert headers["Content-Type"] == "application/json"
    assert headers["Accept"] == "text/plain"
    assert json.loads(body) == {"query": prompt, "max_tokens": 2000}
    assert printed == "<sage-memory>\n1. memory\n</sage-memory>\n"


def test_takes_events_that_are_written_over_lines(notes, tmp_path):
    text = json.dumps(prompt_event('a "b"'), indent=2)
    subprocess.run([HOOK], input=text.encode(), env={"PATH": os.environ["PATH"], "SAGE_URL": notes.url, "HOME": "/"},
        check=True, timeout=30)
    assert json.loads(notes.requests[0][2])["query"] == 'a "b"'


CUTS = [("word ", 0), ('"', 0), ("\n", 0), ("\n", 1), *((unit, shift) for unit in ("\U0001f680", "\x01", "a\\u12")
    for shift in range(4))]


@pytest.mark.parametrize("unit,shift", CUTS)
def test_cuts_long_prompts_where_they_can_be_cut(notes, hook, unit, shift):
    prompt = "x" * shift + unit * 5000
    hook(prompt_event(prompt), notes.url)
    query = json.loads(notes.requests[0][2])["query"]
    assert prompt.startswith(query)
    assert len(json.dumps(query, ensure_ascii=False).encode()) > 3990


def test_prints_nothing_when_nothing_is_known(notes, hook):
    notes.answer = (200, b"\n")
    assert hook(prompt_event("x"), notes.url) == ""
    notes.answer = (400, b"wrong")
    assert hook(prompt_event("x"), notes.url) == ""
    assert hook(prompt_event(""), notes.url) == ""
    assert hook({"hook_event_name": "PreToolUse", "prompt": "x"}, notes.url) == ""
    assert len(notes.requests) == 2


def test_sends_the_key_from_wherever_it_is(notes, hook, tmp_path):
    hook(prompt_event("x"), notes.url)
    hook(prompt_event("x"), notes.url, SAGE_KEY="sage_one")
    file = tmp_path / "other"
    file.write_text("sage_two\n")
    hook(prompt_event("x"), notes.url, SAGE_KEY_FILE=str(file))
    default = tmp_path / ".config/sage-mcp/key"
    default.parent.mkdir(parents=True)
    default.write_text("sage_three\n")
    hook(prompt_event("x"), notes.url)
    sent = [headers.get("Authorization") for _, headers, _ in notes.requests]
    assert sent == [None, "Bearer sage_one", "Bearer sage_two", "Bearer sage_three"]


def test_proxies_and_curlrc_do_not_matter(notes, hook, tmp_path):
    (tmp_path / ".curlrc").write_text("url = http://127.0.0.1:1/\nverbose\n")
    printed = hook(prompt_event("x"), notes.url, http_proxy="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1")
    assert "1. memory" in printed


@pytest.mark.parametrize("shell", SHELLS)
def test_sends_the_transcript(notes, hook, shell, tmp_path):
    lines = [line("user", p) for p in PROMPTS] + [line("assistant", [{"type": "text", "text": "\u0007 done \\n"}])]
    transcript = tmp_path / 'odd name "1"\\.jsonl'
    transcript.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert hook(stop_event(transcript, 'He said: "done"\n'), notes.url, shell) == ""
    [(path, _, body)] = notes.requests
    sent = json.loads(body)
    assert path == "/v1/tools/ingest_transcript"
    assert sent["format"] == "transcript"
    assert sent["session_id"] == "s1"
    assert sent["last_response"] == 'He said: "done"\n'
    assert sent["transcript"].splitlines() == lines[-4:]  # the latest three prompts, and the answer


def test_begins_with_a_prompt_and_not_with_a_result(notes, hook, tmp_path):
    result = [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]
    turn = [line("user", "p"), line("assistant", "a"), line("user", result), line("user", "m", isMeta=True)]
    transcript = tmp_path / "t.jsonl"
    transcript.write_text("\n".join(turn * 5) + "\n")
    hook(stop_event(transcript), notes.url)
    sent = json.loads(notes.requests[0][2])
    assert "last_response" not in sent
    assert sent["transcript"].splitlines() == turn * 3


def test_sends_what_fits_of_a_huge_turn(notes, hook, tmp_path):
    big = line("assistant", "x" * 100000)
    transcript = tmp_path / "t.jsonl"
    transcript.write_text(line("user", "p") + "\n" + (big + "\n") * 120)
    hook(stop_event(transcript), notes.url)
    sent = json.loads(notes.requests[0][2])["transcript"].splitlines()
    assert set(sent) == {big}
    assert 70 < len(sent) < 80


def test_takes_a_transcript_that_is_being_written(notes, hook, tmp_path):
    transcript = tmp_path / "t.jsonl"
    transcript.write_text(line("user", "p") + "\n" + '{"type":"assistant","mess')
    hook(stop_event(transcript), notes.url)
    assert json.loads(notes.requests[0][2])["transcript"].startswith('{"type":"user"')


@pytest.mark.parametrize("path", ["/nowhere/t.jsonl", "", "/", "/dev/zero"])
def test_sends_nothing_without_a_transcript(notes, hook, path):
    assert hook({**stop_event(Path("x")), "transcript_path": path}, notes.url) == ""
    assert notes.requests == []


@pytest.mark.parametrize("text", [b"", b"not json", b'{"hook_event_name":', b"\xff\xfe\x00", b'{"hook_event_name":"Stop"}'])
def test_takes_any_input(notes, text):
    done = subprocess.run([HOOK], input=text, env={"PATH": os.environ["PATH"], "HOME": "/", "SAGE_URL": notes.url},
        capture_output=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, b"")
    assert notes.requests == []


def test_is_harmless_while_the_server_is_away(hook, tmp_path):
    transcript = tmp_path / "t.jsonl"
    transcript.write_text(line("user", "p") + "\n")
    with socket.socket() as closed:  # bound and not listening: refused at once
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert hook(prompt_event("x"), url) == ""
        assert hook(stop_event(transcript), url) == ""
    with socket.socket() as silent:  # takes connections, and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begin = time.monotonic()
        assert hook(prompt_event("x"), f"http://127.0.0.1:{silent.getsockname()[1]}") == ""
        assert time.monotonic() - begin < 5


def test_the_readme_shows_settings_that_are_json():
    readme = (HOOK.parent / "README.md").read_text()
    [settings] = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    hooks = json.loads(settings)["hooks"]
    assert {"UserPromptSubmit", "Stop"} <= set(hooks)
    for [entry] in hooks.values():
        [command] = entry["hooks"]
        assert command["command"].endswith(HOOK.name)


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq here")
def test_the_one_liners_of_the_readme(notes, tmp_path):
    readme = (HOOK.parent / "README.md").read_text()
    recall, remember = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    transcript = tmp_path / "t.jsonl"
    transcript.write_text(line("user", 'p "q"') + "\n")
    env = {"PATH": os.environ["PATH"], "SAGE_URL": notes.url, "SAGE_KEY": "sage_one"}
    for command, event in ((recall, prompt_event('a "b"\n')), (remember, stop_event(transcript, "done"))):
        subprocess.run(["sh", "-c", command], input=json.dumps(event).encode(), env=env, check=True, timeout=30)
    (asked, headers, query), (told, _, body) = notes.requests
    assert (asked, told) == ("/v1/tools/get_context", "/v1/tools/ingest_transcript")
    assert headers["Authorization"] == "Bearer sage_one"
    assert json.loads(query)["query"] == 'a "b"\n'
    assert json.loads(body)["transcript"] == transcript.read_text()
    assert json.loads(body)["last_response"] == "done"
