"""An OpenAI-compatible embedding provider on loopback, with faults that can be switched on and off.

Vectors are made of words: each word has a direction of its own (from its SHA-256), a text is the sum of those
of its words. So texts that share words are near each other, and the same text has the same vector everywhere.
"""

import base64
import contextlib
import hashlib
import json
import random
import re
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY_BYTES = 4 * 1024 * 1024
STALL_S = 20  # "never", for a test


def vector(text: str, dimensions: int, salt: str = "") -> list[float]:
    numbers = [0.0] * dimensions
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256((salt + word).encode()).digest()
        for i in range(0, 24, 3):  # eight of the dimensions each
            numbers[int.from_bytes(digest[i:i + 2], "big") % dimensions] += 1.0 if digest[i + 2] & 1 else -1.0
    if not any(numbers):
        numbers[0] = 1.0
    return numbers


class Stub:
    """fault says what goes wrong: None, or NAME of one of the handler's methods fault_NAME."""

    def __init__(self, dimensions: int = 64, key: str = "", model: str = "stub", knows_base64: bool = True):
        self.dimensions, self.key, self.models, self.knows_base64 = dimensions, key, {model}, knows_base64
        self.fault = None
        self.refuses = None  # a word: texts with it are refused
        self.delay_s = 0.0
        self.requests: list[dict] = []
        self.salts: dict[str, str] = {}  # of models that have other vectors
        self.blurred = ""  # a model that gives every text the same vector
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.http.daemon_threads = True
        self.http.stub = self
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.closing = threading.Event()
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @staticmethod
    def handler() -> type:
        return Handler

    def settings(self, **more: str) -> dict[str, str]:
        """What a server needs to use it."""
        return {"EMBEDDING_API_URL": self.url, "EMBEDDING_MODEL": next(iter(self.models))} | (
            {"EMBEDDING_API_KEY": self.key} if self.key else {}) | more

    def texts(self) -> list[str]:
        return [text for request in self.requests for text in request["input"]]

    def close(self):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def stub(self) -> Stub:
        return self.server.stub

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

    def refuse(self, status: int, text: str, **headers: str):
        self.answer(status, json.dumps({"error": {"message": text, "type": "stub"}}).encode(), **headers)

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        assert length <= MAX_BODY_BYTES
        asked = json.loads(self.rfile.read(length))
        stub = self.stub
        stub.requests.append(asked)
        if stub.delay_s:
            time.sleep(stub.delay_s)
        if stub.key and self.headers.get("Authorization") != f"Bearer {stub.key}":
            return self.refuse(401, f"wrong key {self.headers.get('Authorization')}")
        if complaint := self.complaint(asked):
            return self.refuse(*complaint)
        if stub.fault:
            return getattr(self, f"fault_{stub.fault}")(asked)
        return self.good(asked)

    def complaint(self, asked: dict) -> tuple[int, str] | None:
        """About the request itself."""
        stub = self.stub
        if asked["model"] not in stub.models:
            return 404, f"no model {asked['model']}"
        if asked.get("encoding_format") == "base64" and not stub.knows_base64:
            return 400, "encoding_format: only float"
        if stub.refuses and any(stub.refuses in text for text in asked["input"]):
            return 400, "input is too long"
        return None

    def items(self, asked: dict) -> list[dict]:
        stub = self.stub
        salt = stub.salts.get(asked["model"], "")
        dimensions = asked.get("dimensions", stub.dimensions)
        vectors = [vector("" if asked["model"] == stub.blurred else text, dimensions, salt) for text in asked["input"]]
        if asked.get("encoding_format") == "base64":
            vectors = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
        return [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]

    def send_items(self, items: list[dict]):
        self.answer(200, json.dumps({"object": "list", "data": items, "model": "stub", "usage": {"total_tokens": 1}}).encode())

    def good(self, asked):
        self.send_items(self.items(asked))

    # --- faults ---------------------------------------------------------------

    def fault_html(self, _):
        self.answer(200, b"<!DOCTYPE html><html><body>Welcome</body></html>" * 50, "text/html")

    def fault_half(self, asked):
        body = json.dumps({"data": self.items(asked)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2])
        self.close_connection = True

    def fault_cut(self, asked):
        """Half a body, with a length that fits."""
        body = json.dumps({"data": self.items(asked)}).encode()
        self.answer(200, body[:len(body) // 2])

    def fault_empty(self, _):
        self.answer(200, b"")

    def fault_few(self, asked):
        self.send_items(self.items(asked)[:-1])

    def fault_many(self, asked):
        self.send_items(self.items(asked) + [{"index": len(asked["input"]), "embedding": [1.0] * self.stub.dimensions}])

    def fault_twice(self, asked):
        self.send_items([item | {"index": 0} for item in self.items(asked) * 2])

    def fault_dimension(self, asked):
        self.send_items([item | {"embedding": [1.0] * (self.stub.dimensions + 1)} for item in self.items(asked)])

    def fault_nan(self, asked):
        self.send_items([item | {"embedding": [float("nan")] * self.stub.dimensions} for item in self.items(asked)])

    def fault_infinite(self, asked):
        self.send_items([item | {"embedding": [1e39] * self.stub.dimensions} for item in self.items(asked)])

    def fault_null(self, asked):
        self.send_items([item | {"embedding": [None] * self.stub.dimensions} for item in self.items(asked)])

    def fault_zero(self, asked):
        self.send_items([item | {"embedding": [0] * self.stub.dimensions} for item in self.items(asked)])

    def fault_base64(self, asked):
        self.send_items([item | {"embedding": "!!!!"} for item in self.items(asked)])

    def fault_shuffled(self, asked):
        """No fault: the order is free."""
        items = self.items(asked)
        random.shuffle(items)
        self.send_items([{"embedding": item["embedding"], "index": item["index"]} for item in items])

    def fault_huge(self, _):
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            for _ in range(4000):
                self.wfile.write(b'{"data":[' + b" " * 65536)

    def fault_redirect(self, _):
        self.answer(302, b"", Location=f"{self.stub.url}/elsewhere")

    def fault_busy(self, _):
        self.refuse(429, "slow down", Retry_After="1")

    def fault_broken(self, _):
        self.refuse(500, "oh no")

    def fault_denied(self, _):
        self.refuse(401, f"wrong key {self.headers.get('Authorization')}")

    def fault_closes(self, _):
        self.close_connection = True

    def fault_never(self, _):
        self.stub.closing.wait(STALL_S)
        self.close_connection = True

    def fault_drips(self, asked):
        body = json.dumps({"data": self.items(asked)}).encode()
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body:
                self.wfile.write(bytes([byte]))
                if self.stub.closing.wait(0.1):
                    break
        self.close_connection = True
