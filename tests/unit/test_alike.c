/* alike: nine of ten words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alike.h"

static struct terms terms_of(const char *text)
{
	struct terms terms = {0};

	assert_true(terms_add_text(&terms, text, strlen(text)));
	terms_sketch(&terms);
	return terms;
}

static bool alike(const char *a, const char *b)
{
	struct terms x = terms_of(a), y = terms_of(b);
	bool both_ways = terms_alike(&x, &y);

	assert_int_equal(both_ways, terms_alike(&y, &x));
	terms_fini(&x);
	terms_fini(&y);
	return both_ways;
}

static void knows_the_same_words(void **state)
{
	(void)state;
	assert_true(alike("The proxy listens on 8443", "the PROXY, listens on: 8443!"));
	assert_true(alike("\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87\xe3\x80\x82"));
	assert_false(alike("the proxy listens on 8443", "the proxy listens on 8444"));
	assert_false(alike("proxy", "gateway"));
	assert_false(alike("", ""));
	assert_false(alike("proxy", ""));
}

/* Words 1 to total, against the same without the last ones. */
static bool alike_without(int total, int without)
{
	static char a[100000], b[100000];
	size_t a_len = 0, b_len = 0;

	for (int i = 1; i <= total; i++) {
		a_len += (size_t)snprintf(a + a_len, sizeof(a) - a_len, "word%d ", i);
		if (i <= total - without)
			b_len += (size_t)snprintf(b + b_len, sizeof(b) - b_len, "word%d ", i);
	}
	return alike(a, b);
}

static void draws_the_line_at_nine_of_ten(void **state)
{
	(void)state;
	assert_true(alike_without(10, 1));
	assert_false(alike_without(10, 2));
	assert_false(alike_without(9, 1));
	assert_true(alike_without(100, 10));
	assert_false(alike_without(100, 11));
}

/* Of long texts only samples are compared, which must not be far off. */
static void compares_long_texts_by_samples(void **state)
{
	struct terms terms = {0};

	(void)state;
	assert_true(alike_without(5000, 0));
	assert_true(alike_without(5000, 100));
	assert_false(alike_without(5000, 1500));
	assert_false(alike_without(5000, 4900)); /* a sample of one, and all of the other */
	for (int32_t i = 0; i < 1000; i++) {
		const char letters[] = {
		    (char)('a' + i % 26), (char)('a' + i / 26 % 26), (char)('a' + i / 676)};

		assert_true(terms_add_text(&terms, letters, sizeof(letters)));
	}
	terms_sketch(&terms);
	assert_int_equal(terms.count, 256);
	for (size_t i = 1; i < terms.count; i++)
		assert_true(terms.items[i - 1] < terms.items[i]);
	terms_fini(&terms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_the_same_words),
	    cmocka_unit_test(draws_the_line_at_nine_of_ten),
	    cmocka_unit_test(compares_long_texts_by_samples),
	};

	return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
