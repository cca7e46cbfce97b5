/* text: what becomes a term, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
	    {"PostgreSQL\xe6\x95\xb0\xe6\x8d\xae",
	        6}, /* glued: the whole, its two parts and the rest */
	    {"\xf0\x9f\x9a\x80\xf0\x9f\x9a\x80", 2}, /* emoji count each */
	    {"\xff\xfe", 0},                         /* broken bytes are no words */
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

static void finds_inflections(void **state)
{
	(void)state;
	assert_true(covers("She was painting herons", "paint heron"));
	assert_true(covers("I went and bought shoes for the children", "go buy child"));
	assert_true(covers("Caroline's adoption agencies", "carolines agency adopt"));
	assert_true(covers("caf\xc3\xa9s in M\xc3\xbcnchen", "cafe munchen"));
	assert_true(covers("two birds", "2 birds"));
}

static void takes_code_apart(void **state)
{
	static const struct {
		const char *text, *parts;
	} cases[] = {
	    {"snake_case_name", "snake_case_name snake case name"},
	    {"getUserName", "getusername get user name"},
	    {"HTTPServer", "http server httpserver"},
	    {"src/db/text.c", "src/db/text.c text.c db text"},
	    {"std::vector", "std vector"},
	    {"https://example.com/a/b?q=1", "example.com example"},
	    {"v1.25.3", "1.25.3 1.25 v1.25.3"},
	    {"9f8e7d6c5b4a3928171605f4e3d2c1b0a9f8e7d6", "9f8e7d6"},
	    {"9f8e7d6c5b4a3928171605f4e3d2c1b0a9f8e7d6", "9f8e7d6c5b"},
	    {"ran 10km in 1,234,567 ms", "10 km 1234567"},
	    {"libutf8proc", "libutf 8 proc"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct terms whole = terms_of(cases[i].text);

		terms_fini(&whole);
		/* An abbreviated hash has itself as a term, which the whole has not. */
		if (strcmp(cases[i].parts, "9f8e7d6c5b") == 0)
			assert_true(covers(cases[i].parts, "9f8e7d6"));
		else
			assert_true(covers(cases[i].text, cases[i].parts));
	}
}

static void knows_dates_in_every_form(void **state)
{
	static const char *const forms[] = {"8 May 2023", "May 8, 2023", "the 8th of May, 2023",
	    "2023-05-08", "2023/5/8",
	    "2023\xe5\xb9\xb4"
	    "5\xe6\x9c\x88"
	    "8\xe6\x97\xa5"};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct terms event = {0}, written = terms_of(forms[i]);
		size_t shared = 0;

		assert_true(
		    terms_add_date(&event, 1683554160000000)); /* 2023-05-08 13:56 UTC */
		for (size_t a = 0; a < event.count; a++) {
			for (size_t b = 0; b < written.count; b++) {
				if (written.items[b] != event.items[a])
					continue;
				shared++;
				break;
			}
		}
		assert_int_equal(shared, event.count); /* day, month, year, and the two dates */
		assert_int_equal(event.count, 5);
		terms_fini(&event);
		terms_fini(&written);
	}
}

static void knows_full_and_half_width(void **state)
{
	(void)state;
	assert_true(covers("\xef\xbc\xa1\xef\xbc\xb0\xef\xbc\xa9", "api")); /* full-width API */
	assert_true(covers(
	    "\xef\xbd\xb6\xef\xbe\x92\xef\xbe\x97", "\xe3\x82\xab\xe3\x83\xa1\xe3\x83\xa9"));
	assert_true(covers("\xef\xac\x81le", "file")); /* a ligature */
}

static void is_the_same_in_pieces(void **state)
{
	size_t len = 0, size = 200000;
	char *text = malloc(size);
	struct terms terms = {0};

	(void)state;
	while (len + 20 < size)
		len += (size_t)snprintf(text + len, size - len, "word %zu\xc3\xa9 ", len);
	assert_true(terms_add_text(&terms, text, len));
	terms_reduce(&terms);
	assert_true(terms.count > 10000);
	terms_fini(&terms);
	free(text);
}

/* What stands beside the terms of a text. */
static struct terms_beside beside_of(const char *text)
{
	struct terms terms = {0};
	struct terms_beside beside = {0};

	assert_true(terms_add_text_beside(&terms, &beside, text, strlen(text)));
	terms_fini(&terms);
	return beside;
}

static void knows_beginnings(void **state)
{
	struct terms_beside painted = beside_of("paint"), painter = beside_of("the painter");
	struct terms_beside none = beside_of("ear 2023 during \xe7\x94\xbb");

	(void)state;
	assert_int_equal(painted.beginnings.count, 2);
	assert_int_equal(painter.beginnings.count, 2);
	assert_int_not_equal(painted.beginnings.items[0], painter.beginnings.items[0]);
	assert_int_equal(painted.beginnings.items[1], painter.beginnings.items[1]);
	assert_int_equal(none.beginnings.count, 0);
	terms_beside_fini(&painted);
	terms_beside_fini(&painter);
	terms_beside_fini(&none);
}

static void knows_questions(void **state)
{
	static const struct {
		const char *text;
		bool asks;
		size_t asked;
	} cases[] = {
	    {"Herons nest. Which reeds?", true, 2},
	    {"Which reeds? Tall ones", false, 2},
	    {"Which reeds? [shows a picture of reeds]", true, 2},
	    {"Which reeds (tall ones)? \xf0\x9f\x98\x80", true, 4},
	    {"reeds!", false, 0},
	    {"\xe5\x93\xaa\xef\xbc\x9f", true, 1}, /* Chinese, with its own mark */
	    {"?", true, 0},
	    {"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct terms_beside beside = beside_of(cases[i].text);

		if (beside.asks != cases[i].asks || beside.asked.count != cases[i].asked)
			fail_msg("%s: %d, %zu", cases[i].text, beside.asks, beside.asked.count);
		terms_beside_fini(&beside);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_terms),
	    cmocka_unit_test(folds_case),
	    cmocka_unit_test(finds_inside_chinese),
	    cmocka_unit_test(reduces_questions),
	    cmocka_unit_test(takes_cut_sequences),
	    cmocka_unit_test(finds_inflections),
	    cmocka_unit_test(takes_code_apart),
	    cmocka_unit_test(knows_dates_in_every_form),
	    cmocka_unit_test(knows_full_and_half_width),
	    cmocka_unit_test(is_the_same_in_pieces),
	    cmocka_unit_test(knows_beginnings),
	    cmocka_unit_test(knows_questions),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
