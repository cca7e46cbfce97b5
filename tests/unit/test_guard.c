/* guard: what is refused in a tree, and how places are named with and without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"

/* What guard_check() says about a JSON text; "" when it is fine. */
static const char *verdict(const char *json)
{
	static char text[256];
	json_t *value = json_loads(json, GUARD_DECODE_FLAGS, NULL);

	assert_non_null(value);
	snprintf(text, sizeof(text), "untouched");
	if (guard_check(value, text, sizeof(text)))
		*text = '\0';
	json_decref(value);
	return text;
}

static void checks_values(void **state)
{
	static const struct {
		const char *json, *begin; /* of the complaint; "": none */
	} cases[] = {
	    {"null", ""},
	    {"\"\"", ""},
	    {"{\"a\":[1,-2.5,true,\"x\",{}]}", ""},
	    {"9007199254740991", ""},
	    {"-9007199254740991", ""},
	    {"9007199254740992", "integers are limited to 2^53 - 1"},
	    {"-9007199254740992", "integers are limited to 2^53 - 1"},
	    {"-9223372036854775808", "integers are limited to 2^53 - 1"},
	    {"1e300", ""},
	    {"{\"n\":9223372036854775807}", "n: integers"},
	    {"\"\\u0000\"", "contains U+0000"},
	    {"{\"params\":{\"arguments\":{\"user_input\":\"a\\u0000b\"}}}",
	        "params.arguments.user_input: contains U+0000"},
	    {"{\"params\":{\"tags\":[\"a\",[\"b\",\"\\u0000\"]]}}",
	        "params.tags[1][1]: contains U+0000"},
	    {"[{\"a\":1},{\"b\":\"x\\u0000\"}]", "[1].b: contains U+0000"},
	    {"{\"\":{\"\":9007199254740992}}", "integers"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = verdict(cases[i].json);

		if (strncmp(text, cases[i].begin, strlen(cases[i].begin)) != 0 ||
		    (*cases[i].begin == '\0') != (*text == '\0'))
			fail_msg("%s: %s", cases[i].json, text);
	}
}

/* depth containers around a 1. */
static char *nested(int depth, const char *open, char close)
{
	size_t open_len = strlen(open);
	char *json = malloc((size_t)depth * (open_len + 1) + 2), *at = json;

	assert_non_null(json);
	for (int i = 0; i < depth; i++, at += open_len)
		memcpy(at, open, open_len);
	*at++ = '1';
	memset(at, close, (size_t)depth);
	at[depth] = '\0';
	return json;
}

static void limits_depth(void **state)
{
	static const int depths[] = {1, 63, 64, 65, 66, 2000};

	(void)state;
	for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
		char *arrays = nested(depths[i], "[", ']');
		char *objects = nested(depths[i], "{\"k\":", '}');

		assert_int_equal(*verdict(arrays) == '\0', depths[i] <= 64);
		if (depths[i] > 64)
			assert_non_null(
			    strstr(verdict(arrays), "[0][0]...: nested deeper than 64"));
		assert_int_equal(*verdict(objects) == '\0', depths[i] <= 64);
		if (depths[i] > 64)
			assert_non_null(strstr(verdict(objects), "k.k.k"));
		free(arrays);
		free(objects);
	}
}

static void bounds_long_keys(void **state)
{
	char json[8192];
	size_t len;

	(void)state;
	/* 3 keys of 900 bytes: each is cut after 21 characters, none in the middle of one. */
	len = (size_t)snprintf(json, sizeof(json), "%s", "");
	for (int level = 0; level < 3; level++) {
		len += (size_t)snprintf(json + len, sizeof(json) - len, "{\"");
		for (int i = 0; i < 300; i++)
			len += (size_t)snprintf(json + len, sizeof(json) - len, "\u8bb0");
		len += (size_t)snprintf(json + len, sizeof(json) - len, "\":");
	}
	snprintf(json + len, sizeof(json) - len, "9007199254740992}}}");
	const char *text = verdict(json);

	assert_non_null(strstr(text, "...: integers are limited"));
	assert_true(strlen(text) < 256);
	json_t *valid = json_string(text);

	assert_non_null(valid);
	json_decref(valid);
}

static void names_places_in_broken_text(void **state)
{
	static const struct {
		const char *json; /* broken where it has a '!' */
		const char *path;
	} cases[] = {
	    {"!", ""},
	    {"x!", ""},
	    {"{!", ""},
	    {"{\"a\"!", "a"},
	    {"{\"a\":!", "a"},
	    {"{\"a!", "a"},
	    {"{\"a\":1,!", ""},
	    {"{\"a\":1,\"b\":!", "b"},
	    {"{\"a\":{\"b\":1}!", "a"},
	    {"{\"a\":{\"b\":1}},!", ""},
	    {"{\"a\":{\"b\":{\"c\":\"!", "a.b.c"},
	    {"[!", "[0]"},
	    {"[1,2,!", "[2]"},
	    {"[[],{\"k\":[1,!", "[1].k[1]"},
	    {"{\"a\\\"b\":!", "a\\\"b"},
	    {"{\"a\":\"}],{\\\"\",\"b\":!", "b"},
	    {"{\"a\":\"\\\\\",\"b\":!", "b"},
	    {"}]!", ""},
	    {"{\"params\":{\"arguments\":{\"user_input\":\"ab!", "params.arguments.user_input"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *json = cases[i].json;
		char path[GUARD_PATH_BYTES];

		guard_path_at(json, strlen(json), strcspn(json, "!"), path, sizeof(path));
		if (strcmp(path, cases[i].path) != 0)
			fail_msg("%s: %s, not %s", json, path, cases[i].path);
	}
}

static void survives_any_offset(void **state)
{
	static const char json[] = "{\"a\\\"\":[\"\\\\\",{\"b\":[[]]}]}\\\"\\";
	char *deep = nested(5000, "{\"key\":", '}');
	char path[GUARD_PATH_BYTES];

	(void)state;
	for (size_t at = 0; at <= sizeof(json) + 1; at++)
		guard_path_at(json, sizeof(json) - 1, at, path, sizeof(path));
	guard_path_at(deep, strlen(deep), strlen(deep) / 2, path, sizeof(path));
	assert_non_null(strstr(path, "key.key"));
	assert_string_equal(path + strlen(path) - 3, "...");
	free(deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checks_values),
	    cmocka_unit_test(limits_depth),
	    cmocka_unit_test(bounds_long_keys),
	    cmocka_unit_test(names_places_in_broken_text),
	    cmocka_unit_test(survives_any_offset),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
