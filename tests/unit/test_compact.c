/* compact: numbers come back as they were written, texts are not touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compact.h"

static void expect(const char *json, const char *expected)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	size_t len = 0;
	char *text = compact_json(value, &len);

	assert_non_null(text);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	free(text);
	json_decref(value);
}

static void keeps_what_was_written(void **state)
{
	static const char *const cases[] = {
	    "0.1",
	    "-0.1",
	    "0.30000000000000004",
	    "1234567890.123",
	    "3.141592653589793",
	    "5.0",
	    "100000.0",
	    "1e22",
	    "-0.0",
	    "2.5",
	    "2.2250738585072014e-308",
	    "9007199254740991",
	    "-9007199254740991",
	    "0",
	    "true",
	    "false",
	    "null",
	    "[]",
	    "{}",
	    "\"\"",
	    "\"0.10000000000000001\"",
	    "\"a\\\"0.10000000000000001\"",
	    "\"\\\\\"",
	    "[\"\\\\\",0.1,\"e\"]",
	    "{\"score\":0.1,\"0.10000000000000001\":[1.1,{\"n\":null}],\"k\":\"\\\\\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		expect(cases[i], cases[i]);
}

static void writes_one_form(void **state)
{
	(void)state;
	expect(" [ 1.50 , 1E5 , { \"a\" : 1 } ] ", "[1.5,100000.0,{\"a\":1}]");
	expect("[1.5e300,1e-7]", "[1.5e+300,1e-07]");
	expect("\"\\u8bb0\\/\"", "\"\u8bb0/\"");
}

/* All but reals: as jansson writes it, whatever the length. */
static void writes_as_jansson_does(void **state)
{
	(void)state;
	for (size_t len = 0; len < 3000; len += 1 + len / 7) {
		char *bytes = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (char)((i + len) % 128);
		json_t *value =
		    json_pack("{s:[{}, s%, [], b, b, n], s:I, s:I}", "list", bytes, len, true,
		        false, "most", (json_int_t)INT64_MAX, "least", (json_int_t)INT64_MIN);
		size_t written;
		char *ours = compact_json(value, &written);
		char *jansson = json_dumps(value, JSON_COMPACT);

		assert_string_equal(ours, jansson);
		assert_int_equal(written, strlen(jansson));
		free(ours);
		free(jansson);
		free(bytes);
		json_decref(value);
	}
	assert_null(compact_json(NULL, &(size_t){0}));
}

static void every_double_reads_back(void **state)
{
	uint64_t bits = 0x9e3779b97f4a7c15;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		double value, again;
		size_t len;

		bits = bits * 6364136223846793005U + 1442695040888963407U;
		memcpy(&value, &bits, sizeof(value));
		json_t *json = json_real(value);

		if (json == NULL) /* not a finite one */
			continue;
		char *text = compact_json(json, &len);

		again = strtod(text, NULL);
		assert_memory_equal(&again, &value, sizeof(value));
		free(text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_what_was_written),
	    cmocka_unit_test(writes_one_form),
	    cmocka_unit_test(writes_as_jansson_does),
	    cmocka_unit_test(every_double_reads_back),
	};

	return cmocka_run_group_tests_name("compact", tests, NULL, NULL);
}
