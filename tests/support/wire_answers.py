"""Reading HTTP/1.1 answers from a socket, strictly: what does not parse is a failure."""

import json
import socket
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def parse(data: bytes, heads: list[bool]) -> tuple[list[Answer], bytes]:
    """Whole answers at the beginning of data, and what is left. heads: which ones answer a HEAD."""
    answers = []
    while b"\r\n\r\n" in data:
        head, rest = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status, _ = (lines[0] + " ").split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        n = len(answers)
        without = int(status) in (100, 204, 304) or (n < len(heads) and heads[n])
        length = 0 if without else int(headers.get("content-length", 0))
        if len(rest) < length:
            break
        answers.append(Answer(int(status), headers, rest[:length]))
        data = rest[length:]
    return answers, data


def read_answers(s: socket.socket, heads=(), quiet_s=0.5, count=None) -> tuple[list[Answer], bool]:
    """Reads until the server closes, count answers are there, or nothing came for quiet_s."""
    data, closed = b"", False
    s.settimeout(quiet_s)
    while count is None or len(parse(data, list(heads))[0]) < count:
        try:
            got = s.recv(1 << 16)
        except (TimeoutError, ConnectionResetError) as why:
            closed = isinstance(why, ConnectionResetError)
            break
        if not got:
            closed = True
            break
        data += got
    answers, left = parse(data, list(heads))
    assert not left, left[:200]
    return answers, closed
