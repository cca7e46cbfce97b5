/*
 * fuzz_ingest: bytes through a reader, and what comes out through an export and back.
 *
 * The first byte says which format, the second how long the chunks are. Chunks must not
 * matter; what is an item must be exportable, read back the same, and scrub to a fixpoint.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/export.h"
#include "ingest/markdown.h"
#include "ingest/reader.h"
#include "ingest/scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fact)
{
	if (!fact)
		abort();
}

static void scrub(const struct item *item)
{
	struct redactions counts = {.of = {0}}, again = {.of = {0}};

	if (item->metadata == NULL)
		return;
	json_t *once = scrub_json(json_deep_copy(item->metadata), &counts);
	json_t *twice = scrub_json(json_deep_copy(once), &again);

	must(json_equal(once, twice));
	json_decref(once);
	json_decref(twice);
}

static void check(const struct item *item)
{
	must(item->kind == ITEM_SESSION || item->kind == ITEM_VECTOR ||
	     item->user_input.s != NULL);
	must(item->kind != ITEM_VECTOR || item->embedding.numbers != NULL);
	must(item->user_input.s == NULL || item->user_input.s[item->user_input.len] == '\0');
	must(item->metadata == NULL || json_is_object(item->metadata));
	must(item->line > 0);
	scrub(item);
}

/* The export of all that is read. With markdown, that is written too and thrown away. */
static char *read_all(enum reader_format format, const char *text, size_t len, size_t chunk,
    size_t *out_len, size_t *items)
{
	struct reader *reader = reader_new(format, NULL);
	struct exporter exporter;
	enum reader_result result;
	struct item *item;
	char *out = NULL, *now = NULL;
	size_t at = 0;
	FILE *to = open_memstream(&out, out_len), *null = fopen("/dev/null", "w");

	must(reader != NULL && to != NULL && null != NULL &&
	     export_begin(&exporter, to, "n", 0));
	*items = 0;
	while ((result = reader_next(reader, &item)) != READER_END) {
		must(result != READER_FAILED);
		if (result == READER_PROBLEM)
			must(strncmp(reader_problem(reader), "line ", 5) == 0);
		if (result == READER_ITEM) {
			check(item);
			must(export_item(&exporter, item) && markdown_item(null, item));
			++*items;
		}
		if (result != READER_MORE)
			continue;
		size_t size = len - at < chunk ? len - at : chunk;

		free(now);
		now = malloc(size > 0 ? size : 1);
		memcpy(now, text + at, size);
		at += size;
		if (size == 0)
			reader_end(reader);
		else
			reader_feed(reader, now, size);
	}
	must(export_end(&exporter) && fclose(to) == 0);
	fclose(null);
	free(now);
	reader_free(reader);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	const char *text = (const char *)data + 2;
	enum reader_format format = (enum reader_format)(data[0] % READER_FORMATS);
	size_t a_len, b_len, a_items, b_items;
	char *a = read_all(format, text, len - 2, SIZE_MAX, &a_len, &a_items);
	char *b = read_all(format, text, len - 2, 1 + data[1] % 64, &b_len, &b_items);

	must(a_len == b_len && memcmp(a, b, a_len) == 0 && a_items == b_items);
	free(b);
	/* What is exported is read back, unless it has no id, which only imports may lack. */
	b = read_all(READER_EXPORT, a, a_len, SIZE_MAX, &b_len, &b_items);
	must(b_items <= a_items &&
	     (b_items < a_items || (a_len == b_len && memcmp(a, b, a_len) == 0)));
	free(a);
	free(b);
	return 0;
}
