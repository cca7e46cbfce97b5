/* The answers of rerank providers: both kinds, in any order, and bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embed/ranks.h"

#define TEXTS 3

static double scores[TEXTS];

static enum ranks_fault read_in(const char *json)
{
	memset(scores, 0x55, sizeof(scores));
	return ranks_read(json, strlen(json), scores, TEXTS);
}

static void test_good_answers(void **state)
{
	static const char *const answers[] = {
	    "{\"results\":[{\"index\":0,\"relevance_score\":0.5},{\"index\":1,"
	    "\"relevance_score\":-2},{\"index\":2,\"relevance_score\":3e1}]}",
	    "{\"model\":\"x\",\"results\":[{\"document\":{\"text\":\"t\"},\"relevance_score\":"
	    "30,"
	    "\"index\":2},{\"index\":0,\"relevance_score\":0.5},{\"index\":1,"
	    "\"relevance_score\":-2.0}],\"usage\":{\"total_tokens\":1}}",
	    " [ {\"score\":30.0,\"index\":2}, {\"index\":1,\"score\":-2}, "
	    "{\"index\":0,\"score\":0.5,\"text\":null} ] ",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		assert_int_equal(read_in(answers[i]), RANKS_OK);
		assert_true(scores[0] == 0.5 && scores[1] == -2 && scores[2] == 30);
	}
}

static void test_bad_answers(void **state)
{
#define TWO "{\"index\":0,\"score\":1},{\"index\":1,\"score\":2}"
	static const struct {
		const char *json;
		enum ranks_fault fault;
	} cases[] = {
	    {"", RANKS_NOT_JSON},
	    {"<html></html>", RANKS_NOT_JSON},
	    {"7", RANKS_NO_SCORES},
	    {"[" TWO, RANKS_NOT_JSON},
	    {"[" TWO "]]", RANKS_NOT_JSON},
	    {"[" TWO ",{\"index\":2,\"score\":NaN}]", RANKS_NOT_JSON},
	    {"[" TWO ",{\"index\":2,\"score\":1e999}]", RANKS_NOT_JSON},
	    {"[" TWO ",{\"index\":2,\"score\":Infinity}]", RANKS_NOT_JSON},
	    {"{}", RANKS_NO_SCORES},
	    {"{\"results\":{}}", RANKS_NO_SCORES},
	    {"{\"error\":\"no\"}", RANKS_NO_SCORES},
	    {"[1,2,3]", RANKS_NO_SCORES},
	    {"[" TWO ",{\"index\":2}]", RANKS_NO_SCORES},
	    {"[" TWO ",{\"score\":2}]", RANKS_NO_SCORES},
	    {"[" TWO ",{\"index\":2,\"score\":null}]", RANKS_NO_SCORES},
	    {"[" TWO ",{\"index\":2,\"score\":\"1\"}]", RANKS_NO_SCORES},
	    {"[" TWO ",{\"index\":2.0,\"score\":1}]", RANKS_NO_SCORES},
	    {"[]", RANKS_COUNT},
	    {"{\"results\":[]}", RANKS_COUNT},
	    {"[" TWO "]", RANKS_COUNT},
	    {"[" TWO "," TWO "]", RANKS_COUNT},
	    {"[" TWO ",{\"index\":1,\"score\":2}]", RANKS_INDEX},
	    {"[" TWO ",{\"index\":3,\"score\":1}]", RANKS_INDEX},
	    {"[" TWO ",{\"index\":-1,\"score\":1}]", RANKS_INDEX},
	    {"[" TWO ",{\"index\":9223372036854775807,\"score\":1}]", RANKS_INDEX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(read_in(cases[i].json), cases[i].fault);
		assert_true(strlen(ranks_fault_text(cases[i].fault)) > 0);
	}
}

/* Of as many bytes as an answer may have, nothing is read that would hold up the loop. */
static void test_a_crowded_answer(void **state)
{
	static char many[400000];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	memset(many, '[', sizeof(many));
	assert_int_equal(ranks_read(many, sizeof(many), scores, TEXTS), RANKS_CROWDED);
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = "[0,"[i % 3];
	assert_int_equal(ranks_read(many, sizeof(many), scores, TEXTS), RANKS_CROWDED);
	fputs("[{\"text\":\"\\\"", out);
	for (size_t i = 0; i < sizeof(many); i++)
		fputc(",[{"[i % 3], out);
	fputs("\",\"index\":2,\"score\":3}," TWO "]", out);
	fclose(out);
	assert_int_equal(ranks_read(text, len, scores, TEXTS), RANKS_OK);
	free(text);
}

static void test_half_of_it(void **state)
{
	static const char whole[] = "[" TWO ",{\"index\":2,\"score\":3}]";

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_not_equal(ranks_read(whole, len, scores, TEXTS), RANKS_OK);
	assert_int_equal(ranks_read(whole, sizeof(whole) - 1, scores, TEXTS), RANKS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good_answers),
	    cmocka_unit_test(test_bad_answers),
	    cmocka_unit_test(test_a_crowded_answer),
	    cmocka_unit_test(test_half_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
