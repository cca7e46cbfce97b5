/* extract: where sentences end, and which ones are picked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/extract.h"

#define STOP "\xe3\x80\x82" /* 。 */

static void ends_sentences(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* of the first sentence */
	} cases[] = {
	    {"One. Two.", 4},
	    {"One", 3},
	    {"One\nTwo", 4},
	    {"Pi is 3.14 here. So", 16},
	    {"See main.c now! So", 15},
	    {"Really?! Yes", 8},
	    {"He said \"no.\" So", 13},
	    {"(A note.) So", 9},
	    {"\xe5\xa5\xbd" STOP "\xe5\xa5\xbd", 6},
	    {"\xe5\xa5\xbd\xef\xbc\x9f\xe5\xa5\xbd", 6},
	    {"\xe5\xa5\xbd" STOP "\xe2\x80\x9d\xe5\xa5\xbd", 9}, /* its quote goes along */
	    {"a.b.c", 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    sentence_len(cases[i].text, strlen(cases[i].text)), cases[i].len);
}

/* Exactly as long as said, on the heap, so that the sanitizer sees a read behind it. */
static size_t longest_of(char unit, const char *filler, size_t len)
{
	char *text = malloc(len);
	size_t size = strlen(filler), got;

	memset(text, unit, len);
	for (size_t at = 0; size > 0 && at + size <= len; at += size)
		memcpy(text + at, filler, size);
	got = sentence_len(text, len);
	free(text);
	return got;
}

static void cuts_what_does_not_end(void **state)
{
	(void)state;
	assert_int_equal(longest_of('x', "", 2000), EXTRACT_SENTENCE_BYTES);
	assert_int_equal(longest_of('x', "", EXTRACT_SENTENCE_BYTES), EXTRACT_SENTENCE_BYTES);
	assert_int_equal(longest_of('x', "word word ", 2000), EXTRACT_SENTENCE_BYTES - 1);
	/* Never inside a character: 500 is no multiple of 3. */
	assert_int_equal(longest_of(' ', "\xe5\xa5\xbd", 1998), 498);
	assert_int_equal(longest_of('\x80', "", 2000), 1); /* broken bytes make progress */
}

/* The picked sentences as one text. */
static void pick(
    const char *const *texts, const char *question, size_t bytes, char *out, size_t out_len)
{
	struct extract extract = {0};
	struct terms terms = {0};
	size_t at = 0;

	for (int i = 0; texts[i] != NULL; i++)
		assert_true(extract_add(&extract, i, texts[i], strlen(texts[i])));
	assert_true(terms_add_text(&terms, question, strlen(question)));
	terms_reduce(&terms);
	extract_pick(&extract, &terms, bytes, 10);
	*out = '\0';
	for (size_t i = 0; i < extract.count; i++) {
		const struct sentence *s = &extract.items[i];

		if (!s->picked)
			continue;
		assert_true(at + s->len + 1 < out_len);
		memcpy(out + at, s->s, s->len);
		at += s->len;
		out[at++] = '|';
		out[at] = '\0';
	}
	extract_fini(&extract);
	terms_fini(&terms);
}

static void picks_what_answers(void **state)
{
	static const char *const texts[] = {
	    "We talked about lunch. The staging proxy listens on port 8443. It rained.",
	    "The office moved to Berlin. The door was painted.",
	    "The staging proxy listens on port 8443!", /* said already */
	    NULL};
	char got[512];

	(void)state;
	pick(texts, "which port does the staging proxy use?", 1000, got, sizeof(got));
	assert_string_equal(got, "The staging proxy listens on port 8443.|");
	pick(texts, "Berlin or lunch", 1000, got, sizeof(got));
	assert_string_equal(got, "We talked about lunch.|The office moved to Berlin.|");
}

static void picks_in_chinese(void **state)
{
	static const char *const texts[] = {
	    "\xe4\xbb\x8a\xe5\xa4\xa9\xe4\xb8\x8b\xe9\x9b\xa8" STOP
	    "\xe7\x94\xa8\xe6\x88\xb7\xe5\x96\x9c\xe6\xac\xa2\xe4\xb9\x8c\xe9\xbe\x99\xe8\x8c"
	    "\xb6" STOP,
	    NULL};
	char got[512];

	(void)state;
	pick(texts, "\xe4\xb9\x8c\xe9\xbe\x99\xe8\x8c\xb6", 1000, got, sizeof(got));
	assert_string_equal(got, "\xe7\x94\xa8\xe6\x88\xb7\xe5\x96\x9c\xe6\xac\xa2\xe4\xb9\x8c"
	                         "\xe9\xbe\x99\xe8\x8c\xb6" STOP "|");
}

static void keeps_the_budget(void **state)
{
	static const char *const texts[] = {
	    "proxy aaaa bbbb. proxy cccc dddd eeee ffff gggg.", "proxy hhhh.", NULL};
	char got[512];

	(void)state;
	/* 16 bytes, 1 between, 10 for the source; the second source needs 22, which are not left. */
	pick(texts, "aaaa bbbb hhhh", 48, got, sizeof(got));
	assert_string_equal(got, "proxy aaaa bbbb.|");
	pick(texts, "aaaa bbbb hhhh", 26, got, sizeof(got));
	assert_string_equal(got, "proxy hhhh.|"); /* what fits, when the best does not */
	pick(texts, "aaaa bbbb hhhh", 5, got, sizeof(got));
	assert_string_equal(got, "");
}

static void falls_back_to_first_sentences(void **state)
{
	static const char *const texts[] = {"One here. More.", "Two here. More.", NULL};
	char got[512];

	(void)state;
	pick(texts, "zanzibar", 1000, got, sizeof(got));
	assert_string_equal(got, "One here.|Two here.|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ends_sentences),
	    cmocka_unit_test(cuts_what_does_not_end),
	    cmocka_unit_test(picks_what_answers),
	    cmocka_unit_test(picks_in_chinese),
	    cmocka_unit_test(keeps_the_budget),
	    cmocka_unit_test(falls_back_to_first_sentences),
	};

	return cmocka_run_group_tests_name("extract", tests, NULL, NULL);
}
