/* Pieces of long texts, and the cache of query vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "embed/cache.h"
#include "embed/chunk.h"
#include "embedding.h"

static struct chunk chunks[CHUNK_MOST];

/* The pieces of text, joined by bars. */
static const char *cut(const char *text, size_t most)
{
	static char joined[1000];
	size_t count = chunk_text(text, strlen(text), most, chunks, CHUNK_MOST), len = 0;

	*joined = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(joined + len, sizeof(joined) - len, "%s%.*s",
		    i > 0 ? "|" : "", (int)chunks[i].len, text + chunks[i].from);
	return joined;
}

static void test_texts_are_cut_where_it_hurts_least(void **state)
{
	(void)state;
	assert_string_equal(cut("short", 20), "short");
	assert_string_equal(cut("  \n ", 20), "");
	assert_string_equal(cut("", 20), "");
	assert_string_equal(cut("one two. three four five", 16), "one two.|three four five");
	assert_string_equal(cut("a b c\nd e f g\n\nh i j k", 18), "a b c\nd e f g|h i j k");
	assert_string_equal(cut("aaaa bbbb\ncc dd ee", 14), "aaaa bbbb|cc dd ee");
	assert_string_equal(cut("aaaaaaaaaaaaaaaaaaaaaaaa", 10), "aaaaaaaaaa|aaaaaaaaaa|aaaa");
	/* Three bytes each: never within a character. */
	assert_string_equal(cut("水鸟很好。天气不错", 16), "水鸟很好。|天气不错");
	assert_string_equal(cut("水鸟水鸟水鸟", 10), "水鸟水|鸟水鸟");
}

static void test_nothing_but_space_is_left_out(void **state)
{
	enum { LEN = 4000 };
	char text[LEN + 1];
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		size_t at = 0, most = CHUNK_LEAST_BYTES + (size_t)round, count;

		for (size_t i = 0; i < LEN; i++) {
			seed = seed * 1103515245U + 12345U;
			text[i] = "abcdefgh .\n! xyz"[seed >> 16 & 15];
		}
		count = chunk_text(text, LEN, most, chunks, CHUNK_MOST);
		for (size_t i = 0; i < count; i++) {
			assert_true(chunks[i].len > 0 && chunks[i].len <= most);
			for (; at < chunks[i].from; at++)
				assert_non_null(strchr(" \n", text[at]));
			assert_int_equal(at, chunks[i].from);
			at += chunks[i].len;
		}
		for (; at < LEN; at++)
			assert_non_null(strchr(" \n", text[at]));
	}
}

static void test_room_is_kept(void **state)
{
	(void)state;
	assert_int_equal(chunk_text("aaaaaaaaaaaaaaaa", 16, 4, chunks, 3), 3);
}

static void test_the_least_used_vector_goes_first(void **state)
{
	struct vector_cache *cache = vector_cache_new(3);
	const float one[] = {1, 2};

	(void)state;
	vector_cache_put(cache, "a", 1, one, 2);
	vector_cache_put(cache, "b", 1, one, 2);
	vector_cache_put(cache, "c", 1, one, 2);
	vector_cache_put(cache, "c", 1, one, 2);
	assert_non_null(vector_cache_get(cache, "a", 1));
	vector_cache_put(cache, "d", 1, one, 2);
	assert_null(vector_cache_get(cache, "b", 1));
	assert_true(vector_cache_get(cache, "a", 1)[1] == 2.0F);
	assert_non_null(vector_cache_get(cache, "d", 1));
	assert_null(vector_cache_get(cache, "", 0));
	vector_cache_free(cache);
	vector_cache_free(NULL);
}

static void test_only_random_numbers_look_random(void **state)
{
	float numbers[EMBEDDING_DIMENSIONS];
	unsigned seed = 7;

	(void)state;
	for (size_t i = 0; i < EMBEDDING_DIMENSIONS; i++) {
		seed = seed * 1103515245U + 12345U;
		numbers[i] = (float)(seed >> 8 & 0xFFFF) / 65536.0F;
	}
	assert_true(vector_looks_random(numbers, EMBEDDING_DIMENSIONS));
	for (size_t i = 0; i < EMBEDDING_DIMENSIONS; i += 50)
		numbers[i] *= 8;
	assert_false(vector_looks_random(numbers, EMBEDDING_DIMENSIONS));
	for (size_t i = 0; i < EMBEDDING_DIMENSIONS; i++)
		numbers[i] = 1;
	assert_false(vector_looks_random(numbers, EMBEDDING_DIMENSIONS)); /* all the same */
	memset(numbers, 0, sizeof(numbers));
	numbers[0] = 1;
	assert_false(vector_looks_random(numbers, EMBEDDING_DIMENSIONS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts_are_cut_where_it_hurts_least),
	    cmocka_unit_test(test_nothing_but_space_is_left_out),
	    cmocka_unit_test(test_room_is_kept),
	    cmocka_unit_test(test_the_least_used_vector_goes_first),
	    cmocka_unit_test(test_only_random_numbers_look_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
