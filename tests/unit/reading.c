/* reading: pieces are copies of their own size, so that reading past one is seen. */
#include "reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/export.h"

/* An item as it is exported, with what exports leave out. */
static json_t *item_json(const struct item *item)
{
	struct exporter exporter = {.to = NULL};
	char *text = NULL;
	size_t len;

	exporter.to = open_memstream(&text, &len);
	assert_non_null(exporter.to);
	assert_true(export_item(&exporter, item));
	fclose(exporter.to);
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	free(text);
	json_object_set_new(json, "line", json_integer((json_int_t)item->line));
	if (item->open)
		json_object_set_new(json, "open", json_true());
	return json;
}

static json_t *counts_json(const struct reader_counts *counts)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "items", (json_int_t)counts->items, "problems",
	    (json_int_t)counts->problems, "skipped", (json_int_t)counts->skipped, "orphans",
	    (json_int_t)counts->orphans);
}

struct chunks {
	const char *text;
	size_t len, at, most;
	char *now; /* the chunk being read; owned */
};

static void feed(struct reader *reader, struct chunks *chunks)
{
	size_t left = chunks->len - chunks->at;
	size_t len = left < chunks->most ? left : chunks->most;

	free(chunks->now);
	chunks->now = NULL;
	if (len == 0) {
		reader_end(reader);
		return;
	}
	chunks->now = malloc(len);
	assert_non_null(chunks->now);
	memcpy(chunks->now, chunks->text + chunks->at, len);
	chunks->at += len;
	reader_feed(reader, chunks->now, len);
}

static json_t *read_in_chunks(
    enum reader_format format, const struct reader_options *options, struct chunks *chunks)
{
	json_t *items = json_array(), *problems = json_array();
	struct reader *reader = reader_new(format, options);
	enum reader_result result;
	struct item *item;

	assert_non_null(reader);
	while ((result = reader_next(reader, &item)) != READER_END) {
		assert_int_not_equal(result, READER_FAILED);
		if (result == READER_ITEM)
			json_array_append_new(items, item_json(item));
		else if (result == READER_PROBLEM)
			json_array_append_new(problems, json_string(reader_problem(reader)));
		else
			feed(reader, chunks);
	}
	assert_int_equal(reader_next(reader, &item), READER_END);
	json_t *all = json_pack("{s:s, s:o, s:o, s:o}", "format",
	    reader_format_name(reader_found(reader)), "items", items, "problems", problems,
	    "counts", counts_json(reader_counted(reader)));

	assert_non_null(all);
	free(chunks->now);
	reader_free(reader);
	return all;
}

json_t *read_all(enum reader_format format, const struct reader_options *options,
    const char *text, size_t len)
{
	static const size_t sizes[] = {SIZE_MAX, 1, 7};
	json_t *first = NULL;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct chunks chunks = {.text = text, .len = len, .most = sizes[i]};
		json_t *all = read_in_chunks(format, options, &chunks);

		if (first == NULL) {
			first = all;
			continue;
		}
		if (!json_equal(all, first))
			fail_msg("in chunks of %zu: %s\nnot %s", sizes[i],
			    json_dumps(all, JSON_INDENT(1)), json_dumps(first, JSON_INDENT(1)));
		json_decref(all);
	}
	return first;
}

json_t *item_at(const json_t *all, size_t index)
{
	json_t *item = json_array_get(json_object_get(all, "items"), index);

	if (item == NULL)
		fail_msg("no item %zu in %s", index, json_dumps(all, JSON_INDENT(1)));
	return item;
}

void check_text(const json_t *item, const char *member, const char *expected)
{
	const char *have = json_string_value(json_object_get(item, member));

	if ((have == NULL) != (expected == NULL) ||
	    (have != NULL && strcmp(have, expected) != 0))
		fail_msg("%s is %s, not %s, in %s", member, have != NULL ? have : "(absent)",
		    expected != NULL ? expected : "(absent)", json_dumps(item, JSON_INDENT(1)));
}

void check_counts(const json_t *all, size_t items, size_t problems)
{
	if (json_array_size(json_object_get(all, "items")) != items ||
	    json_array_size(json_object_get(all, "problems")) != problems)
		fail_msg("%s", json_dumps(all, JSON_INDENT(1)));
}
