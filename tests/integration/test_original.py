"""Everything that the original Sage offered, over its three generations, and how it is done here.

WALK is the list: what it was, the call that does it here, and what must come of it. ELSEWHERE and ABSENT
are what has another place or none, with the reason, and what a client that tries it is told.
"""

import json
from typing import Callable, NamedTuple

import pytest
from sage import LEGACY, MODERN, Server, bearer, create_database, make_key, once, psql, run_command, tool_text

JSON = {"Content-Type": "application/json"}
NEST = "The heron nests in the reeds by the northern lake."
PORT = "Which port does the gateway listen on?"
REPORT = {"agent_name": "reviewer", "task_id": "task-7", "execution_id": "run-1", "error_count": 1,
    "warning_count": 2, "quality_score": 0.9, "performance_metrics": {"seconds": 4}}


class World:
    """A server, a connection to it, and the memories that the walk finds there."""

    def __init__(self, server: Server, connection):
        self.server, self.connection = server, connection
        self.nest = self.save(user_input=NEST, assistant_response="Noted.", session_id="birds",
            metadata={"format": "claude_code", "tool_calls": [{"name": "Read"}]})["id"]
        self.port = self.save(user_input=PORT, assistant_response="On port 9443.", session_id="network")["id"]
        psql(server.database, f"UPDATE memories SET created_at = '2024-03-01T12:00:00Z' WHERE id = '{self.nest}'")

    def save(self, **arguments) -> dict:
        return self.do("save_memory", {"user_input": once()} | arguments)

    def do(self, tool: str, arguments: dict | None = None) -> dict:
        return self.connection.done(tool, arguments)

    def get(self, id: str) -> dict:
        return self.do("get_memory", {"id": id})

    def sessions(self) -> dict:
        return {s["session_id"]: s for s in self.do("search_sessions", {"limit": 100})["sessions"]}

    def session(self, **memory) -> str:
        """A new session that holds one memory."""
        return self.save(session_id=once("session"), **memory)["session_id"]


@pytest.fixture(scope="module")
def world(cluster_uri, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), DATABASE_URL=create_database(cluster_uri, once("walk")))
    server.wait_ready()
    with server.connect() as connection:
        yield World(server, connection)
    server.stop()


class Line(NamedTuple):
    old: str  # what the original had
    do: Callable  # how it is done here; takes the world
    effect: Callable = lambda world, done: done  # what must be true of the world afterwards


def tool(name: str, /, **arguments) -> Callable:
    return lambda world: world.do(name, arguments)


def aged(name: str, /, **arguments) -> Callable:
    """With a memory of 2020, alone in its session."""
    def do(world):
        saved = world.do("save_memory", {"user_input": once("old"), "session_id": once("old")})
        psql(world.server.database, f"UPDATE memories SET created_at = '2020-01-01' WHERE id = '{saved['id']}'; "
            f"UPDATE sessions SET last_active = '2020-01-01' WHERE id = '{saved['session_id']}'")
        done = world.do(name, arguments)
        return done | {"gone": world.connection.tool("get_memory", {"id": saved["id"]}).get("isError", False)}
    return do


def text(name: str, /, **arguments) -> Callable:
    """What a model is shown."""
    return lambda world: tool_text(world.connection.tool(name, arguments))


def prompt(name: str, /, **arguments) -> Callable:
    def get(world):
        result = world.connection.rpc("prompts/get", {"name": name, "arguments": arguments}).result
        return result["messages"][0]["content"]["text"]
    return get


def resource(uri: str) -> Callable:
    def read(world):
        uri_now = uri.format(nest=world.nest)
        return json.loads(world.connection.rpc("resources/read", {"uri": uri_now}).result["contents"][0]["text"])
    return read


def get(path: str, /, **headers) -> Callable:
    return lambda world: world.connection.get(path, headers)


def post(path: str, /, **arguments) -> Callable:
    return lambda world: world.connection.send("POST", path, json.dumps(arguments).encode(), JSON).json


def ids(found: list[dict]) -> list[str]:
    return [item["id"] for item in found]


def saved_in_the_new_session(world) -> dict:
    session = world.session()
    world.do("manage_session", {"action": "switch", "session_id": session})
    saved = world.do("S", {"user_prompt": once(), "assistant_response": "yes"})
    world.do("manage_session", {"action": "switch", "session_id": "default"})
    return {"went_to": saved["session_id"], "wanted": session}


def changed(change: dict) -> Callable:
    """A memory of its own, changed so; it is got again."""
    def change_it(world):
        id = world.save()["id"]
        world.do("update_memory", {"id": id} | change)
        return world.get(id)
    return change_it


def deleted(world) -> str:
    id = world.save()["id"]
    world.do("delete_memory", {"ids": [id]})
    return tool_text(world.connection.tool("get_memory", {"id": id}))


def session_after(tool_name: str, /, **arguments) -> Callable:
    """A new session with one memory, and what became of it."""
    def run(world):
        session = world.session()
        done = world.do(tool_name, {"session_id": session} | arguments)
        return {"done": done, "left": world.sessions().get(session)}
    return run


def lifecycle(*actions: str) -> Callable:
    def go_through(world):
        session = world.session()
        for action in actions:
            world.do("manage_session", {"action": action, "session_id": session})
        return world.sessions()[session]["status"]
    return go_through


def listed_by_turn(world) -> dict:
    session = world.session(user_input=once("turn one"))
    world.save(user_input=once("turn two"), session_id=session)
    return world.do("list_memories", {"session_id": session, "order": "oldest", "limit": 2})["memories"][1]


def long_text(world) -> list[str]:
    word = once("pangolin").replace("-", "")
    saved = world.save(user_input="Plain words of a long story. " * 2000 + word)
    return [saved["id"]] == ids(world.do("search_memories", {"query": word, "limit": 1})["hits"])


def exported(format: str, name: str) -> Callable:
    return lambda world: world.do("export_session", {"session_id": "birds", "format": format})[name]


def initialized(version: str) -> Callable:
    return lambda world: world.connection.rpc("initialize", {"protocolVersion": version, "capabilities": {},
        "clientInfo": {"name": "walk", "version": "1"}}).result["protocolVersion"] == version


def as_stream(world) -> bool:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    plain, stream = (world.connection.send("POST", "/mcp", body, JSON | {"Accept": accept}) for accept in (
        "application/json", "text/event-stream"))
    return plain.json["result"] == {} and b'"result":{}' in stream.body


# A transcript of two turns, as the Stop hook of Claude Code has it.
TRANSCRIPT = "Human: How tall is the {word}?\nAssistant: Two meters.\nHuman: And wide?\nAssistant: One.\n"


def ingested_twice(world) -> list[int]:
    arguments = {"transcript": TRANSCRIPT.format(word=once()), "session_id": once("transcript")}
    return [world.do("ingest_transcript", arguments)["saved"] for _ in range(2)]


WALK = [
    # --- tools of the last version
    Line("S(user_prompt, assistant_response, metadata)",
        tool("S", user_prompt="What is S?", assistant_response="One turn.", metadata={"a": 1}),
        lambda w, done: (w.get(done["id"])["user_input"], w.get(done["id"])["metadata"]) == ("What is S?", {"a": 1})),
    Line("S(agent_metadata)", tool("S", user_prompt="report", assistant_response="done", agent_metadata=REPORT),
        lambda w, done: {k: w.do("agent_reports", {"view": "history", "agent_name": "reviewer"})["executions"][0][k]
            for k in REPORT} == REPORT),
    Line("S goes to the current session", saved_in_the_new_session, lambda w, done: done["went_to"] == done["wanted"]),
    Line("get_context(query, max_results)", text("get_context", query="Where does the heron nest?", max_results=1),
        lambda w, shown: NEST in shown and w.nest in shown and PORT not in shown),
    Line("manage_session(create)", tool("manage_session", action="create"),
        lambda w, done: done["sessions"][0]["session_id"] in w.sessions()),
    Line("manage_session(switch, session_id)", tool("manage_session", action="switch", session_id="default"),
        lambda w, done: w.do("manage_session", {"action": "info"})["sessions"][0]["session_id"] == "default"),
    Line("manage_session(info)", tool("manage_session", action="info", session_id="birds"),
        lambda w, done: {"memories", "created_at", "last_active"} <= done["sessions"][0].keys()),
    Line("manage_session(list)", tool("manage_session", action="list"),
        lambda w, done: {"birds", "network"} <= {s["session_id"] for s in done["sessions"]}),
    *(Line(f"generate_prompt(context, style {style})", tool("generate_prompt", context="the heron's nest", style=style),
        lambda w, done: "reeds" in done["prompt"] and w.nest in ids(done["sources"]))
        for style in ("default", "question", "suggestion")),
    Line("get_status", tool("get_status"), lambda w, done: {"version", "memories", "sessions", "first_memory_at",
        "last_memory_at", "mode", "database_pool", "circuit_breakers"} <= done.keys()),
    Line("reset_circuit_breaker(all)", tool("reset_circuit_breaker"), lambda w, done: {b["name"] for b in done["reset"]} ==
        {b["name"] for b in w.do("get_status")["circuit_breakers"]} != set()),
    Line("reset_circuit_breaker(breaker_name)",
        lambda w: w.do("reset_circuit_breaker", {"name": w.do("get_status")["circuit_breakers"][0]["name"]}),
        lambda w, done: len(done["reset"]) == 1),
    Line("sage://session/{id}", resource("sage://session/birds"), lambda w, got: w.nest in ids(got["latest"])),
    Line("sage://sessions/list", resource("sage://sessions/list"),
        lambda w, got: "birds" in {s["session_id"] for s in got["sessions"]}),
    Line("sage://system/status", resource("sage://system/status"), lambda w, got: got["memories"] >= 2),
    # --- inside its core
    *(Line(f"search strategy {strategy}", tool("search_memory", query="heron", strategy=strategy, limit=5),
        lambda w, done: w.nest in ids(done["hits"])) for strategy in ("default", "semantic", "recent")),
    Line("SearchOptions.session_id", tool("search_memory", query="heron port", session_id="network"),
        lambda w, done: w.port in ids(done["hits"]) and w.nest not in ids(done["hits"])),
    Line("SearchOptions.date_from, date_to",
        tool("list_memories", **{"from": "2024-01-01T00:00:00Z", "to": "2024-12-31T00:00:00Z"}),
        lambda w, done: ids(done["memories"]) == [w.nest]),
    Line("export_session(json)", exported("json", "memories"), lambda w, got: ids(got) == [w.nest]),
    Line("export_session(markdown)", exported("markdown", "markdown"), lambda w, got: NEST in got and got.startswith("# ")),
    Line("analyze_memory(general)", tool("analyze_memories", session_id="birds"), lambda w, done:
        done["memories"] == 1 and {"topics", "lengths", "hours"} <= done.keys() and done["topics"]),
    Line("analyze_memory(patterns)", tool("analyze_memories", session_id="network"), lambda w, done:
        [q["type"] for q in done["questions"]] == ["which"] and {"repetition", "repeated"} <= done.keys()),
    Line("analyze_memory(insights)", tool("analyze_memories"), lambda w, done:
        {"drift", "rising", "falling", "agents"} <= done.keys() and done["agents"]),
    Line("delete_session", session_after("delete_session", memories="delete"),
        lambda w, got: got["done"]["deleted"] == 1 and got["left"] is None),
    Line("merge_sessions", session_after("merge_sessions", into="default"),
        lambda w, got: got["done"]["moved"] == 1 and got["left"]["merged_into"] == "default"),
    Line("get_by_id", lambda w: w.get(w.nest), lambda w, got: got["user_input"] == NEST),
    Line("update memory", changed({"assistant_response": "changed"}), lambda w, got: got["assistant_response"] == "changed"),
    Line("update metadata", changed({"metadata": {"k": [1]}}), lambda w, got: got["metadata"] == {"k": [1]}),
    Line("delete memory", deleted, lambda w, shown: "no memory" in shown),
    Line("get_statistics", tool("get_status"), lambda w, done: done["first_memory_at"] < done["last_memory_at"]),
    Line("chunking of long texts", long_text),
    Line("metadata optimiser (100 KB)",
        lambda w: tool_text(w.connection.tool("save_memory", {"user_input": once(), "metadata": {"a": "b" * 102400}})),
        lambda w, shown: "metadata" in shown and "102400" in shown),
    # --- the HTTP and SSE generation
    Line("POST /mcp as JSON or SSE, by Accept", as_stream),
    Line("GET /health", get("/healthz"), lambda w, got: got.status == 200),
    Line("save_conversation", tool("save_conversation", user_prompt="a former name", assistant_response="still known"),
        lambda w, done: w.get(done["id"])["assistant_response"] == "still known"),
    Line("search_memory(query, limit)", tool("search_memory", query=PORT, limit=1), lambda w, done: ids(done["hits"]) == [w.port]),
    Line("prompt auto_context_injection(user_input)", prompt("auto_context_injection", user_input="heron nests"),
        lambda w, shown: NEST in shown),
    Line("prompt smart_suggestion(topic)", prompt("smart_suggestion", topic="gateway port"), lambda w, shown: "9443" in shown),
    Line("prompt memory_summary(session_id, limit)", prompt("memory_summary", session_id="birds", limit="5"),
        lambda w, shown: NEST in shown and PORT not in shown),
    Line("GET /health/detailed", post("/v1/tools/get_status"), lambda w, done: done["mode"] == "ready"),
    Line("GET /health/readiness", get("/readyz"), lambda w, got: got.status == 200),
    Line("GET /health/liveness", get("/healthz"), lambda w, got: got.status == 200),
    Line("GET /mcp/.well-known/mcp-configuration", get("/mcp/server-card"), lambda w, got: got.json["name"]),
    Line("GET /mcp/info", lambda w: w.connection.rpc("server/discover", era=MODERN).result,
        lambda w, got: {LEGACY, MODERN} & set(got["supportedVersions"])),
    Line("GET /mcp/schema", get("/openapi.json"), lambda w, got: "/v1/tools/S" in got.json["paths"]),
    Line("OPTIONS /mcp", lambda w: w.connection.send("OPTIONS", "/mcp"), lambda w, got: "POST" in got.headers["Allow"]),
    Line("POST /mcp", lambda w: w.connection.rpc("ping").result == {}),
    Line("POST /tools", lambda w: w.connection.rpc("tools/list").result["tools"],
        lambda w, tools: {"save_memory", "get_context"} <= {t["name"] for t in tools}),
    Line("POST /save_conversation", post("/v1/tools/save_conversation", user_prompt="over curl", assistant_response="yes"),
        lambda w, done: w.get(done["id"])["user_input"] == "over curl"),
    Line("POST /get_context", post("/v1/tools/get_context", query="heron nests"), lambda w, done: w.nest in ids(done["memories"])),
    Line("POST /search_memory", post("/v1/tools/search_memory", query="heron nests"), lambda w, done: w.nest in ids(done["hits"])),
    Line("POST /call_tool?tool_name=NAME", post("/v1/tools/manage_session", action="list"), lambda w, done: done["sessions"]),
    Line("limits of save_conversation",
        lambda w: tool_text(w.connection.tool("save_conversation", {"user_prompt": "", "assistant_response": "x"})),
        lambda w, shown: "user_prompt" in shown),
    Line("get_context(context_window)", text("get_context", query="heron", max_tokens=500), lambda w, shown: len(shown) < 2500),
    Line("search_memory(n)", tool("search_memory", query="heron", n=1), lambda w, done: len(done["hits"]) == 1),
    Line("get_memory_stats(include_performance)", lambda w: w.server.admin().get("/metrics").body.decode(),
        lambda w, page: "sage_" in page and "_bucket" in page),
    Line("get_memory_stats(date_range)",
        tool("analyze_memories", **{"from": "2024-01-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"}),
        lambda w, done: done["memories"] == 1),
    Line("clear_session(session_id)", session_after("delete_session", memories="delete"), lambda w, got: got["left"] is None),
    Line("sage://auto-context", text("get_context"), lambda w, shown: shown),
    Line("sage://memory/session/{id}/turn/{n}", listed_by_turn, lambda w, turn: turn["user_input"].startswith("turn two")),
    Line("sage://memory/stats", resource("sage://system/status"), lambda w, got: got["sessions"] >= 2),
    *(Line(f"protocol version {version}", initialized(version)) for version in ("2024-11-05", "2025-06-18")),
    # --- the commands before them
    Line("/SAGE-SESSION start", tool("manage_session", action="create", name="Work on herons"),
        lambda w, done: w.sessions()[done["sessions"][0]["session_id"]]["name"] == "Work on herons"),
    Line("/SAGE-SESSION search", tool("search_sessions", query="birds"), lambda w, done: "birds" in
        {s["session_id"] for s in done["sessions"]}),
    Line("/SAGE-RECALL", tool("search_memories", query="heron"), lambda w, done: w.nest in ids(done["hits"])),
    Line("/SAGE-ANALYZE", tool("analyze_memories"), lambda w, done: done["topics"]),
    Line("/SAGE-STATUS", text("get_status"), lambda w, shown: "memories" in shown),
    Line("sage_auto(enhance_query)", tool("generate_prompt", context="heron nests"), lambda w, done: NEST in done["prompt"]),
    Line("sage_auto(save_conversation)", tool("save_memory", user_input="from a hook"), lambda w, done: w.get(done["id"])),
    *(Line(f"session {' then '.join(actions)}", lifecycle(*actions), lambda w, status, wanted=wanted: status == wanted)
        for actions, wanted in ((("pause",), "paused"), (("pause", "resume"), "active"), (("complete",), "completed"),
            (("archive",), "archived"))),
    Line("memories of sessions idle for 30 days", aged("apply_retention", idle_sessions_days=30, apply=True),
        lambda w, done: done["by_idle_session"] == 1 and done["gone"]),
    Line("sessions by topic or keyword", tool("search_sessions", query="gateway"),
        lambda w, done: "network" in {s["session_id"] for s in done["sessions"]}),
    Line("sessions by date", tool("search_sessions", **{"to": "2020-01-01T00:00:00Z"}), lambda w, done: done["sessions"] == []),
    Line("sessions by status", lambda w: (lifecycle("archive")(w), w.do("search_sessions", {"status": "archived"}))[1],
        lambda w, done: {s["status"] for s in done["sessions"]} == {"archived"}),
    Line("topic_clustering", tool("analyze_memories", session_id="birds"),
        lambda w, done: {"heron", "reeds"} <= {t["term"] for t in done["topics"]}),
    Line("temporal_patterns", tool("analyze_memories", session_id="birds"), lambda w, done: done["hours"] == [{"hour": "12", "memories": 1}]),
    Line("interaction_flow", tool("analyze_memories"), lambda w, done: done["questions"] and "pauses" in done),
    Line("sage_smart_prompt", tool("generate_prompt", context="gateway port", style="suggestion"), lambda w, done: done["sources"]),
    Line("sage_system_status(include_errors, include_performance)", tool("get_status"),
        lambda w, done: {"embedding", "circuit_breakers", "uptime_seconds"} <= done.keys()),
    # --- its hooks and scripts
    Line("transcript of the Stop hook", ingested_twice, lambda w, saved: saved == [2, 0]),
    Line("cli status", lambda w: run_command("healthcheck", DATABASE_URL=w.server.database, LISTEN=w.server.address).returncode == 0),
    Line("cli search QUERY -n N", get("/v1/search?q=heron+nests&limit=1", Accept="text/plain"), lambda w, got: NEST.encode() in got.body),
    Line("cli clear --days N", aged("apply_retention", older_than_days=365, apply=True),
        lambda w, done: done["by_age"] >= 1 and done["gone"]),
]


@pytest.mark.parametrize("line", WALK, ids=lambda line: line.old)
def test_is_done_here(world, line):
    done = line.do(world)
    assert line.effect(world, done), done


# What was an HTTP path there. None of them does anything here.
ELSEWHERE = {
    "/": "there is no page for a browser; MCP is at /mcp",
    "/oauth/authorize": "it approved everybody; here API keys say who asks, or a proxy does",
    "/oauth/token": "the same",
    "/mcp/register": "clients need no registration: an API key says who they are",
    "/mcp/clients": "which agents are active is in analyze_memories; connections are on the admin page",
    "/mcp/token": "sage-mcp key create makes a key",
    "/mcp/auth": "it checked nothing",
}


@pytest.mark.parametrize("path", ELSEWHERE)
def test_path_is_gone(world, path):
    answer = world.connection.get(path)
    assert answer.status == 404
    assert "/mcp" in answer.json["error"]["message"]


class Absent(NamedTuple):
    why: str
    tool: str
    arguments: dict


# What has no counterpart, and the call that would use it. It is refused in words, never ignored.
ABSENT = {
    "sessions archived after 30 days": Absent("nothing is put away by itself: manage_session archives, apply_retention deletes",
        "manage_session", {"action": "archive", "idle_days": 30}),
    "similarity_threshold": Absent("comes with the ranking; today hits are ranked, and limit and max_tokens bound them",
        "search_memory", {"query": "x", "similarity_threshold": 0.6}),
    "get_context(enable_llm_summary)": Absent("no LLM is called; texts are cut to max_tokens by what they say",
        "get_context", {"query": "x", "enable_llm_summary": True}),
    "get_context(enable_neural_rerank)": Absent("no reranker is called", "get_context", {"query": "x", "enable_neural_rerank": True}),
    "export_session(csv)": Absent("the original only promised it", "export_session", {"session_id": "birds", "format": "csv"}),
    "knowledge_graph": Absent("invented from word pairs", "analyze_memories", {"analysis_type": "knowledge_graph"}),
    "sentiment_analysis": Absent("counted words of a list", "analyze_memories", {"analysis_type": "sentiment_analysis"}),
    "query types and weight profiles": Absent("the ranking has no knobs of its own", "search_memories",
        {"query": "x", "weights": {"semantic": 1}}),
    "decay 0.95^days, recency boost, diversity 0.7": Absent("the same; get_context collapses near-duplicates",
        "search_memories", {"query": "x", "decay": 0.95}),
    "sage_command": Absent("slash commands are for clients; each has a tool here", "sage_command", {"command": "/SAGE"}),
    "sage_auto": Absent("the same: generate_prompt and save_memory", "sage_auto", {"action": "enhance_query"}),
    "/SAGE-MODE on|off": Absent("no state decides whether memories are put into requests: the client asks, or its hook",
        "sage_mode", {}),
    "reranker statistics": Absent("no reranker is called", "get_reranker_stats", {}),
}


@pytest.mark.parametrize("old", ABSENT)
def test_what_is_absent_is_refused_in_words(world, old):
    why, name, arguments = ABSENT[old]
    answer = world.connection.rpc("tools/call", {"name": name, "arguments": arguments})
    tried = next((word for word in arguments if word not in ("query", "session_id")), name)
    assert tried in answer.refusal or name in answer.refusal, why


@pytest.mark.parametrize("name", ["sage_smart_mode", "sage_intelligent_mode", "sage_learning_mode", "sage_debug_mode"])
def test_prompts_that_only_set_a_mood_are_gone(world, name):
    assert name in world.connection.rpc("prompts/get", {"name": name}).error["message"]


def test_keys_take_the_place_of_its_oauth(start, database):
    server = start(DATABASE_URL=database).wait_ready()
    key = make_key(database, "ann", "red")
    with server.connect() as connection:
        assert connection.rpc("tools/list").status == 401
        assert connection.rpc("tools/list", headers=bearer(key)).status == 200
