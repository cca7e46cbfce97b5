/* jsonrpc: the texts of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jsonrpc.h"

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
	    cmocka_unit_test(writes_results),
	    cmocka_unit_test(writes_errors),
	    cmocka_unit_test(cuts_long_error_texts),
	    cmocka_unit_test(huge_ids_come_back),
	};

	return cmocka_run_group_tests_name("jsonrpc_answers", tests, NULL, NULL);
}
