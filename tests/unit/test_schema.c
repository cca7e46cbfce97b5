/* schema: a table of every kind as JSON Schema, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "args.h"

static const char *const modes[] = {"words", "vector", NULL};

/* clang-format off */
static const struct arg table[] = {
	{ .name = "text", .kind = ARG_TEXT, .required = true, .min = 1, .max = 20, .help = "What to keep." },
	{ .name = "session", .kind = ARG_TEXT, .max = 8, .fallback = "default" },
	{ .name = "mode", .kind = ARG_ENUM, .choices = modes },
	{ .name = "order", .kind = ARG_ENUM, .choices = modes, .fallback = "vector" },
	{ .name = "id", .kind = ARG_UUID },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = 50, .fallback = "10" },
	{ .name = "offset", .kind = ARG_INTEGER, .max = INT64_MAX },
	{ .name = "weight", .kind = ARG_NUMBER, .min = -1, .max = 1, .fallback = "0.5" },
	{ .name = "exact", .kind = ARG_BOOLEAN },
	{ .name = "cased", .kind = ARG_BOOLEAN, .fallback = "true" },
	{ .name = "since", .kind = ARG_TIME },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = 40 },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = 3 },
	{ 0 },
};
/* clang-format on */

/* A schema as text must be this. */
static void expect_schema(json_t *schema, const char *expected)
{
	char *text = json_dumps(schema, JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(schema);
}

static void describes_arguments(void **state)
{
	static const struct arg none[] = {{0}};

	(void)state;
	expect_schema(args_schema(none, true),
	    "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}");
	expect_schema(args_schema(table, true),
	    "{\"type\":\"object\",\"properties\":{"
	    "\"text\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20,\"description\":"
	    "\"What to keep.\"},"
	    "\"session\":{\"type\":\"string\",\"maxLength\":8,\"default\":\"default\"},"
	    "\"mode\":{\"type\":\"string\",\"enum\":[\"words\",\"vector\"]},"
	    "\"order\":{\"type\":\"string\",\"enum\":[\"words\",\"vector\"],\"default\":"
	    "\"vector\"},"
	    "\"id\":{\"type\":\"string\",\"format\":\"uuid\"},"
	    "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50,\"default\":10},"
	    "\"offset\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9223372036854775807},"
	    "\"weight\":{\"type\":\"number\",\"minimum\":-1,\"maximum\":1,\"default\":0.5},"
	    "\"exact\":{\"type\":\"boolean\"},"
	    "\"cased\":{\"type\":\"boolean\",\"default\":true},"
	    "\"since\":{\"type\":\"string\",\"format\":\"date-time\"},"
	    "\"metadata\":{\"type\":\"object\"},"
	    "\"embedding\":{\"type\":\"array\",\"items\":{\"type\":\"number\"},\"minItems\":3,"
	    "\"maxItems\":3}},"
	    "\"required\":[\"text\"],\"additionalProperties\":false}");
}

static void describes_results(void **state)
{
	static const struct arg hit[] = {
	    {.name = "id", .kind = ARG_UUID, .required = true},
	    {.name = "score", .kind = ARG_NUMBER, .min = 0, .max = 1},
	    {0},
	};
	static const struct arg results[] = {
	    {.name = "hits", .kind = ARG_RECORDS, .required = true, .items = hit},
	    {.name = "best", .kind = ARG_RECORD, .items = hit, .help = "The first of them."},
	    {.name = "total", .kind = ARG_INTEGER, .required = true, .min = 1, .max = 2},
	    {0},
	};

	(void)state;
#define HIT                                                                                    \
	"\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"}" \
	","                                                                                    \
	"\"score\":{\"type\":\"number\"}},\"required\":[\"id\"]"
	expect_schema(result_schema(results, true),
	    "{\"type\":\"object\",\"properties\":{"
	    "\"hits\":{\"type\":\"array\",\"items\":{" HIT "}},"
	    "\"best\":{" HIT ",\"description\":\"The first of them.\"},"
	    "\"total\":{\"type\":\"integer\"}},"
	    "\"required\":[\"hits\",\"total\"]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(describes_arguments),
	    cmocka_unit_test(describes_results),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
