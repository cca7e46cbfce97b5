/*
 * list_metadata_keys: what the metadata of memories consists of.
 *
 *	ask -> answer
 */
#include "insight.h"
#include "resources/cursor.h"
#include "rows.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/tools.h"

struct list_metadata_keys {
	struct call call;
	struct arg_text cursor;
	int64_t sample, limit;
	struct cursor behind;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "sample", .kind = ARG_INTEGER, .min = 1, .max = MAX_SAMPLE, .fallback = "1000",
	  .at = offsetof(struct list_metadata_keys, sample),
	  .help = "How many of the latest memories with metadata are read." },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_PAGE_ITEMS, .fallback = "50",
	  .at = offsetof(struct list_metadata_keys, limit) },
	{ .name = "cursor", .kind = ARG_TEXT, .min = 1, .max = CURSOR_TEXT_BYTES - 1,
	  .at = offsetof(struct list_metadata_keys, cursor), .help = "next_cursor of the page before." },
	{ 0 },
};

static const struct arg open_results[] = { { 0 } };

static const struct arg key_results[] = {
	{ .name = "key", .kind = ARG_TEXT, .required = true },
	{ .name = "memories", .kind = ARG_INTEGER, .required = true },
	{ .name = "types", .kind = ARG_RECORD, .required = true, .items = open_results },
	{ .name = "samples", .kind = ARG_TEXTS, .required = true,
	  .help = "The most frequent values as JSON, cut to 100 characters." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "analyzed", .kind = ARG_INTEGER, .required = true, .help = "The sample." },
	{ .name = "keys", .kind = ARG_RECORDS, .required = true, .items = key_results },
	{ .name = "has_more", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "next_cursor", .kind = ARG_TEXT },
	{ 0 },
};
/* clang-format on */

static enum step_result ask(struct call *call)
{
	struct list_metadata_keys *list = (struct list_metadata_keys *)call;

	if (!cursor_parse(list->cursor.s, &list->behind))
		return call_bad_argument(call,
		    "cursor: is not one that list_metadata_keys gave; "
		    "leave it out to begin at the first page");
	metadata_keys_ask(&call->query, &call->who, (int32_t)list->sample,
	    list->cursor.s != NULL ? list->behind.id : NULL, (int32_t)list->limit + 1);
	return call_query(call);
}

static enum step_result answer(struct call *call)
{
	const struct list_metadata_keys *list = (const struct list_metadata_keys *)call;
	bool has_more = rows_count(call->rows) > list->limit;
	char next[CURSOR_TEXT_BYTES] = "";
	json_t *keys = json_array();
	struct metadata_key key = {0};

	for (int row = 0; row < rows_count(call->rows) && row < list->limit; row++) {
		metadata_key_read(call->rows, row, &key);
		json_array_append_new(
		    keys, json_pack("{s:s, s:I, s:o, s:o}", "key", key.key, "memories",
		              (json_int_t)key.count, "types", show_json(key.types), "samples",
		              show_json(key.samples)));
		cursor_format(0, key.key, next);
	}
	call->result = json_pack("{s:I, s:o, s:b}", "analyzed", (json_int_t)key.memories,
	    "keys", keys, "has_more", has_more);
	if (has_more)
		json_object_set_new(call->result, "next_cursor", json_string(next));
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_list_metadata_keys = {
    .work = {.name = "list_metadata_keys",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct list_metadata_keys),
        .reads_only = true},
    .title = "List metadata keys",
    .description =
        "Which keys the metadata of memories has, with types and examples, to filter "
        "list_memories by.",
    .results = results,
};
