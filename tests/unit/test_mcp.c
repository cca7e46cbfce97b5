/* mcp: every row of the era table that a body and its headers decide, and the header rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcp.h"
#include "mcp_header.h"

#define MODERN           "2026-07-28"
#define VERSION_KEY      "\"io.modelcontextprotocol/protocolVersion\":"
#define CAPABILITIES_KEY "\"io.modelcontextprotocol/clientCapabilities\":"

#define META(members)     "\"_meta\":{" members "}"
#define CLAIM_OF(version) META(VERSION_KEY "\"" version "\"," CAPABILITIES_KEY "{}")
#define CLAIM             CLAIM_OF(MODERN)
#define REQUEST(method, params)                                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define NOTE(method, params)                                                                   \
	"{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":{" params "}}"
#define CALL REQUEST("tools/call", "\"name\":\"get_memory\"," CLAIM)

#define FINE RPC_CODE_COUNT /* no error */

struct row {
	const char *name, *body;
	struct mcp_headers headers;
	enum mcp_era era;
	const char *version; /* when fine */
	enum rpc_code code;
	const char *words; /* in the error */
};

/* clang-format off */
static const struct row eras[] = {
	{ "7 response, no header", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "7 response, modern header", "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}", { .version = MODERN },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "8 discover", REQUEST("server/discover", CLAIM), { .version = MODERN, .method = "server/discover" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "8 call", CALL, { .version = MODERN, .method = "tools/call", .name = "get_memory" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "8 blanks around", CALL, { .version = " " MODERN "\t", .method = "\ttools/call ", .name = " get_memory  " },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "8 unknown method", REQUEST("no/such", CLAIM), { .version = MODERN, .method = "no/such" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "9 header absent", REQUEST("tools/list", CLAIM), { .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "MCP-Protocol-Version header is required" },
	{ "9 header legacy", REQUEST("tools/list", CLAIM), { .version = "2025-11-25", .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "MCP-Protocol-Version header differs" },
	{ "9 header longer", REQUEST("tools/list", CLAIM), { .version = MODERN "x", .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "MCP-Protocol-Version header differs" },
	{ "9 header empty", REQUEST("tools/list", CLAIM), { .version = "", .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "MCP-Protocol-Version header differs" },
	{ "10 unknown", REQUEST("tools/list", CLAIM_OF("2099-01-01")), { .version = "2099-01-01", .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_UNSUPPORTED_VERSION, "'2099-01-01' is not supported" },
	{ "10 a legacy date", REQUEST("tools/list", CLAIM_OF("2025-11-25")), { .version = "2025-11-25", .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_UNSUPPORTED_VERSION, "'2025-11-25'" },
	{ "10 before the other headers", REQUEST("tools/list", CLAIM_OF("2099-01-01")), { .version = "2099-01-01" },
	  MCP_MODERN, NULL, RPC_UNSUPPORTED_VERSION, "'2099-01-01'" },
	{ "9 unknown, header absent", REQUEST("tools/list", CLAIM_OF("2099-01-01")), { 0 },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "'2099-01-01'" },
	{ "9 unknown, header modern", REQUEST("tools/list", CLAIM_OF("2099-01-01")), { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "'2099-01-01'" },
	{ "11 no capabilities", REQUEST("tools/list", META(VERSION_KEY "\"" MODERN "\"")), { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/clientCapabilities'] is required" },
	{ "11 capabilities no object", REQUEST("tools/list", META(VERSION_KEY "\"" MODERN "\"," CAPABILITIES_KEY "[]")), { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/clientCapabilities']" },
	{ "11 version no string", REQUEST("tools/list", META(VERSION_KEY "7," CAPABILITIES_KEY "{}")), { 0 },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/protocolVersion']" },
	{ "11 version null", REQUEST("tools/list", META(VERSION_KEY "null," CAPABILITIES_KEY "{}")), { 0 },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/protocolVersion']" },
	{ "11 no version", REQUEST("tools/list", META(CAPABILITIES_KEY "{}")), { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/protocolVersion']" },
	{ "11 no _meta", REQUEST("tools/list", ""), { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/protocolVersion']" },
	{ "11 _meta no object", REQUEST("tools/list", "\"_meta\":[]"), { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/protocolVersion']" },
	{ "11 no params", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}", { .version = MODERN, .method = "tools/list" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "params._meta['io.modelcontextprotocol/protocolVersion']" },
	{ "11 envelope before headers", REQUEST("tools/list", META(VERSION_KEY "\"" MODERN "\"")), { .version = "2025-11-25", .method = "TOOLS/LIST" },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "clientCapabilities" },
	{ "12 initialize, no header", REQUEST("initialize", ""), { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "12 initialize, legacy header", REQUEST("initialize", ""), { .version = "2025-06-18" },
	  MCP_LEGACY, "2025-06-18", FINE, NULL },
	{ "12 initialize, half a claim", REQUEST("initialize", META(VERSION_KEY "\"" MODERN "\"")), { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "12 initialize, claim of a legacy date", REQUEST("initialize", CLAIM_OF("2025-11-25")), { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "13 initialize, modern header", REQUEST("initialize", ""), { .version = MODERN, .method = "initialize" },
	  MCP_LEGACY, NULL, RPC_HEADER_MISMATCH, "initialize" },
	{ "14 initialize with claim", REQUEST("initialize", CLAIM), { .version = MODERN, .method = "initialize" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "14 ping with claim", REQUEST("ping", CLAIM), { .version = MODERN, .method = "ping" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "14 logging with claim", REQUEST("logging/setLevel", CLAIM), { .version = MODERN, .method = "logging/setLevel" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "14 subscribe with claim", REQUEST("resources/subscribe", CLAIM), { .version = MODERN, .method = "resources/subscribe" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "15 no header", REQUEST("tools/list", ""), { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "15 2025-11-25", REQUEST("tools/list", ""), { .version = "2025-11-25" },
	  MCP_LEGACY, "2025-11-25", FINE, NULL },
	{ "15 2025-06-18", REQUEST("tools/list", ""), { .version = "2025-06-18 " },
	  MCP_LEGACY, "2025-06-18", FINE, NULL },
	{ "15 2025-03-26", REQUEST("tools/list", ""), { .version = "2025-03-26" },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "15 2024-11-05", REQUEST("tools/list", ""), { .version = "2024-11-05" },
	  MCP_LEGACY, "2024-11-05", FINE, NULL },
	{ "15 Mcp-* of others do not matter", REQUEST("tools/list", ""), { .method = "x", .name = "y", .repeated = true },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "15 _meta without the keys", REQUEST("tools/list", META("\"progressToken\":1")), { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "15 unknown header", REQUEST("tools/list", ""), { .version = "1999-01-01" },
	  MCP_LEGACY, NULL, RPC_UNSUPPORTED_VERSION, "'1999-01-01' is not supported" },
	{ "15 hostile header", REQUEST("tools/list", ""), { .version = "\xff%s%n" },
	  MCP_LEGACY, NULL, RPC_UNSUPPORTED_VERSION, "'?%s%n'" },
	{ "15 empty header", REQUEST("tools/list", ""), { .version = "" },
	  MCP_LEGACY, NULL, RPC_UNSUPPORTED_VERSION, "''" },
	{ "16 legacy note", NOTE("notifications/initialized", ""), { 0 },
	  MCP_LEGACY, "2025-03-26", FINE, NULL },
	{ "16 legacy note, header", NOTE("notifications/initialized", ""), { .version = "2025-11-25" },
	  MCP_LEGACY, "2025-11-25", FINE, NULL },
	{ "16 modern note", NOTE("notifications/x", ""), { .version = MODERN, .method = "notifications/x" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "16 modern note, no Mcp-Method", NOTE("notifications/x", ""), { .version = MODERN },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "16 modern note, other Mcp-Method", NOTE("notifications/x", ""), { .version = MODERN, .method = "notifications/y" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Method header differs" },
	{ "16 note with claim", NOTE("notifications/x", META(VERSION_KEY "\"" MODERN "\"")), { .version = MODERN },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "16 note with claim, other header", NOTE("notifications/x", CLAIM), { .version = "2025-11-25" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "MCP-Protocol-Version header differs" },
	{ "16 note with a bad claim", NOTE("notifications/x", META(VERSION_KEY "[]")), { .version = MODERN },
	  MCP_MODERN, NULL, RPC_INVALID_PARAMS, "protocolVersion" },
};

/* Mcp-Method and Mcp-Name; MODERN stands in the version header of all. */
static const struct row headers[] = {
	{ "no Mcp-Method", REQUEST("tools/list", CLAIM), { 0 },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Method header is required" },
	{ "upper case", REQUEST("tools/list", CLAIM), { .method = "TOOLS/LIST" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Method header differs from the message, which says 'tools/list'" },
	{ "base64 is not for methods", REQUEST("ping", CLAIM), { .method = "=?base64?cGluZw==?=" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Method" },
	{ "no Mcp-Name", CALL, { .method = "tools/call" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name header is required; the message says 'get_memory'" },
	{ "other Mcp-Name", CALL, { .method = "tools/call", .name = "Get_memory" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name header differs" },
	{ "base64", CALL, { .method = "tools/call", .name = "=?base64?Z2V0X21lbW9yeQ==?=" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "base64, no padding", CALL, { .method = "tools/call", .name = "=?base64?Z2V0X21lbW9yeQ?=" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name" },
	{ "base64, marker in upper case", CALL, { .method = "tools/call", .name = "=?BASE64?Z2V0X21lbW9yeQ==?=" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name" },
	{ "base64 of another", CALL, { .method = "tools/call", .name = "=?base64?cGluZw==?=" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name" },
	{ "prompt", REQUEST("prompts/get", "\"name\":\"p\"," CLAIM), { .method = "prompts/get", .name = "p" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "prompt without", REQUEST("prompts/get", "\"name\":\"p\"," CLAIM), { .method = "prompts/get" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name" },
	{ "resource", REQUEST("resources/read", "\"uri\":\"sage://session/\u8bb0\"," CLAIM),
	  { .method = "resources/read", .name = "=?base64?c2FnZTovL3Nlc3Npb24v6K6w?=" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "resource, not encoded", REQUEST("resources/read", "\"uri\":\"sage://session/\u8bb0\"," CLAIM),
	  { .method = "resources/read", .name = "sage://session/\u8bb0" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "Mcp-Name" },
	{ "resource by its name", REQUEST("resources/read", "\"uri\":\"a:b\",\"name\":\"n\"," CLAIM), { .method = "resources/read", .name = "n" },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "which says 'a:b'" },
	{ "nothing to name: for the method to refuse", REQUEST("tools/call", CLAIM), { .method = "tools/call" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "name no string: for the method to refuse", REQUEST("tools/call", "\"name\":7," CLAIM), { .method = "tools/call", .name = "7" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "a name that is not needed", REQUEST("tools/list", CLAIM), { .method = "tools/list", .name = "x" },
	  MCP_MODERN, MODERN, FINE, NULL },
	{ "repeated", CALL, { .method = "tools/call", .name = "get_memory", .repeated = true },
	  MCP_MODERN, NULL, RPC_HEADER_MISMATCH, "once" },
};
/* clang-format on */

static void check_row(const struct row *row, const struct mcp_headers *sent)
{
	struct rpc_message msg;
	struct rpc_error error = {.text = ""};
	struct mcp_request request;

	if (!rpc_parse(row->body, strlen(row->body), &msg, &error))
		fail_msg("%s: %s", row->name, error.text);
	bool fine = mcp_classify(&msg, sent, &request, &error);

	if (request.era != row->era)
		fail_msg("%s: wrong era", row->name);
	if (fine != (row->code == FINE))
		fail_msg("%s: %s", row->name, fine ? "accepted" : error.text);
	if (fine) {
		assert_string_equal(request.version, row->version);
	} else {
		if (error.code != row->code || strstr(error.text, row->words) == NULL)
			fail_msg("%s: %s", row->name, error.text);
		assert_int_equal(error.http_status, 400);
		assert_int_equal(error.data != NULL, row->code == RPC_UNSUPPORTED_VERSION);
		rpc_error_fini(&error);
	}
	rpc_message_fini(&msg);
}

static void classifies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(eras) / sizeof(*eras); i++)
		check_row(&eras[i], &eras[i].headers);
}

static void compares_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		struct mcp_headers sent = headers[i].headers;

		sent.version = MODERN;
		check_row(&headers[i], &sent);
	}
}

static void tells_what_is_supported(void **state)
{
	static const char body[] = REQUEST("tools/list", CLAIM_OF("2099-01-01"));
	static const struct mcp_headers equal = {.version = "2099-01-01"};
	struct rpc_message msg;
	struct rpc_error error;
	struct mcp_request request;

	(void)state;
	assert_true(rpc_parse(body, strlen(body), &msg, &error));
	assert_false(mcp_classify(&msg, &equal, &request, &error));
	char *data = json_dumps(error.data, JSON_COMPACT);

	assert_string_equal(
	    data, "{\"supported\":[\"2026-07-28\"],\"requested\":\"2099-01-01\"}");
	free(data);
	rpc_error_fini(&error);
	rpc_message_fini(&msg);
}

static void negotiates(void **state)
{
	static const char *const cases[][2] = {
	    {"2025-11-25", "2025-11-25"},
	    {"2025-06-18", "2025-06-18"},
	    {"2025-03-26", "2025-03-26"},
	    {"2024-11-05", "2024-11-05"},
	    {"2026-07-28", "2025-11-25"},
	    {"2099-01-01", "2025-11-25"},
	    {"2025-11", "2025-11-25"},
	    {"", "2025-11-25"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(mcp_negotiate(cases[i][0]), cases[i][1]);
}

static void decodes_headers(void **state)
{
	static const struct {
		const char *value, *decoded; /* NULL: malformed */
	} cases[] = {
	    {"", ""},
	    {"   ", ""},
	    {"us-west1", "us-west1"},
	    {" \ta b\t ", "a b"},
	    {"=?base64?SGVsbG8sIOS4lueVjA==?=", "Hello, \u4e16\u754c"},
	    {" =?base64?IHBhZGRlZCA=?= ", " padded "},
	    {"=?base64?bGluZTEKbGluZTI=?=", "line1\nline2"},
	    {"=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?="},
	    {"=?base64?"
	     "+/+/"
	     "?=",
	        "\xfb\xff\xbf"},
	    {"=?base64?"
	     "?=",
	        ""},
	    {"=?base64?=", "=?base64?="},
	    {"=?base64?SGVsbG8", "=?base64?SGVsbG8"},
	    {"=?Base64?SGVsbG8=?=", "=?Base64?SGVsbG8=?="},
	    {"=?base64?SGVsbG8?=", NULL},
	    {"=?base64?SGVsbG8==?=", NULL},
	    {"=?base64?SGVsbG9=?=", NULL},
	    {"=?base64?SGVs bG8=?=", NULL},
	    {"=?base64?SGVsbG-_?=", NULL},
	    {"=?base64?SG=sbG8=?=", NULL},
	    {"=?base64?====?=", NULL},
	    {"=?base64?=?=", NULL},
	    {"=?base64?A===?=", NULL},
	    {"=?base64?AGEA?=", NULL},
	    {"caf\xc3\xa9", NULL},
	    {"a\nb", NULL},
	    {"a\x7f", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char out[32];
		bool fine = mcp_header_decode(cases[i].value, out, sizeof(out));

		if (fine != (cases[i].decoded != NULL) ||
		    (fine && strcmp(out, cases[i].decoded) != 0))
			fail_msg("%s: %s", cases[i].value, fine ? out : "refused");
	}
}

static void bounds_what_it_decodes(void **state)
{
	char out[5];

	(void)state;
	assert_true(mcp_header_decode("abcd", out, sizeof(out)));
	assert_false(mcp_header_decode("abcde", out, sizeof(out)));
	assert_true(mcp_header_decode("=?base64?YWJjZA==?=", out, sizeof(out)));
	assert_false(mcp_header_decode("=?base64?YWJjZGU=?=", out, sizeof(out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(classifies),
	    cmocka_unit_test(compares_headers),
	    cmocka_unit_test(tells_what_is_supported),
	    cmocka_unit_test(negotiates),
	    cmocka_unit_test(decodes_headers),
	    cmocka_unit_test(bounds_what_it_decodes),
	};

	return cmocka_run_group_tests_name("mcp", tests, NULL, NULL);
}
