/* export: what is written is read back the same; and Markdown for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/export.h"
#include "ingest/markdown.h"
#include "reading.h"

#define ID "550e8400-e29b-41d4-a716-446655440000"
#define TEXT(s)                                                                                \
	{                                                                                      \
		s, sizeof(s) - 1                                                               \
	}
#define HEAD "{\"format\":\"sage-mcp\",\"version\":1,\"namespace\":\"n\"}\n"
#define TAIL "{\"kind\":\"end\",\"sessions\":0,\"memories\":1,\"versions\":0}\n"

static const float numbers[] = {0.0F, -0.0F, 1.5F, 3.4028234e38F, 1e-45F, 0.1F};

/* Every member set, each to something else. */
static struct item full_item(json_t *metadata, json_t *tags, json_t *report)
{
	return (struct item){.kind = ITEM_MEMORY,
	    .id = TEXT(ID),
	    .session_id = TEXT("sess \xe2\x9c\x93"),
	    .agent = TEXT("coder"),
	    .user_input = TEXT("line one\nline \"two\"\t\\ \x01"),
	    .assistant_response = TEXT(""),
	    .idempotency_key = TEXT("key-1"),
	    .content_hash = TEXT("00ff"),
	    .supersedes = TEXT("650e8400-e29b-41d4-a716-446655440000"),
	    .visibility = ITEM_PRIVATE,
	    .created_us = 1,
	    .updated_us = 1500000,
	    .event_us = -62135596800000000,
	    .valid_until_us = 253402300799999999,
	    .deleted_us = 0,
	    .active_us = ITEM_NO_TIME,
	    .pinned = true,
	    .metadata = metadata,
	    .tags = tags,
	    .report = report,
	    .embedding = {.model = TEXT("Qwen3"), .numbers = numbers, .dimensions = 6}};
}

static void check_same_text(struct arg_text a, struct arg_text b)
{
	assert_int_equal(a.s == NULL, b.s == NULL);
	assert_int_equal(a.len, b.len);
	if (a.s != NULL)
		assert_memory_equal(a.s, b.s, a.len);
}

static void check_same(const struct item *a, const struct item *b)
{
	assert_int_equal(a->kind, b->kind);
	check_same_text(a->id, b->id);
	check_same_text(a->session_id, b->session_id);
	check_same_text(a->agent, b->agent);
	check_same_text(a->user_input, b->user_input);
	check_same_text(a->assistant_response, b->assistant_response);
	check_same_text(a->idempotency_key, b->idempotency_key);
	check_same_text(a->content_hash, b->content_hash);
	check_same_text(a->supersedes, b->supersedes);
	check_same_text(a->name, b->name);
	check_same_text(a->status, b->status);
	assert_int_equal(a->visibility, b->visibility);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->part, b->part);
	assert_int_equal(a->created_us, b->created_us);
	assert_int_equal(a->updated_us, b->updated_us);
	assert_int_equal(a->event_us, b->event_us);
	assert_int_equal(a->valid_until_us, b->valid_until_us);
	assert_int_equal(a->deleted_us, b->deleted_us);
	assert_int_equal(a->active_us, b->active_us);
	assert_int_equal(a->pinned, b->pinned);
	assert_true(a->metadata == b->metadata || json_equal(a->metadata, b->metadata));
	assert_true(a->tags == b->tags || json_equal(a->tags, b->tags));
	assert_true(a->report == b->report || json_equal(a->report, b->report));
	check_same_text(a->embedding.model, b->embedding.model);
	assert_int_equal(a->embedding.dimensions, b->embedding.dimensions);
	if (a->embedding.numbers != NULL)
		assert_memory_equal(a->embedding.numbers, b->embedding.numbers,
		    a->embedding.dimensions * sizeof(float));
}

/* Writes the items as a whole export. */
static char *exported(const struct item *items, size_t count, size_t *len)
{
	struct exporter exporter;
	char *text = NULL;
	FILE *to = open_memstream(&text, len);

	assert_non_null(to);
	assert_true(export_begin(&exporter, to, "default", 1764000000000000));
	for (size_t i = 0; i < count; i++)
		assert_true(export_item(&exporter, &items[i]));
	assert_true(export_end(&exporter));
	fclose(to);
	return text;
}

static void reads_back_what_it_wrote(void **state)
{
	json_t *metadata = json_loads(
	    "{\"n\":0.1,\"big\":9223372036854775807,\"list\":[null,true,{}],\"s\":\"\\u0001\"}",
	    0, NULL);
	json_t *tags = json_loads("[\"a\",\"\"]", 0, NULL);
	json_t *report =
	    json_loads("{\"agent_name\":\"coder\",\"quality_score\":0.9}", 0, NULL);
	struct item items[] = {
	    ITEM_INIT, full_item(metadata, tags, report), ITEM_INIT, ITEM_INIT, ITEM_INIT};
	size_t count = sizeof(items) / sizeof(*items), at = 0, len;

	(void)state;
	items[0].kind = ITEM_SESSION;
	items[0].session_id = (struct arg_text)TEXT("default");
	items[0].name = (struct arg_text)TEXT("Default");
	items[0].status = (struct arg_text)TEXT("paused");
	items[0].active_us = 7;
	items[2].kind = ITEM_VERSION;
	items[2].id = (struct arg_text)TEXT(ID);
	items[2].version = 3;
	items[2].user_input = (struct arg_text)TEXT("before");
	items[3].id = (struct arg_text)TEXT(ID);
	items[3].user_input = (struct arg_text)TEXT("x");
	items[3].visibility = ITEM_SHARED;
	items[4].kind = ITEM_VECTOR;
	items[4].id = (struct arg_text)TEXT(ID);
	items[4].version = 3;
	items[4].part = 2;
	items[4].embedding = (struct item_embedding){TEXT("Qwen3"), numbers, 6};
	char *text = exported(items, count, &len);
	struct reader *reader = reader_new(READER_ANY, NULL);
	enum reader_result result;
	struct item *item;

	reader_feed(reader, text, len);
	while ((result = reader_next(reader, &item)) != READER_END) {
		if (result == READER_MORE) {
			reader_end(reader);
			continue;
		}
		if (result != READER_ITEM)
			fail_msg("%s", reader_problem(reader));
		check_same(item, &items[at++]);
	}
	assert_int_equal(at, count);
	assert_int_equal(reader_counted(reader)->problems, 0);
	reader_free(reader);
	free(text);
	json_decref(metadata);
	json_decref(tags);
	json_decref(report);
}

/* Metadata from the database travels as it is, with numbers that no JSON reader could keep. */
static void writes_metadata_as_text(void **state)
{
	struct item item = ITEM_INIT;
	size_t len;

	(void)state;
	item.id = (struct arg_text)TEXT(ID);
	item.user_input = (struct arg_text)TEXT("x");
	item.metadata_text = (struct arg_text)TEXT("{\"n\": 1.10, \"m\": 1e2}");
	char *text = exported(&item, 1, &len);

	assert_non_null(strstr(text, ",\"metadata\":{\"n\": 1.10, \"m\": 1e2}}\n"));
	assert_int_equal(
	    strncmp(
	        text, "{\"format\":\"sage-mcp\",\"version\":2,\"namespace\":\"default\",", 55),
	    0);
	json_t *all = read_all(READER_EXPORT, NULL, text, len);

	check_counts(all, 1, 0);
	json_decref(all);
	free(text);
}

static const struct {
	const char *line;
	const char *why; /* part of the problem */
} cases[] = {
    {"{\"kind\":\"memory\"}", "id is missing"},
    {"{\"kind\":\"memory\",\"id\":\"x\",\"user_input\":\"y\"}", "id is missing"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\"}", "user_input is missing"},
    {"{\"kind\":\"session\"}", "session_id is missing"},
    {"{\"kind\":\"vector\",\"id\":\"" ID "\",\"version\":1}", "part is missing"},
    {"{\"kind\":\"vector\",\"id\":\"" ID "\",\"part\":1}", "version is missing"},
    {"{\"kind\":\"vector\",\"id\":\"" ID "\",\"version\":1,\"part\":-1}",
        "part is missing, or not"},
    {"{\"kind\":\"vector\",\"id\":\"" ID "\",\"version\":1,\"part\":1}",
        "embedding is missing"},
    {"{\"kind\":\"vector\",\"id\":\"" ID "\",\"version\":1,\"part\":1,"
     "\"embedding\":{\"dimensions\":1,\"data\":\"AAAAAA==\"}}",
        "embedding is missing"}, /* of no model */
    {"{\"kind\":\"other\"}", "kind is none of"},
    {"{\"id\":\"" ID "\"}", "kind is none of"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":7}",
        "user_input is missing, or not"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":\"x\",\"created_at\":\"x\"}",
        "created_at: not a date-time"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":\"x\",\"tags\":{}}", "tags is"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":\"x\",\"metadata\":[]}",
        "metadata is"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":\"x\",\"pinned\":1}", "pinned is"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":\"x\",\"visibility\":\"all\"}",
        "visibility is"},
    {"{\"kind\":\"memory\",\"id\":\"" ID "\",\"user_input\":\"x\",\"embedding\":{}}",
        "embedding is"},
    {"{\"kind\":\"memory\",\"id\":\"" ID
     "\",\"user_input\":\"x\",\"embedding\":{\"dimensions\":2,"
     "\"data\":\"AAAAAA==\"}}",
        "embedding is"},
    {"{\"kind\":\"memory\",\"id\":\"" ID
     "\",\"user_input\":\"x\",\"embedding\":{\"dimensions\":1,"
     "\"data\":\"AAAA!A==\"}}",
        "embedding is"},
    {"{\"kind\":", "broken JSON"},
};

static void refuses_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[2048], line[16];
		int len = snprintf(text, sizeof(text),
		    HEAD "%s}\n{\"kind\":\"memory\",\"id\":\"" ID
		         "\",\"user_input\":\"fine\"}\n" TAIL,
		    cases[i].line);

		/* The brace too many of all but the last case is a problem of its own. */
		if (i + 1 < sizeof(cases) / sizeof(*cases))
			len = snprintf(text, sizeof(text),
			    HEAD "%s\n{\"kind\":\"memory\",\"id\":\"" ID
			         "\",\"user_input\":\"fine\"}\n" TAIL,
			    cases[i].line);
		json_t *all = read_all(READER_ANY, NULL, text, (size_t)len);
		const char *problem =
		    json_string_value(json_array_get(json_object_get(all, "problems"), 0));

		check_counts(all, 1, 1);
		snprintf(line, sizeof(line), "line 2: ");
		if (strncmp(problem, line, strlen(line)) != 0 ||
		    strstr(problem, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].line, problem);
		json_decref(all);
	}
}

static void tells_when_an_export_was_cut(void **state)
{
	static const char *const texts[][2] = {
	    {HEAD "{\"kind\":\"session\",\"session_id\":\"s\"}\n", "it was cut"},
	    {HEAD "{\"kind\":\"session\",\"session_id\":\"s\"}\n" TAIL,
	        "the export had 1 memories"},
	    {"{\"format\":\"sage-mcp\",\"version\":3}\n{\"kind\":\"session\",\"session_id\":"
	     "\"s\"}\n"
	     "{\"kind\":\"end\",\"sessions\":1}\n",
	        "version 3"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		json_t *all = read_all(READER_ANY, NULL, texts[i][0], strlen(texts[i][0]));
		const char *problem =
		    json_string_value(json_array_get(json_object_get(all, "problems"), 0));

		check_counts(all, 1, 1);
		if (strstr(problem, texts[i][1]) == NULL)
			fail_msg("%s", problem);
		json_decref(all);
	}
}

static void tells_of_a_disk_that_is_full(void **state)
{
	struct exporter exporter;
	struct item item = ITEM_INIT;
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (full == NULL) {
		print_message("skipped: there is no /dev/full here\n");
		skip();
	}
	setvbuf(full, NULL, _IONBF, 0);
	item.user_input = (struct arg_text)TEXT("x");
	assert_false(export_begin(&exporter, full, "n", 0));
	assert_false(export_item(&exporter, &item));
	assert_false(export_end(&exporter));
	assert_false(markdown_begin(full, "x"));
	assert_false(markdown_item(full, &item));
	fclose(full);
}

static void writes_markdown(void **state)
{
	json_t *tags = json_loads("[\"a\",\"b\"]", 0, NULL);
	struct item item = full_item(NULL, tags, NULL), session = ITEM_INIT;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_non_null(to);
	item.user_input = (struct arg_text)TEXT("# not a heading\n\nmore");
	item.assistant_response = (struct arg_text)TEXT("yes\n");
	session.kind = ITEM_SESSION;
	session.session_id = (struct arg_text)TEXT("s1");
	session.name = (struct arg_text)TEXT("My\nsession");
	assert_true(markdown_begin(to, "Memories of default"));
	assert_true(markdown_item(to, &session));
	assert_true(markdown_item(to, &item));
	fclose(to);
	assert_string_equal(text,
	    "# Memories of default\n"
	    "\n## Session My session\n\n- session: s1\n"
	    "\n## 0001-01-01T00:00:00Z\n\n- id: " ID "\n- session: sess \xe2\x9c\x93\n"
	    "- agent: coder\n- tags: a, b\n"
	    "- supersedes: 650e8400-e29b-41d4-a716-446655440000\n"
	    "- valid until: 9999-12-31T23:59:59.999999Z\n- deleted: 1970-01-01T00:00:00Z\n"
	    "\n**User**\n\n> # not a heading\n>\n> more\n\n**Assistant**\n\n> yes\n");
	free(text);
	json_decref(tags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_back_what_it_wrote),
	    cmocka_unit_test(writes_metadata_as_text),
	    cmocka_unit_test(refuses_what_is_wrong),
	    cmocka_unit_test(tells_when_an_export_was_cut),
	    cmocka_unit_test(tells_of_a_disk_that_is_full),
	    cmocka_unit_test(writes_markdown),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
