"""Every vector of vectors.txt: the right answer, and never a desynchronised connection."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from wire_answers import read_answers

MARK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Mark: 1\r\n\r\n"


@dataclass
class Vector:
    name: str
    statuses: set[int]
    then: str
    request: bytes


def unescape(text: str) -> bytes:
    text = text.replace("{H}", r"Host: localhost\r\n")
    text = re.sub(r"\{([^{}]*)\*(\d+)\}", lambda m: m[1] * int(m[2]), text)
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def load() -> list[Vector]:
    lines = Path(__file__).with_name("vectors.txt").read_text().splitlines()
    blocks = "\n".join(line for line in lines if not line.startswith("#")).strip().split("\n\n")
    vectors = []
    for name, wanted, request in (block.split("\n") for block in blocks):
        *statuses, then = wanted.split()
        vectors.append(Vector(name, {int(s) for s in statuses}, then, unescape(request)))
    return vectors


VECTORS = load()


def test_the_file_is_read_whole():
    assert len(VECTORS) >= 72
    assert all(v.then in ("close", "on", "any") for v in VECTORS)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
@pytest.mark.parametrize("pieces", [1, 20], ids=["at-once", "in-pieces"])
def test_vector(raw, vector, pieces):
    s = raw()
    data = vector.request + MARK
    size = len(data) // pieces + 1
    try:
        for i in range(0, len(data), size):
            s.sendall(data[i:i + size])
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before the end: the answer is there to be read
    answers, closed = read_answers(s, heads=[vector.request.startswith(b"HEAD")], quiet_s=0.3)
    answers = [a for a in answers if a.status != 100] if 100 in vector.statuses else answers
    assert answers, "no answer"
    assert answers[0].status in vector.statuses
    if vector.then == "on":
        assert [a.status for a in answers[1:]] == [200] and not closed
    elif vector.then == "close":
        assert len(answers) == 1 and closed
        assert answers[0].json()["error"]["code"] == answers[0].status
    else:
        assert [a.status for a in answers[1:]] in ([], [200])
        assert closed or len(answers) == 2
