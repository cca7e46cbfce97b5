/* reader: what other memory servers export, and which format it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/copy_text.h"
#include "ingest/when.h"
#include "reading.h"

#define ID "550e8400-e29b-41d4-a716-446655440000"

static json_t *read_text(const char *text)
{
	return read_all(READER_ANY, NULL, text, strlen(text));
}

static void check_json(const json_t *item, const char *member, const char *expected)
{
	json_t *json = json_loads(expected, JSON_DECODE_ANY, NULL);

	assert_non_null(json);
	if (!json_equal(json_object_get(item, member), json))
		fail_msg(
		    "%s is not %s in %s", member, expected, json_dumps(item, JSON_INDENT(1)));
	json_decref(json);
}

static const char *first_problem(const json_t *all)
{
	return json_string_value(json_array_get(json_object_get(all, "problems"), 0));
}

static void finds_out_the_format(void **state)
{
	static const struct {
		const char *text, *format;
		size_t items, problems;
	} cases[] = {
	    {"", "any", 0, 0},
	    {" \n\t\n", "any", 0, 0},
	    {"\xef\xbb\xbf{\"memory\":\"x\"}", "mem0", 1, 0},
	    {"[]", "any", 0, 0},
	    {"[{\"memory\":\"x\"}]", "mem0", 1, 0},
	    {"{\"count\":1,\"results\":[{\"memory\":\"x\"}]}", "mem0", 1, 0},
	    {"{\"type\":\"entity\",\"name\":\"a\",\"entityType\":\"b\",\"observations\":[]}",
	        "server-memory", 1, 0},
	    {"{\"type\":\"relation\",\"from\":\"a\",\"to\":\"b\",\"relationType\":\"c\"}",
	        "server-memory", 1, 0},
	    {"{\"type\":\"mode\"}\n{\"type\":\"user\",\"message\":{\"content\":\"x\"}}",
	        "transcript", 1, 0},
	    {"{\"id\":\"" ID "\",\"user_input\":\"x\"}", "sage", 1, 0},
	    {"--\n-- PostgreSQL database dump\n--\n", "sage", 0, 0},
	    {"\\restrict abc\n--\n", "sage", 0, 0},
	    {"Human: hi\n", "conversation", 1, 0},
	    {"\xef\xbb\xbfHuman: hi\n", "conversation", 1, 0},
	    {"\xef\xbb\x80 odd\nHuman: hi\n", "conversation", 1, 1},
	    {"\xef\xbb", "conversation", 0, 1},
	    {"{\"format\":\"sage-mcp\",\"version\":1}\n{\"kind\":\"end\"}", "export", 0, 0},
	    {"{\"what\":\"is this\"}", "any", 0, 1},
	    {"{\"what\":\"is this\"}\n{\"memory\":\"x\"}", "mem0", 1, 1},
	    {"{\"kind\":7}", "any", 0, 1},
	    {"{broken}\n{\"memory\":\"x\"}", "mem0", 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *all = read_text(cases[i].text);

		check_text(all, "format", cases[i].format);
		check_counts(all, cases[i].items, cases[i].problems);
		json_decref(all);
	}
	for (enum reader_format f = READER_ANY; f < READER_FORMATS; f++) {
		enum reader_format found;

		assert_true(reader_format_of(reader_format_name(f), &found));
		assert_int_equal(found, f);
	}
	enum reader_format none;

	assert_false(reader_format_of("csv", &none));
}

static void gives_a_session_to_those_without(void **state)
{
	static const char text[] = "[{\"memory\":\"a\"},{\"memory\":\"b\",\"run_id\":\"r1\"}]";
	const struct reader_options options = {.session_id = "imported"};
	json_t *all = read_all(READER_ANY, &options, text, strlen(text));

	(void)state;
	check_text(item_at(all, 0), "session_id", "imported");
	check_text(item_at(all, 1), "session_id", "r1");
	json_decref(all);
}

static void reads_mem0(void **state)
{
	json_t *all = read_text(
	    "{\n  \"results\": [\n    {\"id\": \"" ID "\", \"memory\": \"Dev likes tea\",\n"
	    "     \"hash\": \"1a79\", \"metadata\": {\"category\": \"food\"}, \"score\": "
	    "null,\n"
	    "     \"created_at\": \"2024-07-20T01:30:36.275141-07:00\", \"updated_at\": null,\n"
	    "     \"user_id\": \"dev\", \"agent_id\": \"helper\", \"run_id\": \"run-1\",\n"
	    "     \"categories\": [\"drinks\"]},\n"
	    "    {\"memory\": \"naive\", \"created_at\": \"2024-07-20 01:30:36\"},\n"
	    "    {\"id\": \"x\"}, {\"memory\": \"y\", \"created_at\": \"soon\"},\n"
	    "    {\"memory\": \"z\", \"metadata\": {\"n\": 9007199254740993}}\n  ],\n"
	    "  \"relations\": []\n}\n");
	json_t *first = item_at(all, 0), *second = item_at(all, 1);

	(void)state;
	check_counts(all, 3, 3);
	check_text(first, "user_input", "Dev likes tea");
	check_text(first, "assistant_response", NULL);
	check_text(first, "agent", "helper");
	check_text(first, "session_id", "run-1");
	check_text(first, "created_at", "2024-07-20T08:30:36.275141Z");
	check_text(first, "updated_at", NULL);
	check_text(first, "idempotency_key", "mem0:" ID);
	check_json(first, "metadata",
	    "{\"category\":\"food\",\"mem0\":{\"hash\":\"1a79\",\"user_id\":\"dev\","
	    "\"categories\":"
	    "[\"drinks\"]}}");
	check_json(first, "line", "3");
	check_text(second, "created_at", "2024-07-20T01:30:36Z");
	check_text(second, "idempotency_key", NULL);
	check_text(
	    item_at(all, 2), "user_input", "y"); /* kept, without the time that is none */
	check_text(item_at(all, 2), "created_at", NULL);
	assert_string_equal(first_problem(all), "line 9: no text in \"memory\"");
	json_decref(all);
}

static void reads_server_memory(void **state)
{
	json_t *all = read_text(
	    "{\"type\":\"entity\",\"name\":\"John "
	    "Smith\",\"entityType\":\"person\",\"observations\":"
	    "[\"Speaks Spanish\",\"Prefers mornings\",7]}\n"
	    "{\"type\":\"relation\",\"from\":\"John "
	    "Smith\",\"to\":\"Anthropic\",\"relationType\":"
	    "\"works_at\"}\n"
	    "{\"type\":\"entity\",\"name\":\"Tea\",\"entityType\":\"\",\"observations\":[]}\n"
	    "{\"type\":\"relation\",\"from\":\"a\"}\n{\"type\":\"entity\"}\n");

	(void)state;
	check_counts(all, 4, 3);
	check_text(item_at(all, 0), "user_input", "John Smith (person): Speaks Spanish");
	check_json(item_at(all, 0), "metadata",
	    "{\"graph\":{\"entity\":\"John Smith\",\"type\":\"person\"}}");
	check_text(item_at(all, 1), "user_input", "John Smith (person): Prefers mornings");
	assert_string_not_equal(
	    json_string_value(json_object_get(item_at(all, 0), "idempotency_key")),
	    json_string_value(json_object_get(item_at(all, 1), "idempotency_key")));
	check_text(item_at(all, 2), "user_input", "John Smith works_at Anthropic");
	check_json(item_at(all, 2), "metadata",
	    "{\"graph\":{\"from\":\"John "
	    "Smith\",\"relation\":\"works_at\",\"to\":\"Anthropic\"}}");
	check_text(item_at(all, 3), "user_input", "Tea");
	json_decref(all);
}

#define DUMP                                                                                   \
	"--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n"                  \
	"CREATE TABLE public.memories (\n    id uuid\n);\n\n"

static void reads_dumps_of_sage(void **state)
{
	json_t *all = read_text(DUMP
	    "COPY public.memories (id, session_id, user_input, assistant_response, embedding, "
	    "metadata, created_at, updated_at, is_agent_report, agent_metadata) FROM "
	    "stdin;\n" ID "\tsess-1\ttwo\\nlines\\tand a \\\\ "
	    "\\x41\\102\t\t[0.5,-0.25,1e-3]\t{\"a\": \"\\\\n\"}\t"
	    "2025-08-02 16:32:19.123+08\t2025-08-02 08:32:19+00\tt\t{\"agent_name\": "
	    "\"coder\"}\n" ID "\t\\N\tx\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n"
	    "too\tfew\n" ID "\ts\tx\ty\t[oops]\t{broken\t\\N\t\\N\tf\t\\N\n\\.\n\n"
	    "COPY public.other (id) FROM stdin;\n1\n\\.\n"
	    "COPY public.sessions (id, name, metadata, created_at, updated_at, last_active) "
	    "FROM stdin;"
	    "\ndefault\tDefault Session\t{}\t2025-08-01 00:00:00+00\t\\N\t2025-08-02 "
	    "00:00:00+0530\n"
	    "\\.\nALTER TABLE x;\n");
	json_t *first = item_at(all, 0), *session = item_at(all, 3);
	float numbers[3] = {0.5F, -0.25F, 1e-3F};

	(void)state;
	check_counts(all, 4, 3);
	check_text(first, "id", ID);
	check_text(first, "session_id", "sess-1");
	check_text(first, "user_input", "two\nlines\tand a \\ AB");
	check_text(first, "assistant_response", "");
	check_text(first, "created_at", "2025-08-02T08:32:19.123Z");
	check_text(first, "idempotency_key", "sage:" ID);
	check_json(first, "metadata", "{\"a\":\"\\n\"}");
	check_json(first, "agent_report", "{\"agent_name\":\"coder\"}");
	check_json(json_object_get(first, "embedding"), "dimensions", "3");
	assert_int_equal(sizeof(numbers), 12);
	check_text(json_object_get(first, "embedding"), "data", "AAAAPwAAgL5vEoM6");
	check_text(item_at(all, 1), "session_id", NULL);
	check_text(item_at(all, 1), "assistant_response", NULL);
	assert_null(json_object_get(item_at(all, 2), "embedding"));
	check_text(session, "kind", "session");
	check_text(session, "session_id", "default");
	check_text(session, "name", "Default Session");
	check_text(session, "last_active", "2025-08-01T18:30:00Z");
	json_decref(all);
}

static void reads_rows_of_sage(void **state)
{
	json_t *all = read_text(
	    "{\"id\":\"" ID
	    "\",\"session_id\":\"s\",\"user_input\":\"q\",\"assistant_response\":\"a\","
	    "\"embedding\":\"[1,2]\",\"metadata\":{\"is_agent_report\":true,\"agent_name\":"
	    "\"coder\","
	    "\"agent_task_id\":\"t1\"},\"created_at\":\"2025-08-02T16:32:19.123456+00:00\"}\n"
	    "{\"id\":\"default\",\"name\":\"D\",\"metadata\":{},\"last_active\":null}\n"
	    "{\"user_input\":\"without id\"}\n");

	(void)state;
	check_counts(all, 2, 1);
	check_json(
	    item_at(all, 0), "agent_report", "{\"agent_name\":\"coder\",\"task_id\":\"t1\"}");
	check_json(json_object_get(item_at(all, 0), "embedding"), "dimensions", "2");
	check_text(item_at(all, 1), "kind", "session");
	json_decref(all);
	/* The older export of one session */
	all = read_text(
	    "{\"session_id\":\"s\",\"memory_count\":1,\"memories\":[{\"id\":\"" ID
	    "\",\"session_id\":\"s\",\"user_input\":\"q\",\"assistant_response\":\"a\"}]}");
	check_text(all, "format", "sage");
	check_counts(all, 1, 0);
	json_decref(all);
}

static void reads_copy_lines(void **state)
{
	static const struct {
		const char *line, *name;
		size_t columns;
	} cases[] = {
	    {"COPY public.memories (id, \"Odd, name\") FROM stdin;", "memories", 2},
	    {"COPY memories (id) FROM stdin;", "memories", 1},
	    {"COPY \"My Schema\".\"t\" (a, b, c) FROM stdin WITH (FORMAT text);", "t", 3},
	    {"COPY memories FROM stdin;", NULL, 0},
	    {"COPY memories (id) TO stdout;", NULL, 0},
	    {"COPY ", NULL, 0},
	    {"COPY a (", NULL, 0},
	    {"COPY a () FROM stdin;", NULL, 0},
	    {"SELECT 1;", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct copy_table table;
		bool begins = copy_begins(cases[i].line, strlen(cases[i].line), &table);

		if (begins != (cases[i].name != NULL) ||
		    (begins && (strcmp(table.name, cases[i].name) != 0 ||
		                   table.count != cases[i].columns)))
			fail_msg("%s", cases[i].line);
	}
}

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: none */
	} cases[] = {
	    {"1970-01-01T00:00:01Z", 1000000},
	    {"1970-01-01 08:00:01+08", 1000000},
	    {"1970-01-01 08:00:01.5+0800", 1500000},
	    {"1969-12-31T19:00:01-05:00", 1000000},
	    {"1970-01-01T00:00:01", 1000000},
	    {"1970-01-01T00:00:01.25", 1250000},
	    {"1970-01-01", -1},
	    {"1970-01-01T", -1},
	    {"", -1},
	    {"yesterday", -1},
	    {"1970-01-01T00:00:01+8", -1},
	    {"1970-01-01T00:00:01 and very much more text than a time", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t us = -2;
		bool parsed = when_parse(cases[i].text, strlen(cases[i].text), &us);

		if (parsed != (cases[i].us >= 0) || (parsed && us != cases[i].us))
			fail_msg("%s: %lld", cases[i].text, (long long)us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_out_the_format),
	    cmocka_unit_test(gives_a_session_to_those_without),
	    cmocka_unit_test(reads_mem0),
	    cmocka_unit_test(reads_server_memory),
	    cmocka_unit_test(reads_dumps_of_sage),
	    cmocka_unit_test(reads_rows_of_sage),
	    cmocka_unit_test(reads_copy_lines),
	    cmocka_unit_test(reads_times),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
