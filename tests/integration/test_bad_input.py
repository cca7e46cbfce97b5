"""Whatever arrives is answered in the protocol's form, and the next request on the connection works."""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sage import LEGACY, MODERN

ERAS = pytest.mark.parametrize("era", [LEGACY, MODERN])

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602


@pytest.fixture(autouse=True)
def connection_still_works(connection):
    """After every test: a good request on the same connection."""
    yield
    assert connection.rpc("tools/list", id="after").json["id"] == "after"
    assert connection.done("get_status")["version"]


def call_text(name: str, arguments: str, id="1") -> bytes:
    """A tools/call whose arguments are given as JSON text, right or wrong."""
    return (f'{{"jsonrpc":"2.0","id":{id},"method":"tools/call",'
            f'"params":{{"name":"{name}","arguments":{arguments}}}}}').encode("utf-8", "surrogatepass")


# --- JSON that is none ----------------------------------------------------------

NOT_JSON = {
    "empty body": b"",
    "blank body": b"  \r\n",
    "plain text": b"hello",
    "cut object": b'{"jsonrpc":"2.0","id":1,"method":"ping"',
    "cut string": b'{"jsonrpc":"2.0","id":1,"method":"pi',
    "trailing comma": b'{"jsonrpc":"2.0","id":1,"method":"ping",}',
    "single quotes": b"{'jsonrpc':'2.0','id':1,'method':'ping'}",
    "text behind it": b'{"jsonrpc":"2.0","id":1,"method":"ping"} x',
    "two messages": b'{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}',
    "comment": b'{"jsonrpc":"2.0",/* */"id":1,"method":"ping"}',
    "UTF-16": '{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16"),
    "NUL byte in front": b'\0{"jsonrpc":"2.0","id":1,"method":"ping"}',
    "NUL byte behind": b'{"jsonrpc":"2.0","id":1,"method":"ping"}\0',
    "raw NUL byte in a text": call_text("save_memory", '{"user_input":"a\0b"}'),
    "raw newline in a text": call_text("save_memory", '{"user_input":"a\nb"}'),
    "NaN": call_text("search_memories", '{"query":"x","limit":NaN}'),
    "Infinity": call_text("search_memories", '{"query":"x","limit":Infinity}'),
    "-Infinity": call_text("search_memories", '{"query":"x","limit":-Infinity}'),
    "number out of range": call_text("search_memories", '{"query":"x","limit":1e999}'),
    "hexadecimal": call_text("search_memories", '{"query":"x","limit":0x10}'),
    "leading zero": call_text("search_memories", '{"query":"x","limit":01}'),
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_malformed_json_is_a_parse_error(connection, body):
    answer = connection.post(body)
    assert (answer.status, answer.error["code"]) == (400, PARSE_ERROR)
    assert answer.json["id"] is None


INVALID_UTF8 = {
    "stray continuation": b"\x80",
    "cut sequence": b"\xe4\xb8",
    "overlong": b"\xc0\xaf",
    "surrogate in UTF-8": b"\xed\xa0\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "Latin-1": b"caf\xe9",
    "0xff": b"\xff",
}


@pytest.mark.parametrize("bad", INVALID_UTF8.values(), ids=INVALID_UTF8)
def test_invalid_utf8_is_refused_with_its_field(connection, bad):
    body = call_text("save_memory", '{"user_input":"aXb"}').replace(b"X", bad)
    answer = connection.post(body)
    assert (answer.status, answer.error["code"]) == (400, PARSE_ERROR)
    assert "user_input" in answer.refusal
    assert "UTF-8" in answer.refusal


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00", r"\udc00\ud800", r"x\ud83dy", r"\ud800\ud800"])
def test_lone_surrogate_is_refused_with_its_field(connection, escape):
    answer = connection.post(call_text("save_memory", f'{{"user_input":"{escape}"}}'))
    assert answer.error["code"] == PARSE_ERROR
    assert "user_input" in answer.refusal


# --- JSON that is no request ----------------------------------------------------

NO_REQUEST = {
    "null": None,
    "number": 7,
    "text": "ping",
    "empty object": {},
    "empty array": [],
    "empty batch": [],
    "no jsonrpc": {"id": 1, "method": "ping"},
    "jsonrpc 1.0": {"jsonrpc": "1.0", "id": 1, "method": "ping"},
    "jsonrpc number": {"jsonrpc": 2.0, "id": 1, "method": "ping"},
    "method number": {"jsonrpc": "2.0", "id": 1, "method": 7},
    "method null": {"jsonrpc": "2.0", "id": 1, "method": None},
    "id null": {"jsonrpc": "2.0", "id": None, "method": "ping"},
    "id fraction": {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
    "id object": {"jsonrpc": "2.0", "id": {}, "method": "ping"},
    "id true": {"jsonrpc": "2.0", "id": True, "method": "ping"},
    "params text": {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": "x"},
    "params array": {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]},
    "result and error": {"jsonrpc": "2.0", "id": 1, "result": {}, "error": {"code": 1, "message": "x"}},
}


@pytest.mark.parametrize("message", NO_REQUEST.values(), ids=NO_REQUEST)
def test_no_request_is_refused(connection, message):
    answer = connection.post(json.dumps(message).encode())
    assert answer.status == 400
    assert answer.error["code"] in (INVALID_REQUEST, INVALID_PARAMS)
    assert len(answer.error["message"]) > 20


@pytest.mark.parametrize("body", [
    b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}',
    call_text("save_memory", '{"user_input":"a","user_input":"b"}'),
], ids=["id", "method", "argument"])
def test_duplicate_keys_are_refused(connection, body):
    answer = connection.post(body)
    assert answer.status == 400
    assert answer.error["code"] in (PARSE_ERROR, INVALID_REQUEST)


@ERAS
def test_refusals_carry_the_id_of_their_request(connection, era):
    answer = connection.rpc("tools/call", {"name": "no_such_tool", "arguments": {}}, era=era, id="mine-42")
    assert answer.json["id"] == "mine-42"
    assert answer.error["code"] == INVALID_PARAMS
    assert "no_such_tool" in answer.refusal


# --- arguments ------------------------------------------------------------------

UUID = str(uuid.uuid4())

# name: (tool, arguments, words the answer must have)
WRONG_ARGUMENTS = {
    "missing user_input": ("save_memory", {}, ["user_input"]),
    "missing query": ("search_memories", {}, ["query"]),
    "missing id": ("get_memory", {}, ["id"]),
    "missing action": ("manage_session", {}, ["action"]),
    "user_input null": ("save_memory", {"user_input": None}, ["user_input"]),
    "user_input number": ("save_memory", {"user_input": 7}, ["user_input"]),
    "user_input array": ("save_memory", {"user_input": ["a"]}, ["user_input"]),
    "user_input object": ("save_memory", {"user_input": {"a": 1}}, ["user_input"]),
    "user_input true": ("save_memory", {"user_input": True}, ["user_input"]),
    "user_input empty": ("save_memory", {"user_input": ""}, ["user_input", "1"]),
    "session_id empty": ("save_memory", {"user_input": "a", "session_id": ""}, ["session_id", "1"]),
    "session_id too long": ("save_memory", {"user_input": "a", "session_id": "x" * 256}, ["session_id", "255"]),
    "session_id number": ("save_memory", {"user_input": "a", "session_id": 1}, ["session_id"]),
    "metadata text": ("save_memory", {"user_input": "a", "metadata": "x"}, ["metadata"]),
    "metadata array": ("save_memory", {"user_input": "a", "metadata": []}, ["metadata"]),
    "metadata too big": ("save_memory", {"user_input": "a", "metadata": {"k": "x" * 110000}},
        ["metadata", "102400"]),
    "unknown argument": ("save_memory", {"user_input": "a", "user_imput": "b"}, ["user_imput", "user_input"]),
    "unknown argument of none": ("get_status", {"verbose": True}, ["verbose"]),
    "limit 0": ("search_memories", {"query": "a", "limit": 0}, ["limit", "1", "50"]),
    "limit 51": ("search_memories", {"query": "a", "limit": 51}, ["limit", "1", "50"]),
    "limit text": ("search_memories", {"query": "a", "limit": "5"}, ["limit"]),
    "limit fraction": ("search_memories", {"query": "a", "limit": 1.5}, ["limit"]),
    "query too long": ("search_memories", {"query": "a" * 16385}, ["query", "16384"]),
    "id no uuid": ("get_memory", {"id": "first"}, ["id"]),
    "id nearly a uuid": ("get_memory", {"id": UUID[:-1]}, ["id"]),
    "id with SQL": ("get_memory", {"id": "' OR 1=1 --"}, ["id"]),
    "id of nothing": ("get_memory", {"id": UUID}, [UUID]),
    "action unknown": ("manage_session", {"action": "drop"}, ["action", "create", "info", "list"]),
    "session of nothing": ("manage_session", {"action": "info", "session_id": "no-such"}, ["no-such"]),
    "switch without session": ("manage_session", {"action": "switch"}, ["session_id"]),
    "embedding empty": ("save_memory", {"user_input": "a", "embedding": []}, ["embedding", "4096", "0"]),
    "embedding short": ("save_memory", {"user_input": "a", "embedding": [0.5] * 3}, ["embedding", "4096", "3"]),
    "embedding long": ("save_memory", {"user_input": "a", "embedding": [0.5] * 4097},
        ["embedding", "4096", "4097"]),
    "embedding of texts": ("save_memory", {"user_input": "a", "embedding": ["0"] * 4096}, ["embedding"]),
    "embedding of nulls": ("save_memory", {"user_input": "a", "embedding": [None] * 4096}, ["embedding"]),
    "embedding nested": ("save_memory", {"user_input": "a", "embedding": [[0.5] * 4096]}, ["embedding"]),
    "embedding beyond float": ("save_memory", {"user_input": "a", "embedding": [0.5] * 4095 + [1e300]},
        ["embedding"]),
    "embedding text": ("search_memories", {"query": "a", "embedding": "[1,2]"}, ["embedding"]),
    "query embedding short": ("search_memories", {"query": "a", "embedding": [1.0]}, ["embedding", "4096"]),
}


@ERAS
@pytest.mark.parametrize("tool, arguments, words", WRONG_ARGUMENTS.values(), ids=WRONG_ARGUMENTS)
def test_wrong_argument_is_a_tool_error_that_names_it(connection, era, tool, arguments, words):
    answer = connection.rpc("tools/call", {"name": tool, "arguments": arguments}, era=era)
    assert answer.status == 200
    assert answer.result["isError"] is True
    assert [word for word in words if word not in answer.refusal] == [], answer.refusal
    assert len(answer.refusal) < 2000


@pytest.mark.parametrize("arguments", ["x", 7, [], True], ids=str)
def test_arguments_that_are_no_object_are_refused(connection, arguments):
    answer = connection.rpc("tools/call", {"name": "get_status", "arguments": arguments})
    assert "arguments" in answer.refusal


@pytest.mark.parametrize("name", [None, 7, "", [], "get_status\0", "GET_STATUS"], ids=repr)
def test_tool_names_that_are_none_are_refused(connection, name):
    answer = connection.rpc("tools/call", {"name": name, "arguments": {}})
    assert answer.error["code"] in (INVALID_PARAMS, INVALID_REQUEST)


@ERAS
def test_nothing_refused_was_saved(connection, era):
    before = connection.done("get_status")["memories"]
    for tool, arguments, _ in WRONG_ARGUMENTS.values():
        connection.rpc("tools/call", {"name": tool, "arguments": arguments}, era=era)
    assert connection.done("get_status")["memories"] == before


# --- what JSON allows and the server cannot keep --------------------------------

NUL_PLACES = {
    "user_input": {"user_input": "a\0b"},
    "assistant_response": {"user_input": "a", "assistant_response": "\0"},
    "session_id": {"user_input": "a", "session_id": "s\0"},
    "metadata": {"user_input": "a", "metadata": {"deep": [{"k": "x\0"}]}},
    "metadata key": {"user_input": "a", "metadata": {"k\0": 1}},
}


@ERAS
@pytest.mark.parametrize("arguments", NUL_PLACES.values(), ids=NUL_PLACES)
def test_nul_character_is_refused_with_its_field(connection, era, arguments):
    answer = connection.rpc("tools/call", {"name": "save_memory", "arguments": arguments}, era=era)
    culprit = next(name for name, value in arguments.items() if "\\u0000" in json.dumps(value))
    assert culprit in answer.refusal
    assert "NUL" in answer.refusal or "U+0000" in answer.refusal or "u0000" in answer.refusal


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**63 - 1, 2**64, 10**30], ids=str)
def test_integer_beyond_2_53_is_refused_with_its_field(connection, number):
    arguments = {"user_input": "a", "metadata": {"n": number}}
    answer = connection.rpc("tools/call", {"name": "save_memory", "arguments": arguments})
    assert "error" in answer.json or answer.result["isError"]
    assert "metadata" in answer.refusal
    assert "2^53" in answer.refusal


def test_largest_safe_integer_is_kept(connection):
    saved = connection.done("save_memory", {"user_input": "a", "metadata": {"n": 2**53 - 1, "m": 1 - 2**53}})
    assert connection.done("get_memory", {"id": saved["id"]})["metadata"] == {"n": 2**53 - 1, "m": 1 - 2**53}


def test_integer_id_beyond_2_53_is_refused(connection):
    answer = connection.rpc("ping", id=2**53)
    assert (answer.status, "id" in answer.error["message"]) == (400, True)


@pytest.mark.parametrize("depth", [65, 1000, 100_000])
@pytest.mark.parametrize("pair", ["[]", "{}"])
def test_deep_nesting_is_refused_with_the_limit(connection, depth, pair):
    opening = '{"k":' if pair == "{}" else "["
    nested = opening * depth + "1" + pair[1] * depth
    answer = connection.post(call_text("save_memory", f'{{"user_input":"a","metadata":{{"n":{nested}}}}}'))
    assert answer.status in (200, 400)
    assert "metadata" in answer.refusal
    assert "64" in answer.refusal


def test_nesting_within_the_limit_is_kept(connection):
    nested = json.loads("[" * 50 + "]" * 50)
    saved = connection.done("save_memory", {"user_input": "a", "metadata": {"n": nested}})
    assert connection.done("get_memory", {"id": saved["id"]})["metadata"] == {"n": nested}


def test_ten_thousand_unknown_arguments_get_a_short_answer(connection):
    arguments = {"user_input": "a"} | {f"key{i}": i for i in range(10_000)}
    answer = connection.rpc("tools/call", {"name": "save_memory", "arguments": arguments})
    assert "key" in answer.refusal
    assert len(answer.body) < 4000


def test_ten_thousand_metadata_keys_are_kept(connection):
    metadata = {f"k{i}": 1 for i in range(9_000)}
    saved = connection.done("save_memory", {"user_input": "a", "metadata": metadata})
    assert connection.done("get_memory", {"id": saved["id"]})["metadata"] == metadata


@ERAS
@pytest.mark.parametrize("field", ["user_input", "assistant_response"])
@pytest.mark.parametrize("character", ["x", "记", "\\"], ids=["ascii", "chinese", "escaped"])
def test_10_mb_text_is_refused_with_its_field_and_limit(connection, era, field, character):
    text = character * (10_000_000 // len(character.encode()) // (2 if character == "\\" else 1))
    arguments = {"user_input": "a"} | {field: text}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "save_memory", "arguments": arguments} | modern_meta(era)}, ensure_ascii=False).encode()
    answer = connection.post(body, modern_headers(era, "tools/call", "save_memory"))
    assert field in answer.refusal
    assert str(1024 * 1024) in answer.refusal


def test_text_of_the_greatest_length_is_kept(connection):
    text = "x" * (1024 * 1024)
    saved = connection.done("save_memory", {"user_input": text})
    assert connection.done("get_memory", {"id": saved["id"]})["user_input"] == text


def modern_meta(era: str) -> dict:
    return {} if era == LEGACY else {"_meta": {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}}}


def modern_headers(era: str, method: str, name: str) -> dict:
    return {"MCP-Protocol-Version": era} | ({} if era == LEGACY else {"Mcp-Method": method, "Mcp-Name": name})


# --- names that are code elsewhere ----------------------------------------------

HOSTILE = ["'; DROP TABLE memories; --", "%s%n%p", "$1", "../../etc/passwd", "{{7*7}}", "a\\0b", "\ufeffbom",
    "\u2028line", "\u202egnp", "<script>alert(1)</script>", "\ufffe\uffff", "\\u0000"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_only_texts(connection, text):
    saved = connection.done("save_memory",
        {"user_input": text, "assistant_response": text, "session_id": text, "metadata": {text: text}})
    memory = connection.done("get_memory", {"id": saved["id"]})
    assert [memory[k] for k in ("user_input", "assistant_response", "session_id", "metadata")] == [
        text, text, text, {text: text}]
    connection.done("search_memories", {"query": text})


# --- ids of two clients never mix -----------------------------------------------


@ERAS
def test_200_clients_with_the_same_id_get_their_own_answers(server, era):
    clients, rounds = 200, 3
    gate = threading.Barrier(clients)

    def client(number: int):
        with server.connect() as connection:
            gate.wait(60)
            for turn in range(rounds):
                mine = f"client {number} turn {turn} {uuid.uuid4()}"
                saved = connection.done("save_memory", {"user_input": mine}, era=era, id=1)
                memory = connection.done("get_memory", {"id": saved["id"]}, era=era, id=1)
                assert memory["user_input"] == mine

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))


@pytest.mark.parametrize("id", [0, -1, 2**53 - 1, "", "1", "ü" * 100, "a\"b\\c", "x" * 10_000], ids=lambda v: repr(v)[:20])
def test_ids_come_back_as_they_were(connection, id):
    assert connection.rpc("tools/list", id=id).json["id"] == id
    assert type(connection.rpc("tools/list", id=id).json["id"]) is type(id)
