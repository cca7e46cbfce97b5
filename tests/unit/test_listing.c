/* listing: what fits, what is cut, and what is counted instead of shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compact.h"
#include "pages.h"
#include "tools/listing.h"

static struct memory memory_of(int number, const char *words)
{
	struct memory memory = {.agent = "ann",
	    .user_input = words,
	    .assistant_response = "",
	    .updated_us = ROWS_NO_TIME,
	    .event_us = ROWS_NO_TIME,
	    .valid_until_us = ROWS_NO_TIME,
	    .expires_us = ROWS_NO_TIME};

	snprintf(memory.id, sizeof(memory.id), "00000000-0000-4000-8000-%012d", number);
	return memory;
}

static enum listed add(struct listing *l, int number, const char *words)
{
	const struct memory memory = memory_of(number, words);

	return listing_add(l, &memory, NULL);
}

/* How long the answer is: the longer of its two forms. */
static size_t answer_bytes(const struct listing *l)
{
	char *text = NULL, *json;
	size_t text_len, json_len;
	FILE *out = open_memstream(&text, &text_len);
	json_t *list = listing_json(l, 0, l->count);

	listing_write(l, 0, l->count, out);
	fclose(out);
	json = compact_json(list, &json_len);
	free(json);
	free(text);
	json_decref(list);
	return text_len > json_len ? text_len : json_len;
}

static void collapses_near_duplicates(void **state)
{
	struct listing l;

	(void)state;
	listing_init(&l, 0, LISTING_COLLAPSES);
	assert_int_equal(add(&l, 1, "the proxy listens on port 8443"), LISTED);
	assert_int_equal(add(&l, 2, "The proxy listens, on port 8443."), LISTED_ALIKE);
	assert_int_equal(add(&l, 3, "lunch at noon"), LISTED);
	assert_int_equal(add(&l, 1, "the proxy listens on port 8443"), LISTED_TWICE);
	assert_int_equal(l.count, 2);
	assert_int_equal(l.alike, 1);
	json_t *list = listing_json(&l, 0, l.count);

	assert_int_equal(
	    json_integer_value(json_object_get(json_array_get(list, 0), "near_duplicates")), 1);
	assert_null(json_object_get(json_array_get(list, 1), "near_duplicates"));
	json_decref(list);
	listing_fini(&l);

	/* What is not all there may differ in the rest. */
	struct memory cut = memory_of(4, "the same beginning");

	cut.truncated = true;
	listing_init(&l, 0, LISTING_COLLAPSES);
	assert_int_equal(add(&l, 5, "the same beginning"), LISTED);
	assert_int_equal(listing_add(&l, &cut, NULL), LISTED);
	listing_fini(&l);

	listing_init(&l, 0, 0);
	assert_int_equal(add(&l, 1, "the same"), LISTED);
	assert_int_equal(add(&l, 2, "the same"), LISTED);
	listing_fini(&l);
}

static void keeps_every_budget(void **state)
{
	static char words[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(words) - 1; i++)
		words[i] = i % 7 == 6 ? '"' : 'x'; /* longer as JSON */
	for (int64_t tokens = MIN_TOKENS; tokens < 3000; tokens += 37) {
		struct listing l;

		listing_init(&l, tokens, 0);
		for (int i = 0; i < 30; i++)
			add(&l, i, words + (i * 487) % 2500);
		assert_true(l.count >= 1);
		assert_int_equal(l.count + l.left_out, 30);
		assert_true(answer_bytes(&l) <= (size_t)tokens * BYTES_PER_TOKEN);
		listing_fini(&l);
	}
}

static void cuts_the_first_and_keeps_the_order(void **state)
{
	static char words[100000];
	struct listing l;

	(void)state;
	memset(words, 'y', sizeof(words) - 1);
	listing_init(&l, 500, 0);
	assert_int_equal(add(&l, 1, words), LISTED);
	assert_true(json_is_true(json_object_get(l.items[0].json, "truncated")));
	assert_true(json_string_length(json_object_get(l.items[0].json, "user_input")) > 300);
	assert_int_equal(add(&l, 2, words), LISTED_LEFT_OUT);
	assert_int_equal(
	    add(&l, 3, "z"), LISTED_LEFT_OUT); /* else a cursor would skip the second */
	assert_int_equal(l.left_out, 2);
	assert_string_equal(l.next_id, "00000000-0000-4000-8000-000000000002");
	listing_fini(&l);

	listing_init(&l, 1000, LISTING_FILLS);
	assert_int_equal(add(&l, 1, "a"), LISTED);
	assert_int_equal(add(&l, 2, words), LISTED_LEFT_OUT);
	assert_int_equal(add(&l, 3, "z"), LISTED);
	listing_fini(&l);
}

static void takes_nothing_that_cannot_fit(void **state)
{
	struct listing l;
	char name[2000];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	struct memory memory = memory_of(1, "words");

	memory.session_id = name;
	listing_init(&l, MIN_TOKENS, 0);
	assert_int_equal(listing_add(&l, &memory, NULL), LISTED_LEFT_OUT);
	assert_int_equal(l.count, 0);
	listing_fini(&l);
	listing_fini(&l); /* all zeros again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(collapses_near_duplicates),
	    cmocka_unit_test(keeps_every_budget),
	    cmocka_unit_test(cuts_the_first_and_keeps_the_order),
	    cmocka_unit_test(takes_nothing_that_cannot_fit),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
