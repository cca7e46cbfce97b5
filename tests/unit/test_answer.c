/* The answers of embedding providers: good ones, cut anywhere, and bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embed/answer.h"
#include "embed/number.h"

#define TEXTS 3

static float vectors[TEXTS * EMBEDDING_DIMENSIONS];

/* Fed in pieces of step bytes. */
static enum answer_fault read_in(
    struct answer *a, const char *json, size_t wanted, size_t dimensions, size_t step)
{
	size_t len = strlen(json);

	memset(vectors, 0x55, sizeof(vectors));
	assert_true(answer_init(a, vectors, wanted, dimensions));
	for (size_t at = 0; at < len; at += step)
		answer_feed(a, json + at, at + step < len ? step : len - at);
	enum answer_fault fault = answer_end(a);

	answer_fini(a);
	return fault;
}

static void test_good_answers_cut_anywhere(void **state)
{
	static const char *const answers[] = {
	    "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,"
	    "\"embedding\":[1,-2.5e0]},"
	    "{\"index\":1,\"embedding\":[0.03125,4E-3]}],\"model\":\"x\",\"usage\":{\"a\":[1,{"
	    "\"b\":null}]}}",
	    " { \"data\" : [ {\"embedding\":[ 3.125e-2 , 0.004 ] , \"index\" : 1 } , { "
	    "\"embedding\" : [ 10e-1,"
	    "-25e-1 ], \"index\":0}]} ",
	    "{\"data\":[{\"embedding\":\"AACAPwAAIMA=\"},{\"embedding\":\"AAAAPW8Sgzs=\"}]}",
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		for (size_t step = 1; step < 40; step++) {
			assert_int_equal(read_in(&a, answers[i], 2, 0, step), ANSWER_OK);
			assert_int_equal(a.dimensions, 2);
			assert_true(
			    vectors[0] == 1.0F && vectors[1] == -2.5F && vectors[2] == 0);
			assert_true(vectors[EMBEDDING_DIMENSIONS] == 0.03125F);
			assert_true(vectors[EMBEDDING_DIMENSIONS + 1] == 0.004F);
			assert_true(vectors[2 * EMBEDDING_DIMENSIONS - 1] == 0);
		}
	}
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *json;
		enum answer_fault fault;
	} cases[] = {
	    {"", ANSWER_NOT_JSON}, {"<html>", ANSWER_NOT_JSON}, {"[]", ANSWER_NO_VECTORS},
	    {"7 ", ANSWER_NO_VECTORS}, {"null", ANSWER_NO_VECTORS},
	    {"\"data\"", ANSWER_NO_VECTORS}, {"{}", ANSWER_NO_VECTORS},
	    {"{} {}", ANSWER_NOT_JSON}, {"{\"data\":[]}", ANSWER_NO_VECTORS},
	    {"{\"data\":{}}", ANSWER_NO_VECTORS}, {"{\"data\":[[1,2]]}", ANSWER_NO_VECTORS},
	    {"{\"data\":[{\"index\":0}]}", ANSWER_NO_VECTORS},
	    {"{\"data\":[{\"embedding\":null}]}", ANSWER_NO_VECTORS},
	    {"{\"data\":[{\"embedding\":{}}]}", ANSWER_NO_VECTORS},
	    {"{\"data\":[{\"embedding\":[1,2]}", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1,2]}]", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1,2,]}]}", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1 2]}]}", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1,-]}]}", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1,2}]}", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1,2]}]}x", ANSWER_NOT_JSON},
	    {"{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[1,2]}]}", ANSWER_COUNT},
	    {"{\"data\":[{\"index\":1,\"embedding\":[1,2]}]}", ANSWER_COUNT},
	    {"{\"data\":[{\"index\":-1,\"embedding\":[1,2]}]}", ANSWER_COUNT},
	    {"{\"data\":[{\"index\":1e300,\"embedding\":[1,2]}]}", ANSWER_COUNT},
	    {"{\"data\":[{\"embedding\":[1,2,3]}]}", ANSWER_DIMENSIONS},
	    {"{\"data\":[{\"embedding\":[]}]}", ANSWER_DIMENSIONS},
	    {"{\"data\":[{\"embedding\":[0,0]}]}", ANSWER_ZERO},
	    {"{\"data\":[{\"embedding\":[1e-300,0]}]}", ANSWER_ZERO},
	    {"{\"data\":[{\"embedding\":[1,1e39]}]}", ANSWER_NOT_FINITE},
	    {"{\"data\":[{\"embedding\":[NaN,1]}]}", ANSWER_NOT_FINITE},
	    {"{\"data\":[{\"embedding\":[null,1]}]}", ANSWER_NOT_FINITE},
	    {"{\"data\":[{\"embedding\":[\"1\",1]}]}", ANSWER_NOT_FINITE},
	    {"{\"data\":[{\"embedding\":\"AADAfwAAgD8=\"}]}", ANSWER_NOT_FINITE}, /* NaN, 1 */
	    {"{\"data\":[{\"embedding\":\"AACAP\"}]}", ANSWER_BASE64},
	    {"{\"data\":[{\"embedding\":\"AACA\"}]}", ANSWER_BASE64}, /* three bytes */
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t step = 1; step < 100; step = step * 3 + 1) {
			enum answer_fault fault = read_in(&a, cases[i].json, 1, 2, step);

			if (fault != cases[i].fault)
				fail_msg("%s: %s", cases[i].json, answer_fault_text(fault));
		}
	}
}

static void test_depth_and_size_are_limited(void **state)
{
	char deep[256] = "{\"a\":";
	char *wide = malloc(20000);
	struct answer a;

	(void)state;
	memset(deep + 5, '[', 200);
	deep[205] = '\0';
	assert_int_equal(read_in(&a, deep, 1, 0, 7), ANSWER_NOT_JSON);
	strcpy(wide, "{\"data\":[{\"embedding\":[1");
	for (int i = 0; i < EMBEDDING_DIMENSIONS; i++)
		strcat(wide + 24 + 2 * i, ",1");
	strcat(wide, "]}]}");
	assert_int_equal(read_in(&a, wide, 1, 0, 1000), ANSWER_TOO_LARGE);
	memset(wide, 'A', 19000);
	wide[19000] = '\0';
	free(wide);
}

static void test_what_the_provider_says_is_kept(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
	    {"{\"error\":{\"type\":\"x\",\"message\":\"too \\\"long\\\"\\nhere\"}}",
	        "too \"long\" here"},
	    {"{\"error\":\"no such model\",\"error_type\":\"x\"}", "no such model"},
	    {"{\"code\":20012,\"message\":\"Model does not exist\",\"data\":null}",
	        "Model does not exist"},
	    {"{\"detail\":\"x\"}", ""},
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		read_in(&a, cases[i].json, 1, 0, 3);
		assert_string_equal(a.message, cases[i].message);
	}
}

static void test_numbers_are_those_of_strtod(void **state)
{
	static const char *const numbers[] = {"0", "-0", "1", "-1.5", "0.1",
	    "123456789012345678901234567890", "0.000000000000000000000000000012345", "1e-45",
	    "3.4028234663852886e38", "1e308", "-2.5E+3", "0.020202020202020202020202020202",
	    "9007199254740993", "1e-400", "12345.678e-9"};
	static const char *const wrong[] = {"-", "1.", "1e", "1e+", "", "-.5"};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		struct number n = {0};
		double value;

		for (const char *c = numbers[i]; *c != '\0'; c++)
			assert_true(number_feed(&n, *c));
		assert_false(number_feed(&n, ','));
		assert_true(number_value(&n, &value));
		if ((float)value != (float)strtod(numbers[i], NULL))
			fail_msg("%s is %.17g", numbers[i], value);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct number n = {0};
		double value;
		bool fed = true;

		for (const char *c = wrong[i]; fed && *c != '\0'; c++)
			fed = number_feed(&n, *c);
		assert_false(fed && number_value(&n, &value));
	}
	for (const char *c = "01"; *c != '\0'; c++) {
		struct number n = {0};

		assert_true(number_feed(&n, '0'));
		assert_false(number_feed(&n, *c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_answers_cut_anywhere),
	    cmocka_unit_test(test_bad_answers),
	    cmocka_unit_test(test_depth_and_size_are_limited),
	    cmocka_unit_test(test_what_the_provider_says_is_kept),
	    cmocka_unit_test(test_numbers_are_those_of_strtod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
