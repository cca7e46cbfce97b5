"""One endpoint for two eras: which one a message belongs to, and what is wrong with it."""

import base64
import json
from dataclasses import dataclass, field

import pytest
from sage import LEGACY, MODERN
from sessions import VERSIONS, initialize, initialize_message

VERSION = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
HEADER = "MCP-Protocol-Version"


def legacy(method: str = "tools/list", **params) -> dict:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def modern(method: str = "tools/list", claim: str = MODERN, without: str | None = None, **params) -> dict:
    meta = {VERSION: claim, CAPABILITIES: {}}
    meta.pop(without, None)
    return legacy(method, _meta=meta, **params)


def note(message: dict) -> dict:
    return {key: value for key, value in message.items() if key != "id"}


def headers(version: str = MODERN, method: str = "tools/list", **more: str) -> dict:
    return {HEADER: version, "Mcp-Method": method} | more


# --- the decision table ----------------------------------------------------------


@dataclass
class Row:
    status: int
    code: int | None  # of the JSON-RPC error; None: none
    body: object = b""  # bytes are sent as they are
    headers: dict = field(default_factory=dict)
    method: str = "POST"
    says: tuple = ()  # words of the answer


RESPONSE = {"jsonrpc": "2.0", "id": 1, "result": {}}
REMOVED = ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"]

TABLE = {
    "1 GET": Row(405, -32600, method="GET"),
    "1 GET modern": Row(405, -32600, method="GET", headers=headers()),
    "1 DELETE": Row(405, -32600, method="DELETE"),
    "1 DELETE legacy": Row(405, -32600, method="DELETE", headers={HEADER: LEGACY}),
    "2 PUT": Row(405, 405, legacy(), method="PUT"),
    "2 PATCH": Row(405, 405, legacy(), method="PATCH"),
    "3 not JSON": Row(400, -32700, b"{"),
    "3 not JSON, modern": Row(400, -32700, b"nonsense", headers()),
    "3 nothing": Row(400, -32700, b""),
    "4 text": Row(415, -32600, legacy(), {"Content-Type": "text/plain"}),
    "4 form": Row(415, -32600, legacy(), {"Content-Type": "application/x-www-form-urlencoded"}),
    "4 nearly JSON": Row(415, -32600, legacy(), {"Content-Type": "application/jsonp"}),
    "5 batch": Row(200, None, [legacy("ping")]),
    "5 batch, header": Row(200, None, [legacy("ping")], {HEADER: "2025-03-26"}),
    "5 batch, other header": Row(400, -32600, [legacy("ping")], {HEADER: LEGACY}),
    "6 empty batch": Row(400, -32600, []),
    "6 empty batch, modern": Row(400, -32600, [], headers()),
    "6 batch of no message": Row(400, -32600, [1]),
    "6 modern in a batch": Row(400, -32600, [legacy("ping"), modern()]),
    "6 modern batch": Row(400, -32600, [modern()], headers()),
    "7 response": Row(400, -32600, RESPONSE),
    "7 response, legacy": Row(400, -32600, RESPONSE, {HEADER: LEGACY}),
    "7 response, modern": Row(400, -32600, RESPONSE, headers()),
    "8 modern": Row(200, None, modern(), headers(), says=("resultType",)),
    "8 modern discover": Row(200, None, modern("server/discover"), headers(method="server/discover"),
        says=("supportedVersions", MODERN)),
    "9 header absent": Row(400, -32020, modern(), {"Mcp-Method": "tools/list"}, says=(HEADER,)),
    "9 header differs": Row(400, -32020, modern(), headers(LEGACY), says=(HEADER,)),
    "9 header unknown": Row(400, -32020, modern(), headers("2099-01-01"), says=(HEADER,)),
    "10 unknown version": Row(400, -32022, modern(claim="2099-01-01"), headers("2099-01-01"),
        says=("supported", MODERN, "requested", "2099-01-01")),
    "10 legacy version": Row(400, -32022, modern(claim=LEGACY), headers(LEGACY),
        says=("supported", MODERN, "requested", LEGACY)),
    "11 no capabilities": Row(400, -32602, modern(without=CAPABILITIES), headers(), says=(CAPABILITIES,)),
    "11 no version": Row(400, -32602, modern(without=VERSION), headers(), says=(VERSION,)),
    "11 no _meta": Row(400, -32602, legacy(), headers(), says=(VERSION,)),
    "11 no params": Row(400, -32602, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, headers(),
        says=(VERSION,)),
    "12 initialize": Row(200, None, initialize_message(LEGACY), says=(LEGACY,)),
    "12 initialize, header": Row(200, None, initialize_message("2025-06-18"), {HEADER: "2025-06-18"},
        says=("2025-06-18",)),
    "13 initialize, modern header": Row(400, -32020, initialize_message(LEGACY), {HEADER: MODERN}),
    "13 initialize for modern": Row(400, -32020, initialize_message(MODERN), headers(method="initialize")),
    **{f"14 {method}": Row(404, -32601, modern(method), headers(method=method)) for method in REMOVED},
    "14 unknown method": Row(404, -32601, modern("no/such"), headers(method="no/such")),
    "15 no header": Row(200, None, legacy()),
    **{f"15 {version}": Row(200, None, legacy(), {HEADER: version}) for version in VERSIONS},
    "15 unknown method": Row(200, -32601, legacy("no/such")),
    "15 unknown version": Row(400, -32022, legacy(), {HEADER: "2099-01-01"}, says=("supported",)),
    "16 notification": Row(202, None, note(legacy("notifications/initialized"))),
    "16 notification, legacy": Row(202, None, note(legacy("notifications/initialized")), {HEADER: LEGACY}),
    "16 notification, modern": Row(202, None, note(legacy("notifications/cancelled")),
        headers(method="notifications/cancelled")),
    "16 notification, claim": Row(202, None, note(modern("notifications/cancelled")),
        headers(method="notifications/cancelled")),
}

# Where two things are wrong, the first check answers.
TABLE |= {
    "envelope before Mcp-Method": Row(400, -32602, modern(without=CAPABILITIES), headers(method="ping")),
    "envelope before an unknown method": Row(400, -32602, legacy("no/such"), headers(method="no/such")),
    "version before Mcp-Method": Row(400, -32022, modern(claim="2099-01-01"), {HEADER: "2099-01-01"}),
    "Mcp-Method before an unknown method": Row(400, -32020, modern("no/such"), headers()),
    "Mcp-Name before an unknown tool": Row(400, -32020, modern("tools/call", name="a"),
        headers(method="tools/call", **{"Mcp-Name": "b"})),
    "shape before the envelope": Row(400, -32600, {"id": 1, "method": "tools/list"}, headers()),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_decision_table(front, row):
    body = row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode()
    with front.connect() as connection:
        answer = connection.send(row.method, "/mcp", body, {"Content-Type": "application/json",
            "Accept": "application/json, text/event-stream"} | row.headers)
        assert connection.rpc("ping").result == {}, "the connection goes on"
    assert answer.status == row.status, answer.body
    if row.status == 202:
        assert answer.body == b""
        return
    assert answer.headers["Content-Type"] == "application/json"
    if row.code is None:
        messages = answer.json if isinstance(answer.json, list) else [answer.json]
        assert all("result" in message for message in messages), answer.body
    else:
        assert answer.error["code"] == row.code, answer.body
    if row.status == 405:
        assert "POST" in answer.headers["Allow"]
    for word in row.says:
        assert word in answer.body.decode()


def test_unsupported_version_names_the_supported_ones(front):
    with front.connect() as connection:
        for claim in ("2099-01-01", *VERSIONS):
            error = connection.post(json.dumps(modern(claim=claim)).encode(), headers(claim)).error
            assert error["data"] == {"supported": [MODERN], "requested": claim}


@pytest.mark.parametrize("row", ["1 GET", "3 not JSON", "10 unknown version", "11 no _meta", "14 ping"])
def test_errors_carry_the_id_when_there_is_one(front, row):
    row = TABLE[row]
    has_id = isinstance(row.body, dict)
    body = json.dumps(row.body | {"id": "水"}).encode() if has_id else row.body
    with front.connect() as connection:
        answer = connection.send(row.method, "/mcp", body, {"Content-Type": "application/json"} | row.headers)
    assert answer.json["id"] == ("水" if has_id else None)


# --- both on one connection ------------------------------------------------------


def test_eras_take_turns_on_one_connection(front):
    sessions = [initialize(front, version) for version in VERSIONS]
    with front.connect() as connection:
        for turn in range(5):
            result = connection.rpc("tools/list", era=MODERN, id=f"m{turn}").result
            assert (result["resultType"], result["cacheScope"]) == ("complete", "public")
            for session in sessions:
                answer = connection.post(json.dumps(legacy()).encode(), session.headers)
                assert set(answer.result) == {"tools"}
                assert answer.headers["MCP-Session-Id"] is None
            id = connection.done("save_memory", {"user_input": f"turn {turn}"}, era=MODERN)["id"]
            found = connection.done("get_memory", {"id": id}, headers=sessions[0].headers)
            assert found["user_input"] == f"turn {turn}"
            assert connection.rpc("ping", era=MODERN).status == 404
            assert connection.rpc("ping", headers=sessions[0].headers).result == {}
            assert connection.rpc("server/discover", headers=sessions[0].headers).error["code"] == -32601
            assert connection.rpc("server/discover", era=MODERN).result["supportedVersions"] == [MODERN]
            fresh = connection.post(json.dumps(initialize_message(LEGACY)).encode())
            assert fresh.headers["MCP-Session-Id"] not in [session.id for session in sessions]
            assert connection.post(json.dumps([legacy()]).encode()).json[0]["result"]["tools"]
    for session in sessions:
        assert session.end(front).status == 204


# --- headers ---------------------------------------------------------------------


def post_lines(server, message: dict, lines: list[tuple[str, str]]):
    """A POST with exactly these headers, repeated ones too."""
    body = json.dumps(message).encode()
    with server.connect() as connection:
        connection.http.putrequest("POST", "/mcp")
        for name, value in [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *lines]:
            connection.http.putheader(name, value.encode())
        connection.http.endheaders(body)
        response = connection.http.getresponse()
        return response.status, json.loads(response.read())


CALL = modern("tools/call", name="get_status", arguments={})
ONCE = [(HEADER, MODERN), ("Mcp-Method", "tools/call"), ("Mcp-Name", "get_status")]


def test_headers_sent_once_are_right(front):
    status, answer = post_lines(front, CALL, ONCE)
    assert status == 200 and answer["result"]["structuredContent"]
    spelled = [(name.swapcase(), f" \t{value}\t ") for name, value in ONCE]
    assert post_lines(front, CALL, spelled)[0] == 200


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("value", ["equal", "other", ""], ids=["equal", "other", "empty"])
@pytest.mark.parametrize("name", [name for name, _ in ONCE])
def test_headers_sent_twice_are_refused(front, name, value, first):
    copy = (name.lower(), dict(ONCE)[name] if value == "equal" else value)
    status, answer = post_lines(front, CALL, [copy, *ONCE] if first else [*ONCE, copy])
    assert (status, answer["error"]["code"]) == (400, -32020)


def encoded(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize("name", ["get_status", "水", "a b", " padded ", "=?base64?eA==?=", "x" * 500, "tab\there"])
def test_encoded_names(front, name):
    for method, member in (("tools/call", "name"), ("prompts/get", "name"), ("resources/read", "uri")):
        lines = [(HEADER, MODERN), ("Mcp-Method", method), ("Mcp-Name", encoded(name))]
        status, answer = post_lines(front, modern(method, **{member: name}), lines)
        assert status == 200, answer
        if (method, name) == ("tools/call", "get_status"):
            assert answer["result"]["structuredContent"]
        else:
            assert answer["error"]["code"] == -32602, "compared, then looked for"


BAD_NAMES = {
    "other name": encoded("get_statu"),
    "no padding": "=?base64?" + base64.b64encode(b"get_statu").decode().rstrip("=") + "A?=",
    "bare": "=?base64??=",
    "upper case": encoded("get_status").replace("base64", "BASE64"),
    "no end": encoded("get_status")[:-2],
    "blank inside": encoded("get_status").replace("X3", "X 3"),
    "URL alphabet": "=?base64?Z2V0X3N0YXR1cw-_?=",
    "padding missing": encoded("get_status").replace("==", ""),
    "too much padding": encoded("get_status").replace("?=", "==?="),
    "twice": encoded(encoded("get_status")),
    "absent": None,
    "empty": "",
    "upper": "GET_STATUS",
    "quoted": '"get_status"',
}


@pytest.mark.parametrize("value", BAD_NAMES.values(), ids=BAD_NAMES)
def test_names_that_differ(front, value):
    assert encoded("get_status").endswith("==?=")
    lines = ONCE[:2] + ([("Mcp-Name", value)] if value is not None else [])
    status, answer = post_lines(front, CALL, lines)
    assert (status, answer["error"]["code"]) == (400, -32020)
    assert "Mcp-Name" in answer["error"]["message"]


@pytest.mark.parametrize("value", ["TOOLS/CALL", "tools/list", "", encoded("tools/call"), None], ids=str)
def test_methods_that_differ(front, value):
    lines = [ONCE[0], ONCE[2]] + ([("Mcp-Method", value)] if value is not None else [])
    status, answer = post_lines(front, CALL, lines)
    assert (status, answer["error"]["code"]) == (400, -32020)
    assert "Mcp-Method" in answer["error"]["message"]


# --- where nothing is ------------------------------------------------------------

NOT_THERE = [f"/{path}" for path in (".well-known/oauth-protected-resource", ".well-known/oauth-authorization-server",
    ".well-known/openid-configuration", ".well-known/mcp.json", "register", "authorize", "token")]
NOT_THERE += [f"{path}/mcp" for path in NOT_THERE] + [f"/mcp{path}" for path in NOT_THERE] + ["/mcp/", "/MCP", "/"]


@pytest.mark.parametrize("path", NOT_THERE)
def test_nothing_is_said_in_json(front, path):
    """Clients look for OAuth there; an HTML page, or any success, leads them astray."""
    with front.connect() as connection:
        for method, body in (("GET", None), ("POST", b"{}")):
            answer = connection.send(method, path, body, {"Accept": "text/html"})
            assert (answer.status, answer.headers["Content-Type"]) == (404, "application/json")
            assert answer.json["error"]


# --- a public name ---------------------------------------------------------------


def test_public_name(start, database, door):
    server = door(start(DATABASE_URL=database, ALLOWED_HOSTS="mem.example").wait_ready())
    with server.connect() as connection:
        for host, status in (("mem.example", 200), ("MEM.example", 200), ("localhost", 200), ("evil.example", 403)):
            for era in (LEGACY, MODERN):
                assert connection.rpc("tools/list", era=era, headers={"Host": host}).status == status, host
        foreign = {"Host": "mem.example", "Origin": "http://evil.example"}
        assert connection.rpc("tools/list", headers=foreign).status == 403
