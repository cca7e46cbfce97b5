/*
 * list_changes: what was saved, updated or deleted since a cursor, each change exactly once.
 *
 *	ask -> answer
 */
#include <inttypes.h>
#include <string.h>

#include <uuid/uuid.h>

#include "feed.h"
#include "resources/cursor.h"
#include "rows.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/tools.h"

struct list_changes {
	struct call call;
	struct arg_text cursor;
	int64_t limit;
	struct feed_place place;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "cursor", .kind = ARG_TEXT, .min = 1, .max = CURSOR_TEXT_BYTES - 1,
	  .at = offsetof(struct list_changes, cursor),
	  .help = "next_cursor of the last answer; without it, from the beginning." },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_PAGE_ITEMS, .fallback = "50",
	  .at = offsetof(struct list_changes, limit) },
	{ 0 },
};

static const struct arg change_results[] = {
	{ .name = "change", .kind = ARG_TEXT, .required = true, .help = "saved, updated or deleted." },
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "agent", .kind = ARG_TEXT, .required = true },
	{ .name = "session_id", .kind = ARG_TEXT },
	{ .name = "at", .kind = ARG_TIME, .required = true },
	{ .name = "snippet", .kind = ARG_TEXT, .required = true },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "changes", .kind = ARG_RECORDS, .required = true, .items = change_results,
	  .help = "Oldest first; of a memory that changed again, the last change." },
	{ .name = "next_cursor", .kind = ARG_TEXT, .required = true },
	{ .name = "has_more", .kind = ARG_BOOLEAN, .required = true },
	{ 0 },
};
/* clang-format on */

static void format_place(const struct feed_place *place, char text[CURSOR_TEXT_BYTES])
{
	char rest[64], id[37];

	uuid_unparse_lower(place->id, id);
	snprintf(rest, sizeof(rest), "%" PRId64 " %s", place->seq, id);
	cursor_format((int64_t)place->xid, rest, text);
}

static bool parse_place(const char *text, struct feed_place *place)
{
	struct cursor cursor;
	char id[37] = "";

	memset(place, 0, sizeof(*place));
	if (text == NULL)
		return true;
	if (!cursor_parse(text, &cursor) || cursor.time_us < 0)
		return false;
	place->xid = (uint64_t)cursor.time_us;
	return sscanf(cursor.id, "%" SCNd64 " %36s", &place->seq, id) == 2 &&
	       uuid_parse(id, place->id) == 0;
}

static enum step_result ask(struct call *call)
{
	struct list_changes *list = (struct list_changes *)call;

	if (!parse_place(list->cursor.s, &list->place))
		return call_bad_argument(
		    call, "cursor: is not one that list_changes gave; begin without a cursor");
	feed_ask(&call->query, &call->who, &list->place, (int32_t)list->limit);
	return call_query(call);
}

static json_t *show_change(const struct feed_change *change)
{
	bool saved = strcmp(change->kind, "saved") == 0;
	json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:s}", "change", change->kind, "id",
	    change->id, "agent", change->agent, "at",
	    show_time(saved ? change->created_us : change->updated_us), "snippet",
	    change->snippet);

	if (change->session_id != NULL)
		json_object_set_new(json, "session_id", json_string(change->session_id));
	return json;
}

static enum step_result answer(struct call *call)
{
	struct list_changes *list = (struct list_changes *)call;
	json_t *changes = json_array();
	char next[CURSOR_TEXT_BYTES];
	int count = feed_count(call->rows);

	if (feed_is_foreign(call->rows)) {
		json_decref(changes);
		return call_bad_argument(call,
		    "cursor: is from before the database was restored; begin without a cursor");
	}
	for (int row = 0; row < count; row++) {
		struct feed_change change;

		feed_read(call->rows, row, &change);
		list->place = change.place;
		json_array_append_new(changes, show_change(&change));
	}
	format_place(&list->place, next);
	call->result = json_pack("{s:o, s:s, s:b}", "changes", changes, "next_cursor", next,
	    "has_more", count == list->limit);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_list_changes = {
    .work = {.name = "list_changes",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct list_changes),
        .reads_only = true},
    .title = "List changes",
    .description =
        "What all agents saved, updated or deleted since you last asked, each change "
        "exactly once: call it to catch up with the others.",
    .results = results,
};
