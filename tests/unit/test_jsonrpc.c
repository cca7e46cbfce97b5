/* jsonrpc: messages good and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static const struct {
	const char *body;
	enum rpc_code code;
	const char *begin; /* after the code's title */
	bool has_id;
} no_messages[] = {
    {"null", RPC_INVALID_REQUEST, "a message must be an object", false},
    {"7", RPC_INVALID_REQUEST, "a message must be an object", false},
    {"\"ping\"", RPC_INVALID_REQUEST, "a message must be an object", false},
    {"[]", RPC_INVALID_REQUEST, "a message must be an object", false},
    {"[1]", RPC_INVALID_REQUEST, "a message must be an object", false},
    {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", RPC_INVALID_REQUEST,
        "a message must be an object", false},
    {"{}", RPC_INVALID_REQUEST, "jsonrpc must be \"2.0\"", false},
    {"{\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "jsonrpc must", true},
    {"{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "jsonrpc must",
        true},
    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "jsonrpc must",
        true},
    {"{\"JSONRPC\":\"2.0\",\"id\":1,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "jsonrpc must",
        true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_INVALID_REQUEST, "method is required", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"ping\"}", RPC_INVALID_REQUEST,
        "method is required", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_INVALID_REQUEST, "method is required",
        true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", RPC_INVALID_REQUEST,
        "method is required", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "id must be",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "id must be",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "id must be",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", RPC_INVALID_REQUEST, "id must be",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", RPC_INVALID_REQUEST, "id must be",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"ping\"}", RPC_INVALID_REQUEST, "id must be",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":9007199254740992,\"method\":\"ping\"}", RPC_INVALID_REQUEST,
        "id: integers are limited to 2^53 - 1", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0000b\",\"method\":\"ping\"}", RPC_INVALID_REQUEST,
        "id: contains U+0000", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\\u0000\"}", RPC_INVALID_REQUEST,
        "method: contains U+0000", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[1]}", RPC_INVALID_PARAMS,
        "params must be an object", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\"x\"}", RPC_INVALID_PARAMS,
        "params must be an object", true},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":null}", RPC_INVALID_PARAMS,
        "params must be an object", true},
    {"{\"jsonrpc\":\"2.0\",\"result\":{}}", RPC_INVALID_REQUEST, "a response needs an id",
        false},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", RPC_INVALID_REQUEST,
        "a response has either", true},
    {ARGUMENT("9007199254740992"), RPC_INVALID_REQUEST, PLACE "integers are limited", true},
    {ARGUMENT("-9007199254740992"), RPC_INVALID_REQUEST, PLACE "integers are limited", true},
    {ARGUMENT("9223372036854775807"), RPC_INVALID_REQUEST, PLACE "integers are limited", true},
    {ARGUMENT("\"a\\u0000b\""), RPC_INVALID_REQUEST, PLACE "contains U+0000", true},
};

static void refuses_what_is_no_message(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(no_messages) / sizeof(*no_messages); i++) {
		char begin[200];

		snprintf(begin, sizeof(begin), "%s: %s",
		    no_messages[i].code == RPC_INVALID_PARAMS ? "Invalid params"
		                                              : "Invalid request",
		    no_messages[i].begin);
		refuse(no_messages[i].body, strlen(no_messages[i].body), no_messages[i].code,
		    begin, no_messages[i].has_id);
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

static int allocations_left;

static void *scarce_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

/* Whichever allocation fails: a refusal, nothing leaked, and at the first one the truth. */
static void survives_without_memory(void **state)
{
	static const char body[] = ARGUMENT("[1,2.5,true,\"text\",{\"k\":null}]");
	struct rpc_message msg;
	struct rpc_error error;
	bool parsed = false;

	(void)state;
	json_set_alloc_funcs(scarce_malloc, free);
	for (int enough = 0; !parsed; enough++) {
		assert_true(enough < 1000);
		allocations_left = enough;
		parsed = rpc_parse(body, sizeof(body) - 1, &msg, &error);
		if (enough == 0)
			assert_int_equal(error.code, RPC_INTERNAL);
		rpc_message_fini(&msg);
	}
	json_set_alloc_funcs(malloc, free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(accepts),
	    cmocka_unit_test(refuses_what_is_no_json),
	    cmocka_unit_test(refuses_what_is_no_message),
	    cmocka_unit_test(limits_depth),
	    cmocka_unit_test(survives_without_memory),
	};

	return cmocka_run_group_tests_name("jsonrpc", tests, NULL, NULL);
}
