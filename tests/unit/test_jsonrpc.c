/* jsonrpc: messages good and hostile, and the texts of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "jsonrpc.h"

#define ARGUMENT(value)                                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","                             \
	"\"params\":{\"arguments\":{\"user_input\":" value "}}}"
#define PLACE "params.arguments.user_input: "

static void accepts(void **state)
{
	static const struct {
		const char *body;
		enum rpc_kind kind;
		const char *id; /* as JSON; NULL: none */
		bool has_params;
	} cases[] = {
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", RPC_REQUEST, "1", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"ping\",\"params\":{}}", RPC_REQUEST,
	        "\"\"", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"\"}", RPC_REQUEST, "0", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":-9007199254740991,\"method\":\"ping\"}", RPC_REQUEST,
	        "-9007199254740991", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":9007199254740991,\"method\":\"ping\"}", RPC_REQUEST,
	        "9007199254740991", false},
	    {" {\"x\":[1],\"method\":\"ping\",\"id\":\"a\",\"jsonrpc\":\"2.0\"}\r\n",
	        RPC_REQUEST, "\"a\"", false},
	    {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", RPC_NOTIFICATION,
	        NULL, false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{}}", RPC_RESPONSE, "3", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"error\":{\"code\":1,\"message\":\"m\"}}",
	        RPC_RESPONSE, "\"s\"", false},
	    {ARGUMENT("\"\\ud83d\\ude00 \u8bb0 \\\"\""), RPC_REQUEST, "7", true},
	    {ARGUMENT("[1e300,-0.0,9007199254740991,\"\u2028\"]"), RPC_REQUEST, "7", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rpc_message msg;
		struct rpc_error error = {.text = ""};

		if (!rpc_parse(cases[i].body, strlen(cases[i].body), &msg, &error))
			fail_msg("%s: %s", cases[i].body, error.text);
		assert_int_equal(msg.kind, cases[i].kind);
		assert_int_equal(msg.params != NULL, cases[i].has_params);
		assert_int_equal(msg.method != NULL, cases[i].kind != RPC_RESPONSE);
		assert_int_equal(msg.id != NULL, cases[i].id != NULL);
		if (cases[i].id != NULL) {
			char *id = json_dumps(msg.id, JSON_ENCODE_ANY);

			assert_string_equal(id, cases[i].id);
			free(id);
		}
		rpc_message_fini(&msg);
		rpc_message_fini(&msg); /* a zeroed one is fine */
	}
}

/* One message that must be refused; begin is how its error begins. */
static void refuse(
    const char *body, size_t len, enum rpc_code code, const char *begin, bool has_id)
{
	struct rpc_message msg;
	struct rpc_error error = {.text = ""};

	if (rpc_parse(body, len, &msg, &error))
		fail_msg("accepted: %.200s", body);
	if (error.code != code || strncmp(error.text, begin, strlen(begin)) != 0)
		fail_msg("%.200s: %s", body, error.text);
	assert_int_equal(error.http_status, 400);
	assert_int_equal(msg.id != NULL, has_id);
	size_t answer_len;
	char *answer = rpc_error_text(msg.id, &error, &answer_len);

	assert_non_null(answer); /* whatever was quoted is valid UTF-8 */
	assert_true(answer_len < 1200);
	free(answer);
	rpc_error_fini(&error);
	rpc_message_fini(&msg);
}

static void refuses_what_is_no_json(void **state)
{
	static const struct {
		const char *body, *begin; /* after "Parse error: " */
	} cases[] = {
	    {"", "the text ends too early at byte 0"},
	    {" \r\n", "the text ends too early"},
	    {"hello", "not JSON at byte 5 near 'hello'"},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1", "id: the text ends too early at byte 23"},
	    {"{\"method\":\"pi", "method: the text ends too early"},
	    {"{\"jsonrpc\":\"2.0\",}", "not JSON at byte 18 near '}'"},
	    {"{'jsonrpc':'2.0'}", "not JSON at byte 2 near '''"},
	    {"{\"id\":1} x", "something follows the message at byte 10 near 'x'"},
	    {"{\"id\":1}{\"id\":2}", "something follows the message"},
	    {"{\"id\":1,/**/\"a\":2}", "not JSON at byte 9 near '/'"},
	    {"\xef\xbb\xbf{}", "begins with a byte order mark"},
	    {"\xff\xfe{\0}\0", "invalid UTF-8 at byte 0"},
	    {"{\"id\":1,\"id\":2}", "id: duplicate key at byte 12"},
	    {ARGUMENT("{\"k\":1,\"k\":2}"), "params.arguments.user_input.k: duplicate key"},
	    {ARGUMENT("NaN"), PLACE "not JSON at byte 85 near 'NaN'"},
	    {ARGUMENT("Infinity"), PLACE "not JSON"},
	    {ARGUMENT("-Infinity"), PLACE "not JSON"},
	    {ARGUMENT("0x10"), PLACE "not JSON"},
	    {ARGUMENT("01"), PLACE "not JSON"},
	    {ARGUMENT("TRUE"), PLACE "not JSON"},
	    {ARGUMENT("1e999"), PLACE "number out of range; integers are limited to 2^53 - 1"},
	    {ARGUMENT("-1e999"), PLACE "number out of range"},
	    {ARGUMENT("9223372036854775808"), PLACE "number out of range"},
	    {ARGUMENT("\"a\nb\""), PLACE "line breaks in a text must be escaped"},
	    {ARGUMENT("\"a\tb\""), PLACE "control characters must be escaped"},
	    {ARGUMENT("\"\\x\""), PLACE "invalid escape"},
	    {ARGUMENT("\"\\u12g4\""), PLACE "invalid escape"},
	    {ARGUMENT("\"\\ud800\""), PLACE "lone surrogate"},
	    {ARGUMENT("\"\\udc00\""), PLACE "lone surrogate"},
	    {ARGUMENT("\"\\udc00\\ud800\""), PLACE "lone surrogate"},
	    {ARGUMENT("\"\\ud800\\ud800\""), PLACE "lone surrogate"},
	    {ARGUMENT("\"x\\ud83dy\""), PLACE "lone surrogate"},
	    {ARGUMENT("\"ab\x80\""), PLACE "invalid UTF-8 at byte 85"},
	    {ARGUMENT("\"\xe4\xb8\""), PLACE "invalid UTF-8"},
	    {ARGUMENT("\"\xc0\xaf\""), PLACE "invalid UTF-8"},
	    {ARGUMENT("\"\xed\xa0\x80\""), PLACE "invalid UTF-8"},
	    {ARGUMENT("\"\xf4\x90\x80\x80\""), PLACE "invalid UTF-8"},
	    {"{\"a\xff\":1}", "a: invalid UTF-8 at byte 3"},
	    {"{\"a\xff", "a: invalid UTF-8 at byte 3"},
	    {"{\"params\":{\"a\\u0000b\":1}}", "params.a\\u0000b: U+0000 is not allowed"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char begin[200];

		snprintf(begin, sizeof(begin), "Parse error: %s", cases[i].begin);
		refuse(cases[i].body, strlen(cases[i].body), RPC_PARSE, begin, false);
	}
	refuse(NULL, 0, RPC_PARSE, "Parse error: the text ends too early", false);
	refuse("\0{}", 3, RPC_PARSE, "Parse error: ", false);
	refuse("{}\0", 3, RPC_PARSE, "Parse error: something follows", false);
	refuse("{\"a\":\"\0\"}", 9, RPC_PARSE, "Parse error: a: control characters", false);
}

static void refuses_what_is_no_message(void **state)
{
	static const struct {
		const char *body;
		enum rpc_code code;
		const char *begin; /* after the code's title */
		bool has_id;
	} cases[] = {
	    {"null", RPC_INVALID_REQUEST, "a message must be an object", false},
	    {"7", RPC_INVALID_REQUEST, "a message must be an object", false},
	    {"\"ping\"", RPC_INVALID_REQUEST, "a message must be an object", false},
	    {"[]", RPC_INVALID_REQUEST, "batches are not supported", false},
	    {"[1]", RPC_INVALID_REQUEST, "batches are not supported", false},
	    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", RPC_INVALID_REQUEST,
	        "batches are not supported", false},
	    {"{}", RPC_INVALID_REQUEST, "jsonrpc must be \"2.0\"", false},
	    {"{\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "jsonrpc must", true},
	    {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "jsonrpc must", true},
	    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "jsonrpc must", true},
	    {"{\"JSONRPC\":\"2.0\",\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "jsonrpc must", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_INVALID_REQUEST, "method is required", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "method is required", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_INVALID_REQUEST,
	        "method is required", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", RPC_INVALID_REQUEST,
	        "method is required", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "id must be", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "id must be", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "id must be", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "id must be", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "id must be", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"ping\"}", RPC_INVALID_REQUEST,
	        "id must be", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":9007199254740992,\"method\":\"ping\"}",
	        RPC_INVALID_REQUEST, "id: integers are limited to 2^53 - 1", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0000b\",\"method\":\"ping\"}",
	        RPC_INVALID_REQUEST, "id: contains U+0000", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\\u0000\"}", RPC_INVALID_REQUEST,
	        "method: contains U+0000", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[1]}",
	        RPC_INVALID_PARAMS, "params must be an object", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\"x\"}",
	        RPC_INVALID_PARAMS, "params must be an object", true},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}",
	        RPC_INVALID_PARAMS, "params must be an object", true},
	    {"{\"jsonrpc\":\"2.0\",\"result\":{}}", RPC_INVALID_REQUEST,
	        "a response needs an id", false},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", RPC_INVALID_REQUEST,
	        "a response has either", true},
	    {ARGUMENT("9007199254740992"), RPC_INVALID_REQUEST, PLACE "integers are limited",
	        true},
	    {ARGUMENT("-9007199254740992"), RPC_INVALID_REQUEST, PLACE "integers are limited",
	        true},
	    {ARGUMENT("9223372036854775807"), RPC_INVALID_REQUEST, PLACE "integers are limited",
	        true},
	    {ARGUMENT("\"a\\u0000b\""), RPC_INVALID_REQUEST, PLACE "contains U+0000", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char begin[200];

		snprintf(begin, sizeof(begin), "%s: %s",
		    cases[i].code == RPC_INVALID_PARAMS ? "Invalid params" : "Invalid request",
		    cases[i].begin);
		refuse(cases[i].body, strlen(cases[i].body), cases[i].code, begin,
		    cases[i].has_id);
	}
}

/* {"jsonrpc":"2.0","id":1,"method":"m","params":{"a":[[...]]}} of depth containers in all. */
static char *deep_message(int depth, size_t *len)
{
	static const char head[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"a\":";
	size_t arrays = (size_t)depth - 2;
	char *body = malloc(sizeof(head) + 2 * arrays + 2);

	assert_non_null(body);
	memcpy(body, head, sizeof(head) - 1);
	memset(body + sizeof(head) - 1, '[', arrays);
	memset(body + sizeof(head) - 1 + arrays, ']', arrays);
	*len = sizeof(head) - 1 + 2 * arrays;
	memcpy(body + *len, "}}", 2);
	*len += 2;
	return body;
}

static void limits_depth(void **state)
{
	static const struct {
		int depth;
		bool accepted;
		const char *begin;
	} cases[] = {
	    {63, true, NULL},
	    {64, true, NULL},
	    {65, false, "Invalid request: params.a[0][0]"},
	    {2000, false, "Invalid request: params.a[0][0]"},
	    {5000, false, "Parse error: params.a[0][0]"}, /* jansson's own limit comes first */
	    {1000000, false, "Parse error: params.a[0][0]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len;
		char *body = deep_message(cases[i].depth, &len);
		struct rpc_message msg;
		struct rpc_error error = {.text = ""};

		assert_int_equal(rpc_parse(body, len, &msg, &error), cases[i].accepted);
		if (!cases[i].accepted) {
			assert_memory_equal(error.text, cases[i].begin, strlen(cases[i].begin));
			assert_non_null(strstr(error.text, "nested deeper than 64 levels"));
		}
		rpc_message_fini(&msg);
		free(body);
	}
}

/* An answer as text must be this value, and its length must be right. */
static void expect_text(char *text, const size_t *len, const char *expected)
{
	assert_non_null(text);
	assert_string_equal(text, expected);
	assert_int_equal(*len, strlen(expected));
	free(text);
}

static void writes_results(void **state)
{
	json_t *number = json_integer(-42);
	json_t *odd = json_string("a\"\\\n\u8bb0");
	size_t len;

	(void)state;
	expect_text(rpc_result_text(number, "{}", 2, &len), &len,
	    "{\"jsonrpc\":\"2.0\",\"id\":-42,\"result\":{}}");
	expect_text(rpc_result_text(odd, "{\"a\":1}XX", 7, &len), &len,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"\\\\\\n\u8bb0\",\"result\":{\"a\":1}}");
	json_decref(number);
	json_decref(odd);
}

static void writes_errors(void **state)
{
	json_t *id = json_string("x");
	struct rpc_error error;
	size_t len;

	(void)state;
	rpc_error_set(
	    &error, RPC_METHOD_NOT_FOUND, NULL, "there is no method '%s'", "a\xff\"b");
	assert_int_equal(error.http_status, 404);
	expect_text(rpc_error_text(NULL, &error, &len), &len,
	    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32601,"
	    "\"message\":\"Method not found: there is no method 'a?\\\"b'\"}}");
	rpc_error_fini(&error);

	rpc_error_set(&error, RPC_MISSING_CAPABILITY,
	    json_pack("{s:{s:{}}}", "requiredCapabilities", "sampling"), "sampling");
	expect_text(rpc_error_text(id, &error, &len), &len,
	    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32021,"
	    "\"message\":\"Missing required client capability: sampling\","
	    "\"data\":{\"requiredCapabilities\":{\"sampling\":{}}}}}");
	rpc_error_fini(&error);
	rpc_error_fini(&error);
	json_decref(id);
}

static void cuts_long_error_texts(void **state)
{
	static char wide[3001];
	struct rpc_error error;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(wide) - 1; i++)
		wide[i] = "\u8bb0"[i % 3];
	for (int shift = 0; shift < 3; shift++) { /* wherever the cut falls in a character */
		rpc_error_set(&error, RPC_INTERNAL, NULL, "%.*s%s", shift, "xxx", wide);
		char *text = rpc_error_text(NULL, &error, &len);

		assert_non_null(text);
		json_t *json = json_loads(text, 0, NULL);

		assert_non_null(json);
		json_decref(json);
		free(text);
	}
}

static void huge_ids_come_back(void **state)
{
	static char body[200000];
	size_t len = (size_t)snprintf(
	    body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":\"");
	struct rpc_message msg;
	struct rpc_error error;

	(void)state;
	memset(body + len, 'x', 100000);
	len += 100000;
	memcpy(body + len, "\"}", 2);
	assert_true(rpc_parse(body, len + 2, &msg, &error));
	char *text = rpc_result_text(msg.id, "{}", 2, &len);

	assert_int_equal(
	    len, strlen("{\"jsonrpc\":\"2.0\",\"id\":\"\",\"result\":{}}") + 100000);
	free(text);
	rpc_message_fini(&msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts),
	    cmocka_unit_test(refuses_what_is_no_json),
	    cmocka_unit_test(refuses_what_is_no_message),
	    cmocka_unit_test(limits_depth),
	    cmocka_unit_test(writes_results),
	    cmocka_unit_test(writes_errors),
	    cmocka_unit_test(cuts_long_error_texts),
	    cmocka_unit_test(huge_ids_come_back),
	};

	return cmocka_run_group_tests_name("jsonrpc", tests, NULL, NULL);
}
