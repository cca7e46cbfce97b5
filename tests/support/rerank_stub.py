"""A rerank provider on loopback, of either kind, with the faults of the embedding stub and some of its own.

A text is worth the number behind "worth=" in it, whatever the query is; without one, nothing.
"""

import json
import re

import embedding_stub

FIELDS = {"jina": {"model", "query", "documents", "top_n"}, "tei": {"query", "texts", "truncate"}}


def worth(text: str) -> float:
    found = re.search(r"worth=(-?[0-9.]+)", text)
    return float(found[1]) if found else 0.0


class Stub(embedding_stub.Stub):
    """kind: "jina" or "tei", and as strict as Cohere: it refuses a field that it does not know."""

    def __init__(self, kind: str = "jina", key: str = "", base: str | None = None, most: int = 32):
        super().__init__(key=key)
        self.kind, self.most = kind, most
        self.paths: list[str] = []
        self.url = f"http://127.0.0.1:{self.port}" + (base if base is not None else {"jina": "/v1", "tei": ""}[kind])

    @staticmethod
    def handler() -> type:
        return Handler

    def settings(self, **more: str) -> dict[str, str]:
        return {"RERANK_API_URL": self.url} | ({"RERANK_API_KEY": self.key} if self.key else {}) | more

    def asked(self) -> list[dict]:
        """What searches have sent, without the probe."""
        return [request for request in self.requests if request["query"] != "What is a heron?"]

    def texts(self) -> list[str]:
        return [text for request in self.asked() for text in request.get("documents", request.get("texts"))]


class Handler(embedding_stub.Handler):
    def complaint(self, asked):
        stub = self.stub
        stub.paths.append(self.path)
        if unknown := asked.keys() ^ FIELDS[stub.kind]:
            return 422, f"unknown or missing field: {sorted(unknown)}"
        if len(self.texts_of(asked)) > stub.most:
            return 422, "batch size > maximum allowed batch size"
        if stub.refuses and any(stub.refuses in text for text in self.texts_of(asked)):
            return 413, "too long"
        return None

    @staticmethod
    def texts_of(asked):
        return asked.get("documents", asked.get("texts"))

    def items(self, asked):
        name = {"jina": "relevance_score", "tei": "score"}[self.stub.kind]
        items = [{"index": i, name: worth(text)} for i, text in enumerate(self.texts_of(asked))]
        return sorted(items, key=lambda item: -item[name])

    def send_items(self, items):
        self.answer(200, json.dumps({"model": "stub", "results": items} if self.stub.kind == "jina" else items).encode())

    # --- faults: what the scores are like -----------------------------------------

    def send_changed(self, asked, **changes):
        first, *others = self.items(asked)
        self.send_items([first | changes, *others])

    def fault_many(self, asked):
        self.send_items([*self.items(asked), {"index": len(self.texts_of(asked)), "score": 1, "relevance_score": 1}])

    def fault_twice(self, asked):
        items = self.items(asked)
        self.send_items([*items[:-1], items[0]])

    def fault_beyond(self, asked):
        self.send_changed(asked, index=len(self.texts_of(asked)))

    def fault_negative(self, asked):
        self.send_changed(asked, index=-1)

    def fault_nan(self, asked):
        self.send_changed(asked, relevance_score=float("nan"), score=float("nan"))

    def fault_null(self, asked):
        self.send_changed(asked, relevance_score=None, score=None)

    def fault_words(self, asked):
        self.send_changed(asked, relevance_score="high", score="high")

    def fault_other(self, _):
        self.answer(200, b'{"data": [], "message": "welcome"}')

    def fault_echo(self, asked):
        """No fault: the texts come back, too."""
        self.send_items([item | {"document": {"text": self.texts_of(asked)[item["index"]]}} for item in self.items(asked)])
