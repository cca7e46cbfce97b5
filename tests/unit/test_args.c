/* args: one table with every kind, through what is fine and what is wrong. */
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "args.h"

#define MAX_TEXT 20

struct everything {
	struct arg_text text;
	struct arg_text session;
	int mode;
	int order;
	struct arg_uuid id;
	int64_t limit;
	int64_t offset;
	double weight;
	bool exact;
	bool cased;
	int64_t since;
	struct arg_json metadata;
	struct arg_vector embedding;
};

static const char *const modes[] = {"words", "vector", NULL};

/* clang-format off */
static const struct arg table[] = {
	{ .name = "text", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_TEXT,
	  .at = offsetof(struct everything, text), .help = "What to keep." },
	{ .name = "session", .kind = ARG_TEXT, .max = 8, .fallback = "default",
	  .at = offsetof(struct everything, session) },
	{ .name = "mode", .kind = ARG_ENUM, .choices = modes, .at = offsetof(struct everything, mode) },
	{ .name = "order", .kind = ARG_ENUM, .choices = modes, .fallback = "vector",
	  .at = offsetof(struct everything, order) },
	{ .name = "id", .kind = ARG_UUID, .at = offsetof(struct everything, id) },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = 50, .fallback = "10",
	  .at = offsetof(struct everything, limit) },
	{ .name = "offset", .kind = ARG_INTEGER, .max = INT64_MAX, .at = offsetof(struct everything, offset) },
	{ .name = "weight", .kind = ARG_NUMBER, .min = -1, .max = 1, .fallback = "0.5",
	  .at = offsetof(struct everything, weight) },
	{ .name = "exact", .kind = ARG_BOOLEAN, .at = offsetof(struct everything, exact) },
	{ .name = "cased", .kind = ARG_BOOLEAN, .fallback = "true", .at = offsetof(struct everything, cased) },
	{ .name = "since", .kind = ARG_TIME, .at = offsetof(struct everything, since) },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = 40, .at = offsetof(struct everything, metadata) },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = 3, .at = offsetof(struct everything, embedding) },
	{ 0 },
};
/* clang-format on */

#define NAMES                                                                                  \
	"text, session, mode, order, id, limit, offset, weight, exact, cased, since, "         \
	"metadata, embedding"

/* Loads JSON text into e; the texts of e live in *json, which the caller gives back. */
static bool load(const char *text, struct everything *e, json_t **json, char complaint[512])
{
	*json = json_loads(text, 0, NULL);
	assert_non_null(*json);
	memset(e, 0, sizeof(*e));
	return args_load(table, *json, e, complaint, 512);
}

static void loads_everything(void **state)
{
	static const char text[] =
	    "{\"text\":\"\u8bb0\",\"session\":\"\",\"mode\":\"vector\",\"order\":\"words\","
	    "\"id\":\"123e4567-E89B-42d3-a456-426614174000\",\"limit\":50,\"offset\":"
	    "9007199254740991,"
	    "\"weight\":-1,\"exact\":true,\"cased\":false,\"since\":\"1970-01-01T00:00:01Z\","
	    "\"metadata\":{\"b\":0.1,\"a\":[null,{}]},\"embedding\":[0,-1.5,3e38]}";
	struct everything e;
	char complaint[512];
	json_t *json;

	(void)state;
	if (!load("{\"text\":\"\u8bb0\",\"embedding\":[0,-1.5,3]}", &e, &json, complaint))
		fail_msg("%s", complaint);
	assert_int_equal(e.embedding.count, 3);
	assert_true(e.embedding.items[1] == -1.5F && e.embedding.items[2] == 3.0F);
	args_fini(table, &e);
	json_decref(json);

	assert_false(load(text, &e, &json, complaint));
	assert_string_equal(complaint,
	    "embedding: has a length of 3e+38, too long to compare in 32-bit floats");
	assert_int_equal(e.text.len, 3);
	assert_string_equal(e.text.s, "\u8bb0");
	assert_int_equal(e.session.len, 0);
	assert_non_null(e.session.s);
	assert_int_equal(e.mode, 1);
	assert_int_equal(e.order, 0);
	assert_true(e.id.set);
	assert_memory_equal(
	    e.id.bytes, "\x12\x3e\x45\x67\xe8\x9b\x42\xd3\xa4\x56\x42\x66\x14\x17\x40\x00", 16);
	assert_int_equal(e.limit, 50);
	assert_true(e.offset == 9007199254740991);
	assert_true(e.weight == -1.0);
	assert_true(e.exact);
	assert_false(e.cased);
	assert_int_equal(e.since, 1000000);
	assert_string_equal(e.metadata.text, "{\"b\":0.1,\"a\":[null,{}]}");
	assert_int_equal(e.metadata.len, strlen(e.metadata.text));
	args_fini(table, &e);
	args_fini(table, &e); /* twice is fine */
	json_decref(json);
}

static void absent_is_default(void **state)
{
	static const char *const cases[] = {
	    "{\"text\":\"a\"}",
	    "{\"text\":\"a\",\"session\":null,\"mode\":null,\"order\":null,\"id\":null,"
	    "\"limit\":null,\"offset\":null,\"weight\":null,\"exact\":null,\"cased\":null,"
	    "\"since\":null,\"metadata\":null,\"embedding\":null}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct everything e;
		char complaint[512];
		json_t *json;

		if (!load(cases[i], &e, &json, complaint))
			fail_msg("%s", complaint);
		json_decref(json); /* defaults do not live in it */
		assert_string_equal(e.session.s, "default");
		assert_int_equal(e.session.len, 7);
		assert_int_equal(e.mode, -1);
		assert_int_equal(e.order, 1);
		assert_false(e.id.set);
		assert_int_equal(e.limit, 10);
		assert_int_equal(e.offset, 0);
		assert_true(e.weight == 0.5);
		assert_false(e.exact);
		assert_true(e.cased);
		assert_true(e.since == INT64_MIN);
		assert_null(e.metadata.text);
		assert_null(e.embedding.items);
		args_fini(table, &e);
	}
}

static void limits_are_included(void **state)
{
	static const char *const cases[] = {
	    "{\"text\":\"12345678901234567890\"}",
	    "{\"text\":\"a\",\"limit\":1,\"weight\":-1}",
	    "{\"text\":\"a\",\"limit\":50,\"weight\":1}",
	    "{\"text\":\"a\",\"weight\":1.0}",
	    "{\"text\":\"a\",\"limit\":50.0}",
	    "{\"text\":\"a\",\"metadata\":{\"k\":\"12345678901234567890123456789012\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct everything e;
		char complaint[512];
		json_t *json;

		if (!load(cases[i], &e, &json, complaint))
			fail_msg("%s: %s", cases[i], complaint);
		args_fini(table, &e);
		json_decref(json);
	}
}

static const struct {
	const char *arguments; /* after "text", but where it begins with a brace */
	const char *complaint;
} wrong_arguments[] = {
    {"{}", "text: is required"},
    {"{\"text\":null}", "text: is required"},
    {"{\"text\":7}", "text: must be a string"},
    {"{\"text\":[\"a\"]}", "text: must be a string"},
    {"{\"text\":\"\"}", "text: is 0 bytes long, must have at least 1"},
    {"{\"text\":\"123456789012345678901\"}", "text: is 21 bytes long, the limit is 20"},
    {"{\"text\":\"\u8bb0\u8bb0\u8bb0\u8bb0\u8bb0\u8bb0\u8bb0\"}",
        "text: is 21 bytes long, the limit is 20"},
    {"{\"Text\":\"a\"}", "Text: unknown argument; known are " NAMES},
    {"\"sesion\":\"x\"", "sesion: unknown argument; known are " NAMES},
    {"\"\":1", ": unknown argument; known are " NAMES},
    {"\"mode\":\"word\"", "mode: must be one of words, vector"},
    {"\"mode\":\"WORDS\"", "mode: must be one of words, vector"},
    {"\"mode\":0", "mode: must be one of words, vector"},
    {"\"id\":\"first\"", "id: must be a UUID such as 123e4567-e89b-42d3-a456-426614174000"},
    {"\"id\":\"123e4567-e89b-42d3-a456-42661417400\"",
        "id: must be a UUID such as 123e4567-e89b-42d3-a456-426614174000"},
    {"\"id\":\"{123e4567-e89b-42d3-a456-426614174000}\"",
        "id: must be a UUID such as 123e4567-e89b-42d3-a456-426614174000"},
    {"\"id\":7", "id: must be a UUID such as 123e4567-e89b-42d3-a456-426614174000"},
    {"\"limit\":500", "limit: 500 is out of range, must be an integer from 1 to 50"},
    {"\"limit\":0", "limit: 0 is out of range, must be an integer from 1 to 50"},
    {"\"limit\":-9223372036854775808",
        "limit: -9223372036854775808 is out of range, must be an integer from 1 to 50"},
    {"\"limit\":1.5", "limit: must be an integer from 1 to 50"},
    {"\"limit\":51.0", "limit: 51 is out of range, must be an integer from 1 to 50"},
    {"\"limit\":1e300", "limit: must be an integer from 1 to 50"},
    {"\"limit\":\"5\"", "limit: must be an integer from 1 to 50"},
    {"\"limit\":true", "limit: must be an integer from 1 to 50"},
    {"\"weight\":1.01", "weight: must be a number from -1 to 1"},
    {"\"weight\":\"1\"", "weight: must be a number from -1 to 1"},
    {"\"exact\":1", "exact: must be true or false"},
    {"\"exact\":\"true\"", "exact: must be true or false"},
    {"\"since\":\"yesterday\"",
        "since: must be a date-time with an offset such as 2026-07-28T09:30:00+08:00"},
    {"\"since\":0",
        "since: must be a date-time with an offset such as 2026-07-28T09:30:00+08:00"},
    {"\"metadata\":[]", "metadata: must be an object"},
    {"\"metadata\":\"{}\"", "metadata: must be an object"},
    {"\"metadata\":{\"k\":\"12345678901234567890123456789012345678901\"}",
        "metadata: is 49 bytes long as JSON, the limit is 40"},
    {"\"embedding\":\"[1,2,3]\"", "embedding: must be an array of exactly 3 numbers"},
    {"\"embedding\":{}", "embedding: must be an array of exactly 3 numbers"},
    {"\"embedding\":[]", "embedding: has 0 numbers, must have exactly 3"},
    {"\"embedding\":[1,2,3,4]", "embedding: has 4 numbers, must have exactly 3"},
    {"\"embedding\":[1,null,3]", "embedding[1]: must be a number"},
    {"\"embedding\":[1,2,\"3\"]", "embedding[2]: must be a number"},
    {"\"embedding\":[[1],2,3]", "embedding[0]: must be a number"},
    {"\"embedding\":[1,2,1e300]", "embedding[2]: 1e+300 does not fit a 32-bit float"},
    {"\"embedding\":[1,-3.5e38,3]", "embedding[1]: -3.5e+38 does not fit a 32-bit float"},
    {"\"embedding\":[0,0.0,-0.0]",
        "embedding: is all zeros, which has no direction to compare"},
    {"\"embedding\":[0,1e-60,0]", "embedding: is all zeros, which has no direction to compare"},
    {"\"embedding\":[0,1e-30,0]",
        "embedding: has a length of 1e-30, too short to compare in 32-bit floats"},
    {"\"limit\":0,\"weight\":7", "limit: 0 is out of range, must be an integer from 1 to 50"},
};

static void names_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_arguments) / sizeof(*wrong_arguments); i++) {
		char text[256], complaint[512] = "";
		struct everything e;
		json_t *json;

		if (*wrong_arguments[i].arguments == '{')
			snprintf(text, sizeof(text), "%s", wrong_arguments[i].arguments);
		else
			snprintf(text, sizeof(text), "{\"text\":\"a\",%s}",
			    wrong_arguments[i].arguments);
		if (load(text, &e, &json, complaint))
			fail_msg("accepted: %s", text);
		assert_string_equal(complaint, wrong_arguments[i].complaint);
		args_fini(table, &e);
		json_decref(json);
	}
}

/* pgvector adds squares up in floats: what passes here must not overflow there. */
static void longest_vector_is_still_finite(void **state)
{
	struct everything e;
	char complaint[512];
	json_t *json;

	(void)state;
	assert_true(
	    load("{\"text\":\"a\",\"embedding\":[1e19,1e19,1e18]}", &e, &json, complaint));
	assert_true(e.embedding.items[0] * e.embedding.items[0] +
	                e.embedding.items[1] * e.embedding.items[1] <=
	            FLT_MAX);
	args_fini(table, &e);
	json_decref(json);
}

static void needs_no_arguments(void **state)
{
	static const struct arg none[] = {{0}};
	char complaint[512], small[8];
	json_t *empty = json_object(), *null = json_null(),
	       *one = json_pack("{s:b}", "verbose", 1);
	struct everything e = {.mode = 0};

	(void)state;
	assert_true(args_load(none, NULL, &e, complaint, sizeof(complaint)));
	assert_true(args_load(none, null, &e, complaint, sizeof(complaint)));
	assert_true(args_load(none, empty, &e, complaint, sizeof(complaint)));
	assert_false(args_load(none, one, &e, complaint, sizeof(complaint)));
	assert_string_equal(complaint, "verbose: unknown argument; known are none");
	assert_false(args_load(none, one, &e, small, sizeof(small)));
	assert_string_equal(small, "verbose");
	assert_false(args_load(table, NULL, &e, complaint, sizeof(complaint)));
	assert_string_equal(complaint, "text: is required");
	args_fini(table, &e);
	json_decref(empty);
	json_decref(one);
}

static void shortens_what_it_quotes(void **state)
{
	json_t *json = json_object();
	char key[3001] = "", complaint[512];
	struct everything e = {.mode = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(key) - 1; i++)
		key[i] = "\u8bb0"[i % 3];
	json_object_set_new(json, key, json_null());
	assert_false(args_load(table, json, &e, complaint, sizeof(complaint)));
	assert_int_equal(strchr(complaint, ':') - complaint, 63); /* 21 whole characters */
	json_t *valid = json_string(complaint);

	assert_non_null(valid);
	json_decref(valid);
	json_decref(json);
}

static void lists_no_more_names_than_fit(void **state)
{
	struct arg many[101] = {{0}};
	char names[100][16], complaint[512];
	json_t *json = json_pack("{s:i}", "x", 1);
	struct everything e = {.mode = 0};

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(names[i], sizeof(names[i]), "argument_%d", i);
		many[i] = (struct arg){.name = names[i], .kind = ARG_BOOLEAN};
	}
	assert_false(args_load(many, json, &e, complaint, sizeof(complaint)));
	assert_non_null(strstr(complaint, "known are argument_0, argument_1, "));
	assert_string_equal(complaint + strlen(complaint) - 5, ", ...");
	assert_true(strlen(complaint) < 320);
	json_decref(json);
}

static void ten_thousand_keys_get_one_short_complaint(void **state)
{
	json_t *json = json_pack("{s:s}", "text", "a");
	char key[32], complaint[512];
	struct everything e = {.mode = 0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		json_object_set_new(json, key, json_integer(i));
	}
	for (int i = 0; i < 1000; i++) /* would take long if all keys were looked at */
		assert_false(args_load(table, json, &e, complaint, sizeof(complaint)));
	assert_string_equal(complaint, "key0: unknown argument; known are " NAMES);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(loads_everything),
	    cmocka_unit_test(absent_is_default),
	    cmocka_unit_test(limits_are_included),
	    cmocka_unit_test(names_what_is_wrong),
	    cmocka_unit_test(longest_vector_is_still_finite),
	    cmocka_unit_test(needs_no_arguments),
	    cmocka_unit_test(shortens_what_it_quotes),
	    cmocka_unit_test(lists_no_more_names_than_fit),
	    cmocka_unit_test(ten_thousand_keys_get_one_short_complaint),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
