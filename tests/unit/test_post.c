/* What all requests to providers have in common: URLs, JSON texts, and that keys are not quoted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embed/post.h"

static void test_urls(void **state)
{
	static const char *const cases[][2] = {
	    {"http://a", "http://a/rerank"},
	    {"http://a/", "http://a/rerank"},
	    {"https://a/v1//", "https://a/v1/rerank"},
	    {"https://a/v1/rerank", "https://a/v1/rerank"},
	    {"https://a/v1/rerank/", "https://a/v1/rerank"},
	    {"https://a/v1/reranker", "https://a/v1/reranker/rerank"},
	};
	char url[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		post_write_url(url, sizeof(url), cases[i][0], "/rerank");
		assert_string_equal(url, cases[i][1]);
	}
}

static void test_texts(void **state)
{
	static const char text[] = "a \"b\" \\ \n\t\x01\x1f 水\x7f";
	char *json = NULL;
	size_t len;
	FILE *out = open_memstream(&json, &len);

	(void)state;
	post_write_text(out, text, sizeof(text) - 1);
	post_write_text(out, "", 0);
	fclose(out);
	assert_string_equal(json, "a \\\"b\\\" \\\\ \\u000a\\u0009\\u0001\\u001f 水\x7f");
	free(json);
}

static void test_keys(void **state)
{
	static const char key[] = "sk-0123456789";
	static const struct {
		const char *text;
		bool quotes;
	} cases[] = {
	    {"", false}, {"no key", false}, {"wrong key sk-0123456789!", true},
	    {"sk-0123456789", true}, {"wrong key sk-01234567", true}, /* cut there */
	    {"wrong key sk-0", true}, {"wrong key sk-", false}, {"sk-0", true},
	    {"sk-01234 is the beginning of it", false}, /* their own doing, not ours */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].text;

		assert_int_equal(post_quotes_key(text, strlen(text), key), cases[i].quotes);
		assert_false(post_quotes_key(text, strlen(text), ""));
	}
}

static void test_targets(void **state)
{
	static const struct post_target good = {"https://a/rerank", "sk-1"},
	                                no_scheme = {"a/rerank", ""},
	                                no_key = {"http://a", "a\nb"};
	char error[200] = "";

	(void)state;
	assert_true(post_target_fits(&good, "RERANK", error, sizeof(error)));
	assert_false(post_target_fits(&no_scheme, "RERANK", error, sizeof(error)));
	assert_non_null(strstr(error, "RERANK_API_URL"));
	assert_false(post_target_fits(&no_key, "RERANK", error, sizeof(error)));
	assert_non_null(strstr(error, "RERANK_API_KEY"));
	assert_null(strstr(error, "a\nb"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_urls),
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
