"""Retrieval on LoCoMo, through HTTP: what the search finds of the evidence that its questions name.

    locomo.py FILE [--scope each|one] [--unit pair|session] [--embedding URL]
    locomo.py --quick      a conversation of its own, only to show that everything runs

FILE is the data of the public repository snap-research/LoCoMo (locomo10.json, or a part of it). Its licence forbids shipping
it, so bring your own copy. Two turns that follow each other are one memory; its text is "Speaker: what was said", with
" [shares CAPTION]" where a picture was. The time of the session is the event time. A question is searched for as it is.

--embedding: an OpenAI-compatible provider, such as minilm.py beside this; then by words, by embedding and by both.
scope: each conversation in a namespace of its own, or all in one. unit: recall of turns by pairs, or of sessions by the sessions
of the hits, in their order. recall@k is the mean share of the evidence in the first k, hit@k whether there was any, MRR the mean of
1/rank of the first. "plain" is BM25 (k1 1.2, b .75) over lower-case words of the same pairs, computed here.
"""

import argparse
import json
import math
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("SAGE_MCP", str(ROOT / "build/release-tests/server/sage-mcp"))
sys.path.insert(0, str(ROOT / "tests/support"))

from sage import Cluster, Server, bearer, create_database, make_key, wait_for  # noqa: E402

CUTS = (1, 5, 10, 20)
LIMIT = 50  # hits asked for; sessions need more hits than pairs do
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
BATCH = 50


@dataclass
class Pair:
    conversation: str
    session: str
    turns: list[str]
    texts: list[str]
    at: datetime


@dataclass
class Question:
    conversation: str
    category: int
    text: str
    evidence: set[str]


def pairs_of(sample: dict) -> list[Pair]:
    name, conversation = sample["sample_id"], sample["conversation"]
    pairs = []
    for key in sorted((k for k in conversation if re.fullmatch(r"session_\d+", k)), key=lambda k: int(k[8:])):
        at = datetime.strptime(conversation[f"{key}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=timezone.utc)
        turns = conversation[key]
        for i in range(0, len(turns), 2):
            two = turns[i:i + 2]
            texts = [f"{t['speaker']}: {t['text']}" + (f" [shares {t['blip_caption']}]" if t.get("blip_caption") else "") for t in two]
            pairs.append(Pair(name, f"{name}/s{key[8:]}", [t["dia_id"] for t in two], texts, at + timedelta(seconds=i + 1)))
    return pairs


def questions_of(sample: dict, pairs: list[Pair]) -> list[Question]:
    """Those with evidence; ids are written in several ways, and some name turns that there are not."""
    known = {turn for pair in pairs for turn in pair.turns}
    questions = []
    for asked in sample["qa"]:
        found = re.findall(r"D:?(\d+):(\d+)", " ".join(asked.get("evidence") or []))
        evidence = {f"D{int(session)}:{int(turn)}" for session, turn in found} & known
        if evidence:
            questions.append(Question(sample["sample_id"], asked["category"], asked["question"], evidence))
    return questions


def own_conversation() -> list[dict]:
    """A few lines of no one's, to show that everything runs."""
    topics = ["heron nests", "a rusty kiln", "the lighthouse lamp", "tax forms", "beekeeping gloves", "a violin string"]
    turns = [{"speaker": who, "dia_id": f"D1:{i + 1}", "text": f"{say} {topics[i // 2]}."} for i, (who, say) in enumerate(
        [("Ann", "I repaired"), ("Bob", "Tell me more about")] * len(topics))]
    qa = [{"question": f"Who repaired {topic}?", "evidence": [f"D1:{2 * i + 1}"], "category": 4} for i, topic in enumerate(topics)]
    return [{"sample_id": "own-1", "qa": qa, "conversation": {"session_1_date_time": "1:56 pm on 8 May, 2023", "session_1": turns}}]


class Plain:
    """BM25 over lower-case words: the baseline."""

    def __init__(self, pairs: list[Pair]):
        self.counts = [Counter(self.words(" ".join(pair.texts))) for pair in pairs]
        self.pairs = pairs
        self.lengths = [sum(count.values()) for count in self.counts]
        self.average = statistics.mean(self.lengths)
        self.having = Counter(word for count in self.counts for word in count)

    @staticmethod
    def words(text: str) -> list[str]:
        return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower())

    def ask(self, question: str) -> list[Pair]:
        def score(i: int) -> float:
            norm = 1.2 * (0.25 + 0.75 * self.lengths[i] / self.average)
            return sum(math.log(1 + (len(self.pairs) - self.having[w] + 0.5) / (self.having[w] + 0.5))
                * self.counts[i][w] * 2.2 / (self.counts[i][w] + norm) for w in asked if w in self.counts[i])

        asked = set(self.words(question))
        scores = {i: score(i) for i in range(len(self.pairs))}
        return [self.pairs[i] for i in sorted((i for i in scores if scores[i] > 0), key=lambda i: -scores[i])[:LIMIT]]


class Sage:
    """The server, asked over HTTP."""

    def __init__(self, server: Server, groups: dict[str, list[Pair]], embeds: bool):
        self.connection = server.connect()
        self.keys = {name: bearer(make_key(server.database, "bench", name.lower())) for name in groups}
        self.pairs = {}
        self.took = []
        for name, pairs in groups.items():
            for i in range(0, len(pairs), BATCH):
                self.save(name, pairs[i:i + BATCH])
        if embeds:
            for key in self.keys.values():
                wait_for("all are embedded", lambda key=key: self.connection.done("get_status", headers=key)["embedding"]["waiting"] == 0, 1800)

    def save(self, name: str, pairs: list[Pair]):
        memories = [{"user_input": p.texts[0], "assistant_response": p.texts[1] if len(p.texts) > 1 else "", "session_id": p.session,
            "event_time": p.at.isoformat(), "metadata": {"dia_ids": p.turns}} for p in pairs]
        done = self.connection.done("save_memories", {"memories": memories}, headers=self.keys[name])
        for outcome in done["outcomes"]:
            self.pairs[outcome["id"]] = pairs[outcome["index"]]

    def ask(self, name: str, question: str, strategy: str) -> list[Pair]:
        began = time.monotonic()
        found = self.connection.done("search_memories", {"query": question, "limit": LIMIT, "detail": "ids", "strategy": strategy},
            headers=self.keys[name])
        self.took.append(time.monotonic() - began)
        assert "by_words_only" not in found, found["by_words_only"]
        hits = found["hits"]
        return [self.pairs[hit["id"]] for hit in hits]


def scores(question: Question, hits: list[Pair], unit: str) -> dict[str, float]:
    if unit == "session":
        wanted = {f"{question.conversation}/s{turn[1:].split(':')[0]}" for turn in question.evidence}
        ranked = [{session} for session in dict.fromkeys(hit.session for hit in hits)]
    else:
        wanted = {(question.conversation, turn) for turn in question.evidence}
        ranked = [{(hit.conversation, turn) for turn in hit.turns} for hit in hits]
    found = {}
    for k in CUTS:
        covered = wanted & set().union(*ranked[:k])
        found[f"recall@{k}"] = len(covered) / len(wanted)
        if k in (5, 10):
            found[f"hit@{k}"] = float(bool(covered))
    found["MRR"] = next((1 / (i + 1) for i, ids in enumerate(ranked) if ids & wanted), 0.0)
    return found


def table(questions: list[Question], results: dict[str, list[dict[str, float]]]):
    names = list(next(iter(results.values()))[0])
    print(f"{'':24}{'':>6}" + "".join(f"{name:>11}" for name in names))
    groups = {f"{number} {CATEGORIES[number]}": [number] for number in CATEGORIES} | {"1-4": [1, 2, 3, 4], "all": list(CATEGORIES)}
    for group, numbers in groups.items():
        for who, found in results.items():
            rows = [row for question, row in zip(questions, found) if question.category in numbers]
            if rows:
                print(f"{group + ', ' + who:24}{len(rows):6}" + "".join(f"{statistics.mean(row[n] for row in rows):11.3f}" for n in names))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--scope", choices=("each", "one"), default="each")
    parser.add_argument("--unit", choices=("pair", "session"), default="pair")
    parser.add_argument("--embedding", metavar="URL")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if (asked.file is None) != asked.quick:
        parser.error("give the data file, or --quick")
    samples = own_conversation() if asked.quick else json.loads(Path(asked.file).read_text())
    pairs = {sample["sample_id"]: pairs_of(sample) for sample in samples}
    questions = [q for sample in samples for q in questions_of(sample, pairs[sample["sample_id"]])]
    groups = pairs if asked.scope == "each" else {"locomo": [pair for some in pairs.values() for pair in some]}
    cluster = Cluster()
    try:
        with tempfile.TemporaryDirectory() as directory:
            provider = {"EMBEDDING_API_URL": asked.embedding, "EMBEDDING_QUERY_TIMEOUT_MS": "20000"} if asked.embedding else {}
            server = Server(Path(directory), DATABASE_URL=create_database(cluster.uri, "bench"), **provider).wait_ready()
            sage = Sage(server, groups, bool(asked.embedding))
            strategies = ["keyword", "semantic", "hybrid"] if asked.embedding else ["keyword"]
            plain = {name: Plain(some) for name, some in groups.items()}
            results = {who: [] for who in [*strategies, "plain BM25"]}
            for question in questions:
                name = question.conversation if asked.scope == "each" else "locomo"
                for strategy in strategies:
                    results[strategy].append(scores(question, sage.ask(name, question.text, strategy), asked.unit))
                results["plain BM25"].append(scores(question, plain[name].ask(question.text), asked.unit))
            server.stop()
    finally:
        cluster.remove()
    memories = sum(map(len, pairs.values()))
    print(f"LoCoMo, {len(samples)} conversations, {memories} memories, {len(questions)} questions with evidence; unit: {asked.unit}, "
        f"scope: {'each conversation in its own namespace' if asked.scope == 'each' else 'all in one namespace'}; "
        f"{'with embeddings' if asked.embedding else 'no model'}")
    table(questions, results)
    took = sorted(sage.took)
    print(f"\nlatency of a search over HTTP: p50 {1000 * statistics.median(took):.1f} ms, p99 {1000 * took[len(took) * 99 // 100]:.1f} ms")


if __name__ == "__main__":
    main()
