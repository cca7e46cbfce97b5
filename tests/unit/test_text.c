/* text: what becomes a term, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

static struct terms terms_of(const char *text)
{
	struct terms terms = {0};

	assert_true(terms_add_text(&terms, text, strlen(text)));
	return terms;
}

static size_t count_of(const char *text)
{
	struct terms terms = terms_of(text);
	size_t count = terms.count;

	terms_fini(&terms);
	return count;
}

/* Does every term of part occur in whole? */
static bool covers(const char *whole, const char *part)
{
	struct terms a = terms_of(whole), b = terms_of(part);
	bool all = b.count > 0;

	for (size_t i = 0; i < b.count; i++) {
		bool found = false;

		for (size_t j = 0; j < a.count; j++)
			found = found || a.items[j] == b.items[i];
		all = all && found;
	}
	terms_fini(&a);
	terms_fini(&b);
	return all;
}

static void counts_terms(void **state)
{
	static const struct {
		const char *text;
		size_t terms;
	} cases[] = {
	    {"", 0},
	    {" \t\n.,;!?", 0},
	    {"one", 1},
	    {"one two  three.", 3},
	    {"don't", 1},
	    {"o'brien's", 1},
	    {"\xe4\xb8\xad", 1},                         /* one character */
	    {"\xe4\xb8\xad\xe6\x96\x87", 3},             /* two and their pair */
	    {"\xe4\xb8\xad\xe3\x80\x82\xe6\x96\x87", 2}, /* a full stop parts them */
	    {"PostgreSQL\xe6\x95\xb0\xe6\x8d\xae", 6},   /* glued: the whole, its two parts and the rest */
	    {"\xf0\x9f\x9a\x80\xf0\x9f\x9a\x80", 2},     /* emoji count each */
	    {"\xff\xfe", 0},                             /* broken bytes are no words */
	    {"caf\xc3\xa9", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(count_of(cases[i].text), cases[i].terms);
}

static void folds_case(void **state)
{
	(void)state;
	assert_true(covers("Hello WORLD", "world hello"));
	assert_true(covers("\xc3\x89t\xc3\xa9", "\xc3\xa9T\xc3\x89"));               /* Été */
	assert_true(covers("\xd0\x9c\xd0\x98\xd0\xa0", "\xd0\xbc\xd0\xb8\xd1\x80")); /* МИР */
	assert_false(covers("hello", "hell"));
}

static void finds_inside_chinese(void **state)
{
	/* "the user likes Chinese tea" holds "Chinese tea" and not "tea Chinese" */
	static const char text[] = "\xe7\x94\xa8\xe6\x88\xb7\xe5\x96\x9c\xe6\xac\xa2\xe4\xb8"
	                           "\xad\xe5\x9b\xbd\xe8\x8c\xb6";

	(void)state;
	assert_true(covers(text, "\xe4\xb8\xad\xe5\x9b\xbd\xe8\x8c\xb6"));
	assert_false(covers(text, "\xe8\x8c\xb6\xe4\xb8\xad"));
}

static void reduces_questions(void **state)
{
	struct terms terms = terms_of("What is the port of the port proxy?");

	(void)state;
	terms_reduce(&terms);
	assert_int_equal(terms.count, 2); /* port, proxy */
	terms_fini(&terms);

	terms = terms_of("what is it"); /* nothing else is left: kept */
	terms_reduce(&terms);
	assert_int_equal(terms.count, 3);
	terms_fini(&terms);

	terms = (struct terms){0};
	terms_reduce(&terms);
	assert_int_equal(terms.count, 0);
}

static void takes_cut_sequences(void **state)
{
	struct terms terms = {0};

	(void)state;
	/* A multi-byte character cut at the end must not be read past. */
	char *exact = malloc(2);

	memcpy(exact, "\xe4\xb8", 2);
	assert_true(terms_add_text(&terms, exact, 2));
	free(exact);
	terms_fini(&terms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_terms),
	    cmocka_unit_test(folds_case),
	    cmocka_unit_test(finds_inside_chinese),
	    cmocka_unit_test(reduces_questions),
	    cmocka_unit_test(takes_cut_sequences),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
