"""The memories of the pool benchmark: sentences of this project's documents and comments, with terms by its own server."""

import json
import re
from collections import Counter
from pathlib import Path

from load import ROOT, Pgbench, statement
from sage import Server, psql

SAVED = 16  # different texts that are saved, each with a number of its own
NUMBER = "@@@@@@@@@@"  # where calls.lua puts the number

# What people ask. Content words only, each once: so the terms of the words are those the server searches for.
QUESTIONS = [
    "revoked key verdict cached",
    "connection idle lifetime replaced",
    "subscribers notification commit lock",
    "header revision session stream",
    "deadline statement timeout cancel",
    "limit body bytes refused",
    "vector embedding cosine ranking",
    "restart replica readiness healthcheck",
]


def rare_questions(sentences: list[str]) -> list[str]:
    """Two words of which each stands in one sentence only."""
    counts = Counter(word for sentence in sentences for word in set(re.findall(r"[a-z]+", sentence.lower())))
    rare = sorted(word for word, count in counts.items() if count == 1 and len(word) > 8)
    half = len(rare) // 2
    return [f"{rare[i]} {rare[half + i]}" for i in range(0, half, half // 8)][:8]


def sentences() -> list[str]:
    """Plain enough to stand in SQL, JSON and a command line as they are."""
    texts = [path.read_text() for path in sorted(ROOT.glob("*.md"))]
    for folder in ("server", "db", "proto"):
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            texts += re.findall(r"/\*(.*?)\*/", path.read_text(), re.DOTALL)
    found = {}
    for text in texts:
        for sentence in re.split(r"(?<=[.:;]) ", re.sub(r"[\s*]+", " ", text)):
            plain = re.sub(r"[^A-Za-z0-9 ,.()/-]", "", sentence).strip()
            if 40 <= len(plain) <= 200:
                found[plain] = None
    return list(found)


def message(tool: str, arguments: dict) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})


def _terms(database: str, text: str) -> list[int]:
    found = psql(database, f"SELECT array_to_json(terms) FROM memories WHERE user_input = '{text}' LIMIT 1")
    return json.loads(found)


def _lexicon(database: str, text: str) -> tuple[str, int]:
    """The vector of its terms and phrases, and its words."""
    vector, words = psql(database, f"SELECT lexicon, words FROM memories WHERE user_input = '{text}' LIMIT 1").split("|")
    return vector, int(words)


def _question(server: Server, question: str) -> dict[str, str]:
    """The parameters of search_words.sql: its words, their beginnings and phrases, learnt one by one from memories that go again."""
    words = question.split()
    pairs = list(zip(words, words[1:]))
    with server.connect() as connection:
        connection.done("save_memories", {"memories": [{"user_input": text, "session_id": "parts"}
            for text in dict.fromkeys([*words, *map(" ".join, pairs)])]})
    terms = {word: _terms(server.database, word)[0] for word in words}
    beginnings = [(number, terms[word], 0) for word in words for number in _entries(server.database, word) - {terms[word]}]
    known = {*terms.values(), *(number for number, _, _ in beginnings)}
    phrases = [(number, terms[first], terms[second]) for first, second in pairs
        for number in _entries(server.database, f"{first} {second}") - known]
    psql(server.database, "DELETE FROM memories WHERE session_id = 'parts'")
    beside = [*phrases, *beginnings]
    return {"terms": _as_array(list(terms.values()))} | {
        name: _as_array([entry[i] for entry in beside]) for i, name in enumerate(("phrases", "before", "after"))}


def _entries(database: str, text: str) -> set[int]:
    """The places of its vector."""
    return {int(entry.split(":")[0]) for entry in _lexicon(database, text)[0].strip("{").split("}")[0].split(",")}


# Two vectors as one.
UNITED = """(SELECT format('{%s}/1000000000', string_agg(place || ':' || value, ','))::sparsevec
    FROM (SELECT split_part(e, ':', 1)::int AS place, max(split_part(e, ':', 2)::float4) AS value
        FROM unnest(ARRAY[one.lexicon, two.lexicon]) AS v,
            regexp_split_to_table(split_part(ltrim(v::text, '{'), '}', 1), ',') AS e GROUP BY 1) AS entry)"""


def _as_array(terms: list[int]) -> str:
    return "{" + ",".join(map(str, terms)) + "}"


class Texts:
    """Calls for wrk and scripts for pgbench that do the same, and the database both begin with."""

    def __init__(self, server: Server, directory: Path, library: int):
        every = sentences()
        rare = rare_questions(every)
        asked = set(" ".join([*QUESTIONS, *rare]).split())
        # Saves that share no word with the questions do not make the searches find more.
        saved = [s for s in every if not asked & set(re.findall(r"\w+", s.lower()))][:2 * SAVED]
        self.pairs = list(zip(saved[:SAVED], saved[SAVED:]))
        self._learn(server, [*every, *QUESTIONS, *rare])
        self._fill(server.database, library, [*QUESTIONS, *rare])
        self.saves = self._calls(directory / "saves", [("save_memory", {"user_input": f"Note {NUMBER}: {said}",
            "assistant_response": answered, "session_id": f"agent-{i}"}) for i, (said, answered) in enumerate(self.pairs)])
        self.save, self.save_one = self._save_scripts(directory, server)
        self.searches, self.search = self._search(directory, server, "search", QUESTIONS)
        self.rare_searches, self.rare_search = self._search(directory, server, "rare", rare)
        some = psql(server.database, "SELECT id FROM memories ORDER BY id LIMIT 8").split()
        self.gets = self._calls(directory / "gets", [("get_memory", {"id": memory}) for memory in some])
        self.get = Pgbench(self._folder(directory, "get"), statement("db/sql/memory_get.sql", {1: "'default'", 2: "'local'", 3: str(2**31 - 1), 4: "true",
                5: str(2**20), 6: "ARRAY[:id]"}),
            [{"id": memory} for memory in some])

    @staticmethod
    def _folder(directory: Path, name: str) -> Path:
        (directory / name).mkdir()
        return directory / name

    @staticmethod
    def _calls(path: Path, calls: list[tuple]) -> Path:
        path.write_text("".join(message(*call) + "\n" for call in calls))
        return path

    @staticmethod
    def _learn(server: Server, texts: list[str]):
        """Each text as a memory, so that its terms are in the database."""
        with server.connect() as connection:
            for text in texts:
                connection.done("save_memory", {"user_input": text, "session_id": "sentences"})

    @staticmethod
    def _fill(database: str, library: int, questions: list[str]):
        """Pairs of sentences instead of the questions, until the library is full."""
        asked = ", ".join(f"'{q}'" for q in questions)
        psql(database, f"""
            WITH sentence AS (
                SELECT row_number() OVER (ORDER BY created_at) - 1 AS i, count(*) OVER () AS n, namespace, agent,
                    user_input AS text, terms, lexicon, words
                FROM memories WHERE user_input NOT IN ({asked})
            ), pair AS (
                SELECT k, floor(random() * (SELECT max(n) FROM sentence))::int AS a,
                    floor(random() * (SELECT max(n) FROM sentence))::int AS b
                FROM generate_series(1, {library} - (SELECT count(*) FROM memories)) AS k, setseed(0.5)
            )
            INSERT INTO memories (namespace, agent, session_id, user_input, assistant_response, terms, lexicon, words, text_version)
            SELECT one.namespace, one.agent, 'sentences', one.text, two.text,
                ARRAY(SELECT DISTINCT t FROM unnest(one.terms || two.terms) AS t ORDER BY t), {UNITED}, one.words + two.words, 1
            FROM pair JOIN sentence one ON one.i = a JOIN sentence two ON two.i = b""")
        psql(database, "VACUUM ANALYZE memories")

    def _save_scripts(self, directory: Path, server: Server) -> tuple[Pgbench, Pgbench]:
        """The server's own statement for one row, and a plain one; its texts, and as many terms: one is the number's."""
        namespace, agent = psql(server.database, "SELECT namespace, agent FROM memories LIMIT 1").split("|")
        variables = []
        for i, (said, answered) in enumerate(self.pairs):
            terms = sorted({*_terms(server.database, said), *_terms(server.database, answered)})
            vector, words = _lexicon(server.database, said)
            variables.append({"session": f"agent-{i}", "said": said, "answered": answered, "namespace": namespace, "agent": agent,
                "terms": _as_array(terms), "vector": vector, "words": str(words)})
        values = [":namespace", ":agent", ":session", "('Note ' || :number || ': ' || :said)", ":answered", "NULL", "NULL",
            "(:number::int || :terms::int[])", ":vector", ":words::int"]
        head = "\\set number random(1000000000, 2000000000)\n"
        own = statement("db/sql/memory_save.sql", dict(enumerate(["gen_random_uuid()", ":namespace", ":agent", "NULL",
            ":session", values[3], ":answered", "NULL", "NULL", "'shared'", "NULL", "sha256((:number || :said)::bytea)", "true",
            "NULL", "NULL", "NULL", "false", "NULL", "NULL", *values[7:], "1"], 1)))
        plain = statement("tests/bench/save_one.sql", dict(enumerate(values, 1)))
        return (Pgbench(self._folder(directory, "save"), own, variables, head),
            Pgbench(self._folder(directory, "save-one"), plain, variables, head))

    def _search(self, directory: Path, server: Server, name: str, questions: list[str]) -> tuple[Path, Pgbench]:
        calls = self._calls(directory / f"{name}-calls", [("search_memories", {"query": q}) for q in questions])
        text = statement("db/sql/search_words.sql", {1: "'default'", 2: "'local'", 3: ":terms", 4: "NULL", 5: "10", 6: "1000",
            7: ":phrases", 8: ":before", 9: ":after", 10: "NULL", 11: "NULL", 12: "false", 13: "NULL", 14: "false"})
        variables = [_question(server, question) for question in questions]
        with server.connect() as connection:
            for question, values in zip(questions, variables):
                through_http = [hit["id"] for hit in connection.done("search_memories", {"query": question})["hits"]]
                bound = re.sub(r"(?<!:):(terms|phrases|before|after)\b", lambda name: f"'{values[name[1]]}'", text)
                directly = psql(server.database, bound.rstrip(";\n"))
                # The server shows near-duplicates once, so it may show fewer rows, but in the same order.
                rows = [row.split("|")[0] for row in directly.splitlines()]
                if not through_http or through_http != [row for row in rows if row in through_http]:
                    raise SystemExit(f"bench: the server and pgbench find different things for '{question}'")
        return calls, Pgbench(self._folder(directory, name), text, variables)
