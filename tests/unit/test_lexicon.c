/* lexicon: a text read in slices gives what it gives as a whole; and what is sorted for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lexicon.h"
#include "radix.h"
#include "rows.h"

#define TEXT_BYTES ((size_t)300 * 1024)
#define MOST_KEYS  5000

static uint64_t drawn = 7;

static uint32_t draw(void)
{
	drawn = drawn * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(drawn >> 33);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Few and many, of all bits, of some, and equal ones. */
static void sorts_like_qsort(void **state)
{
	static uint64_t keys[MOST_KEYS], sorted[MOST_KEYS], scratch[MOST_KEYS];
	static const uint64_t masks[] = {
	    UINT64_MAX, 0xffffffff00000000, 0xff, 0x8000000000000001, 0};
	static const size_t counts[] = {0, 1, 2, 100, 1023, 1024, MOST_KEYS};

	(void)state;
	for (size_t m = 0; m < sizeof(masks) / sizeof(*masks); m++) {
		for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
			for (size_t i = 0; i < counts[c]; i++)
				keys[i] = ((uint64_t)draw() << 33 | draw()) & masks[m];
			memcpy(sorted, keys, sizeof(keys));
			qsort(sorted, counts[c], sizeof(*sorted), compare);
			radix_sort(keys, scratch, counts[c]);
			assert_memory_equal(keys, sorted, counts[c] * sizeof(*keys));
		}
	}
}

/* More distinct words than a vector has room for, questions, brackets, dates, Chinese. */
static char *long_text(size_t *len)
{
	static const char *const more[] = {
	    ". ", "? ", " (so?) ", "\n", " 2024-05-01 ", "\xe8\x8b\x8d\xe9\xb9\xad", " the "};
	char *text = malloc(TEXT_BYTES + 100);

	assert_non_null(text);
	for (*len = 0; *len < TEXT_BYTES;)
		*len += (size_t)sprintf(text + *len, "word%u_Part%s", draw() % 30000,
		    more[draw() % 7 * (draw() % 3 > 0) % 7]);
	return text;
}

static void check_same(const struct query *a, const struct query *b)
{
	assert_int_equal(a->count, b->count);
	for (int i = 0; i < a->count; i++) {
		assert_int_equal(a->lengths[i], b->lengths[i]);
		assert_memory_equal(a->values[i], b->values[i], (size_t)a->lengths[i]);
	}
}

static void reads_slices_like_the_whole(void **state)
{
	static const size_t slices[] = {1, 5000, 32768, SIZE_MAX};
	size_t len;
	char *text = long_text(&len);
	const struct lexicon_source source = {
	    .user_input = text,
	    .user_input_len = len,
	    .assistant_response = text,
	    .assistant_response_len = len / 3,
	    .event_us = 1764000000000000,
	};
	struct query whole;

	(void)state;
	query_init(&whole, 0);
	assert_true(lexicon_add(&whole, "n", &source));
	for (size_t i = 0; i < sizeof(slices) / sizeof(*slices); i++) {
		struct lexicon_job *job = lexicon_begin("n", &source);
		enum lexicon_progress progress;
		struct query sliced, again;
		int turns = 1;

		assert_non_null(job);
		while ((progress = lexicon_some(job, slices[i])) == LEXICON_MORE)
			turns++;
		assert_int_equal(progress, LEXICON_READY);
		assert_true(slices[i] == SIZE_MAX ? turns == 1
		                                  : (size_t)turns > len / (slices[i] + 4096));
		query_init(&sliced, 0);
		lexicon_add_job(&sliced, job);
		check_same(&whole, &sliced);
		query_init(&again, 0);
		lexicon_add_job(&again, job);
		check_same(&whole, &again);
		query_fini(&sliced);
		query_fini(&again);
		lexicon_end(job);
	}
	lexicon_end(lexicon_begin("n", &source)); /* given up */
	query_fini(&whole);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sorts_like_qsort),
	    cmocka_unit_test(reads_slices_like_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
