/* read_json: what it reads, jansson reads the same; what it leaves to jansson, it leaves whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "read_json.h"

#define MUTATIONS 300000

/* In a block of its own size, so that reading past it is seen. */
static json_t *read_exactly(const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	json_t *json;

	memcpy(copy, text, len);
	json = read_json(copy, len);
	free(copy);
	return json;
}

/* True when it was read. Keys must even have the same order. */
static bool agrees(const char *text, size_t len)
{
	json_t *ours = read_exactly(text, len);
	json_t *jansson = json_loadb(text, len, GUARD_DECODE_FLAGS, NULL);
	bool read = ours != NULL;

	if (read) {
		char *a = json_dumps(ours, JSON_COMPACT),
		     *b = json_dumps(jansson, JSON_COMPACT);

		if (a == NULL || b == NULL || strcmp(a, b) != 0 || !json_equal(ours, jansson))
			fail_msg("%.*s: %s, not %s", (int)len, text, a, b);
		free(a);
		free(b);
	}
	json_decref(ours);
	json_decref(jansson);
	return read;
}

static const char *const usual[] = {
    "{}",
    "[]",
    " { } ",
    "[ ]\r\n",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/"
    "call\",\"params\":{\"name\":\"save_memory\","
    "\"arguments\":{\"user_input\":\"we deploy\\non "
    "Fridays\",\"metadata\":{\"n\":[1,2.5,null]}}}}",
    "[true,false,null,\"\",0,-0,-1,999999999999999,-999999999999999]",
    "[0.1,-0.0,1e5,1E-7,1.5e+300,2.2250738585072014e-308,1e-400,3.141592653589793]",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e9\\u8bb0\\u0001\\uFFFF\",\"\\ud83d\\ude00!\"]",
    "[\"\u8bb0\u00e9 \U0001F600\",\"\\\\\u8bb0\\\\\"]",
    "{\"a\":{\"a\":[{\"a\":1},{\"b\":[[[]]]}]},\"\":0,\"\u8bb0\":\"x\"}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]"
    "]]]]]]"
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
};

static void reads_what_is_usual(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		if (!agrees(usual[i], strlen(usual[i])))
			fail_msg("not read: %s", usual[i]);
	}
}

static const char *const cases[] = {
    "",
    " ",
    "1",
    "\"text\"",
    "null",
    "{",
    "[1",
    "[1,",
    "[1,]",
    "[,1]",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,\"a\":2}",
    "{\"\\u0061\":1}",
    "{a:1}",
    "[01]",
    "[-]",
    "[+1]",
    "[.5]",
    "[1.]",
    "[1e]",
    "[1e999]",
    "[0x10]",
    "[1000000000000000]",
    "[NaN]",
    "[tru]",
    "[trueish]",
    "[\"\\u0000\"]",
    "[\"\\ud83d\"]",
    "[\"\\ude00\"]",
    "[\"\\ud83d\\u0041\"]",
    "[\"\\ud83dx\"]",
    "[\"\\u12\"]",
    "[\"\\x\"]",
    "[\"\\\"]",
    "[\"a\nb\"]",
    "[\"a\tb\"]",
    "[\"a",
    "[\"\xff\"]",
    "[\"\xc0\x80\"]",
    "[\"\xed\xa0\x80\"]",
    "[\"\xf4\x90\x80\x80\"]",
    "[\"\xe8\xae",
    "[\"\xe8\xae\"]",
    "[] []",
    "{}x",
    "[1/**/]",
    "\xef\xbb\xbf{}",
    "[1.5",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"
    "]]]]]]]"
    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
};

static void leaves_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (agrees(cases[i], strlen(cases[i])))
			fail_msg("read: %s", cases[i]);
	}
	assert_null(read_exactly("{\0}", 3));
	assert_null(read_exactly("[\"\0\"]", 5));
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33);
}

/* Usual texts with a few bytes changed, cut out or put in. */
static void agrees_on_mutations(void **state)
{
	static const char bytes[] = "{}[]\",:\\u0123456789abcdeE+-.tfn \n\x80\xe8\xed\xf4\xff";
	uint64_t seed = 1;
	int read = 0;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		char text[512];
		const char *from = usual[next_random(&seed) % (sizeof(usual) / sizeof(*usual))];
		size_t len = strlen(from);

		memcpy(text, from, len);
		for (uint32_t n = next_random(&seed) % 4; n > 0 && len > 0; n--) {
			size_t at = next_random(&seed) % len;

			text[at] = bytes[next_random(&seed) % (sizeof(bytes) - 1)];
			if (next_random(&seed) % 8 == 0)
				len = at;
		}
		read += agrees(text, len);
	}
	assert_true(read > MUTATIONS / 10 && read < MUTATIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_is_usual),
	    cmocka_unit_test(leaves_the_rest),
	    cmocka_unit_test(agrees_on_mutations),
	};

	return cmocka_run_group_tests_name("read_json", tests, NULL, NULL);
}
