/* split: the same pieces, however the bytes come; what is broken costs only itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/split.h"

static const char *const members[] = {"results", "memories", NULL};

static void put_piece(FILE *to, enum split_result result, const struct piece *piece)
{
	if (result == SPLIT_PIECE)
		fprintf(to, "%zu<%.*s>", piece->line, (int)piece->len,
		    piece->len > 0 ? piece->s : "");
	else
		fprintf(to, "%zu!%s!", piece->line, piece->why);
}

/* "1<first>2<second>3!why!": the pieces with their lines, and what is broken. */
static char *pieces_of(enum split_mode mode, const char *text, size_t len, size_t chunk)
{
	struct split split;
	struct piece piece;
	enum split_result result;
	char *said = NULL, *now = NULL;
	size_t said_len, at = 0;
	FILE *to = open_memstream(&said, &said_len);

	assert_non_null(to);
	split_init(&split, mode, members, 1);
	while ((result = split_next(&split, &piece)) != SPLIT_END) {
		assert_int_not_equal(result, SPLIT_FAILED);
		if (result != SPLIT_MORE) {
			put_piece(to, result, &piece);
			continue;
		}
		size_t size = len - at < chunk ? len - at : chunk;

		free(now);
		now = malloc(size > 0 ? size : 1);
		memcpy(now, text + at, size);
		at += size;
		if (size == 0)
			split_end(&split);
		else
			split_feed(&split, now, size);
	}
	free(now);
	split_fini(&split);
	fclose(to);
	return said;
}

struct example {
	const char *text, *pieces;
};

static void check(enum split_mode mode, const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t chunk = 1; chunk < 40; chunk += chunk < 4 ? 1 : 9) {
			size_t len = strlen(examples[i].text);
			char *pieces = pieces_of(mode, examples[i].text, len, chunk);

			if (strcmp(pieces, examples[i].pieces) != 0)
				fail_msg("%s in chunks of %zu\n-> %s\nnot %s", examples[i].text,
				    chunk, pieces, examples[i].pieces);
			free(pieces);
		}
	}
}

#define CHECK(mode, examples) check(mode, examples, sizeof(examples) / sizeof(*(examples)))

static void cuts_lines(void **state)
{
	static const struct example examples[] = {
	    {"", ""},
	    {"a", "1<a>"},
	    {"a\n", "1<a>"},
	    {"\n", "1<>"},
	    {"a\r\nbc\n\nd", "1<a>2<bc>3<>4<d>"},
	    {"a\rb\xe2\x80\xa8"
	     "c\n",
	        "1<a\rb\xe2\x80\xa8"
	        "c>"}, /* U+2028 ends no line here */
	    {"one longer line than a chunk\nand another one\n",
	        "1<one longer line than a chunk>2<and another one>"},
	};

	(void)state;
	CHECK(SPLIT_LINES, examples);
}

static void cuts_objects(void **state)
{
	static const struct example examples[] = {
	    {"", ""},
	    {" \n ", ""},
	    {"{}", "1<{}>"},
	    {"{\"a\":1}\n{\"b\":{\"c\":[2]}}\n", "1<{\"a\":1}>2<{\"b\":{\"c\":[2]}}>"},
	    {"{\"a\":\"}\\\"{\"} {\"b\":2}", "1<{\"a\":\"}\\\"{\"}>1<{\"b\":2}>"},
	    {"{\n \"a\": 1\n}\n{\n \"b\": {\n }\n}",
	        "1<{\n \"a\": 1\n}>4<{\n \"b\": {\n }\n}>"},
	    {"[{\"a\":1},\n{\"b\":[{}]}]", "1<{\"a\":1}>2<{\"b\":[{}]}>"},
	    {"[]", ""},
	    {"[ ]\n[{}]", "2<{}>"},
	    {"{\"count\":2,\"results\":[{\"a\":1},{\"b\":2}],\"next\":null}\n{\"c\":3}",
	        "1<{\"a\":1}>1<{\"b\":2}>2<{\"c\":3}>"},
	    {"{\"memories\" : [\n{\"a\":1}\n]}", "2<{\"a\":1}>"},
	    {"{\"results\":{\"a\":[1]}}", "1<{\"results\":{\"a\":[1]}}>"},
	    {"{\"a\":\"results\",\"b\":[1]}", "1<{\"a\":\"results\",\"b\":[1]}>"},
	    {"{\"a\":{\"results\":[{}]}}", "1<{\"a\":{\"results\":[{}]}}>"},
	    {"{\"my_longer_results\":[{}]}", "1<{\"my_longer_results\":[{}]}>"},
	};

	(void)state;
	CHECK(SPLIT_VALUES, examples);
}

static void goes_on_behind_what_is_broken(void **state)
{
	static const struct example examples[] = {
	    {"not json\n{\"a\":1}", "1!not a JSON object!2<{\"a\":1}>"},
	    {"{\"a\":1}}\n{\"b\":2}", "1<{\"a\":1}>1!not a JSON object!2<{\"b\":2}>"},
	    {"{\"a\":\"cut\n{\"b\":2}", "1!a line ends inside a string!2<{\"b\":2}>"},
	    {"{\"a\":1\n{\"b\":2}\n", "1!an object is not closed!2<{\"b\":2}>"},
	    {"{\"a\":[1,2\n{\"b\":2}\n{\"c\":", "1!an object is not closed!2<{\"b\":2}>"
	                                        "3!the input ends in the middle!"},
	    {"[{\"a\":1}", "1<{\"a\":1}>1!the input ends in the middle!"},
	    {"{\"results\":[{\"a\":1}", "1<{\"a\":1}>1!the input ends in the middle!"},
	    {"{\"a\":\"\\", "1!the input ends in the middle!"},
	    {"[1]\n{\"a\":1}\n", "1!not a JSON object!2<{\"a\":1}>"},
	    {"[{},\n7,\n{}]", "1<{}>2!not a JSON object!3<{}>"},
	    {"7\n\"x\"\n{}", "1!not a JSON object!2!not a JSON object!3<{}>"},
	};

	(void)state;
	CHECK(SPLIT_VALUES, examples);
}

/* A piece that is too long is left out, in one chunk or in many, and the next one is read. */
static void leaves_out_what_is_too_long(void **state)
{
	static const size_t chunks[] = {SIZE_MAX, 65536};
	size_t len = SPLIT_PIECE_BYTES + 100;
	char *text = malloc(len + 4);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < 2; i++) {
		memset(text, 'x', len);
		memcpy(text + len, "\n{}\n", 4);
		char *lines = pieces_of(SPLIT_LINES, text, len + 4, chunks[i]);

		assert_string_equal(lines, "1!longer than 16 MiB; it was left out!2<{}>");
		memcpy(text, "{\"", 2);
		memcpy(text + len - 2, "\"}", 2);
		char *values = pieces_of(SPLIT_VALUES, text, len + 4, chunks[i]);

		assert_string_equal(values, "1!longer than 16 MiB; it was left out!2<{}>");
		free(lines);
		free(values);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cuts_lines),
	    cmocka_unit_test(cuts_objects),
	    cmocka_unit_test(goes_on_behind_what_is_broken),
	    cmocka_unit_test(leaves_out_what_is_too_long),
	};

	return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
