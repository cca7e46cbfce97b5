/*
 * list_memories: all memories that fit a filter, page by page.
 *
 *	find -> show
 *
 * A cursor is the place of a memory in the order of (created_at, id), which never changes: each
 * memory that is there from the first page to the last is shown once, whatever is written meanwhile.
 */
#include <string.h>

#include <uuid/uuid.h>

#include "pages.h"
#include "resources/cursor.h"
#include "rows.h"
#include "sessions.h"
#include "tools/detail.h"
#include "tools/listing.h"
#include "tools/memory_limits.h"
#include "tools/period.h"
#include "tools/show_memory.h"
#include "tools/tools.h"

#define LIST_SNIPPET_CHARACTERS 200

enum { NEWEST, OLDEST };

struct list_memories {
	struct call call;
	struct arg_text session_id, agent, agent_name, task_id, cursor;
	struct arg_texts tags, any_tags;
	struct arg_json metadata;
	struct period period;
	int64_t limit, max_tokens;
	int time, state, order, detail;
	bool collapse;
};

/* clang-format off */
static const char *const times[] = { "created", "event", NULL };
static const char *const orders[] = { [NEWEST] = "newest", [OLDEST] = "oldest", NULL };
static const char *const states[] = {
	"active", "stale", "superseded", "pinned", "pending", "failed", "report", NULL };

static const struct arg arguments[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct list_memories, session_id) },
	{ .name = "agent", .kind = ARG_TEXT, .min = 1, .max = PRINCIPAL_NAME_BYTES - 1,
	  .at = offsetof(struct list_memories, agent), .help = "Who wrote it." },
	{ .name = "tags", .kind = ARG_TEXTS, .min = 1, .max = MAX_TAGS, .each_max = MAX_TAG_BYTES,
	  .at = offsetof(struct list_memories, tags), .help = "All of them." },
	{ .name = "any_tags", .kind = ARG_TEXTS, .min = 1, .max = MAX_TAGS, .each_max = MAX_TAG_BYTES,
	  .at = offsetof(struct list_memories, any_tags), .help = "At least one of them." },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct list_memories, metadata), .help = "Contains all of this." },
	PERIOD_ARGUMENTS(struct list_memories, period, "A date or date-time.", "Excluded itself."),
	{ .name = "time", .kind = ARG_ENUM, .choices = times, .fallback = "created",
	  .at = offsetof(struct list_memories, time),
	  .help = "What from and to mean: event is event_time where there is one." },
	{ .name = "state", .kind = ARG_ENUM, .choices = states, .at = offsetof(struct list_memories, state),
	  .help = "active: neither stale nor superseded. pending, failed: its embedding." },
	{ .name = "agent_name", .kind = ARG_TEXT, .min = 1, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct list_memories, agent_name), .help = "Reports of this agent." },
	{ .name = "task_id", .kind = ARG_TEXT, .min = 1, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct list_memories, task_id), .help = "Reports on this task." },
	{ .name = "order", .kind = ARG_ENUM, .choices = orders, .fallback = "newest",
	  .at = offsetof(struct list_memories, order) },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_PAGE_ITEMS, .fallback = "20",
	  .at = offsetof(struct list_memories, limit) },
	{ .name = "cursor", .kind = ARG_TEXT, .min = 1, .max = CURSOR_TEXT_BYTES,
	  .at = offsetof(struct list_memories, cursor),
	  .help = "next_cursor of the page before; or previous_cursor with the other order, to go back." },
	{ .name = "detail", .kind = ARG_ENUM, .choices = detail_choices, .fallback = "snippet",
	  .at = offsetof(struct list_memories, detail) },
	{ .name = "max_tokens", .kind = ARG_INTEGER, .min = MIN_TOKENS, .max = MAX_TOKENS,
	  .at = offsetof(struct list_memories, max_tokens), .help = MAX_TOKENS_HELP },
	{ .name = "collapse", .kind = ARG_BOOLEAN, .at = offsetof(struct list_memories, collapse),
	  .help = "Show one of near-duplicates, with their number." },
	{ 0 },
};

static const struct arg memory_results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "session_id", .kind = ARG_TEXT },
	{ .name = "agent", .kind = ARG_TEXT, .required = true },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "user_input", .kind = ARG_TEXT },
	{ .name = "assistant_response", .kind = ARG_TEXT },
	{ .name = "truncated", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "near_duplicates", .kind = ARG_INTEGER },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "memories", .kind = ARG_RECORDS, .required = true, .items = memory_results },
	{ .name = "has_more", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "next_cursor", .kind = ARG_TEXT },
	{ .name = "previous_cursor", .kind = ARG_TEXT },
	PERIOD_RESULT,
	{ 0 },
};
/* clang-format on */

static bool read_place(const struct list_memories *list, struct memory_place *place)
{
	struct cursor cursor;

	*place = (struct memory_place){
	    .oldest_first = list->order == OLDEST, .limit = (int32_t)list->limit + 1};
	if (!cursor_parse(list->cursor.s, &cursor))
		return false;
	place->behind_us = cursor.time_us;
	return cursor.time_us == ROWS_NO_TIME ? list->cursor.s == NULL
	                                      : uuid_parse(cursor.id, place->behind_id) == 0;
}

static enum step_result find(struct call *call)
{
	struct list_memories *list = (struct list_memories *)call;

	if (!period_read(call, &list->period))
		return STEP_FAIL;
	const struct memory_detail detail = detail_of(list->detail, LIST_SNIPPET_CHARACTERS);
	const struct memory_filter filter = {
	    .session_id = list->session_id.s,
	    .agent = list->agent.s,
	    .tags = list->tags.items != NULL ? list->tags.items : list->any_tags.items,
	    .tag_count = list->tags.items != NULL ? list->tags.count : list->any_tags.count,
	    .all_tags = list->tags.items != NULL,
	    .metadata = list->metadata.len > 2 ? list->metadata.text : NULL, /* {}: anything */
	    .from_us = list->period.from_us,
	    .to_us = list->period.to_us,
	    .by_event = list->time == 1,
	    .state = list->state >= 0 ? states[list->state] : NULL,
	    .agent_name = list->agent_name.s,
	    .task_id = list->task_id.s,
	};
	struct memory_place place;

	if (list->tags.items != NULL && list->any_tags.items != NULL)
		return call_bad_argument(
		    call, "any_tags: leave out tags when any_tags is given");
	if (!read_place(list, &place))
		return call_bad_argument(call, "cursor: is not one that list_memories gave; "
		                               "leave it out to begin at the first "
		                               "page");
	memory_list_ask(&call->query, &call->who, &detail, &filter, &place);
	return call_query(call);
}

static void set_cursor(struct call *call, const char *key, int row)
{
	char text[CURSOR_TEXT_BYTES];
	struct memory at;

	memory_read(call->rows, row, &at);
	cursor_format(at.created_us, at.id, text);
	json_object_set_new(call->result, key, json_string(text));
}

/* Takes what fits from the rows; how many were dealt with. */
static int take(const struct call *call, struct listing *listing)
{
	const struct list_memories *list = (const struct list_memories *)call;
	int count = rows_count(call->rows);
	struct memory memory;
	int row = 0;

	for (; row < count && row < list->limit; row++) {
		memory_read(call->rows, row, &memory);
		if (list->detail == DETAIL_FULL && memory.metadata == NULL)
			break; /* too long for this page: it begins the next one */
		if (listing_add(listing, &memory, NULL) == LISTED_LEFT_OUT)
			break;
	}
	return row;
}

static void write_text(struct call *call, const struct listing *listing)
{
	const struct list_memories *list = (const struct list_memories *)call;
	const char *next = json_string_value(json_object_get(call->result, "next_cursor"));
	FILE *out = call_text(call);

	fprintf(out, "%d %s, %s first", listing->count,
	    listing->count == 1 ? "memory" : "memories", orders[list->order]);
	period_write(&list->period, out);
	if (next != NULL)
		fprintf(out, "; there are more, with cursor %s", next);
	fprintf(out, ". %s\n", DATA_NOT_INSTRUCTIONS);
	listing_write(listing, 0, listing->count, out);
}

static enum step_result show(struct call *call)
{
	const struct list_memories *list = (struct list_memories *)call;
	struct listing listing;

	listing_init(&listing, list->max_tokens, list->collapse ? LISTING_COLLAPSES : 0);
	int done = take(call, &listing), count = rows_count(call->rows);

	if (done == 0 && count > 0) {
		listing_fini(&listing);
		return call_bad_argument(
		    call, MAX_TOKENS_TOO_SMALL, (long long)list->max_tokens);
	}
	call->result = json_pack("{s:o, s:b}", "memories",
	    listing_json(&listing, 0, listing.count), "has_more", done < count);
	period_show(&list->period, call->result);
	if (done > 0)
		set_cursor(call, "previous_cursor", 0);
	if (done > 0 && done < count)
		set_cursor(call, "next_cursor", done - 1);
	write_text(call, &listing);
	listing_fini(&listing);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(find), STEP(show), {0}};

const struct tool tool_list_memories = {
    .work = {.name = "list_memories",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct list_memories),
        .reads_only = true},
    .title = "List memories",
    .description =
        "Go through all memories of a session, a time, an agent, tags, metadata or a "
        "state, page by page; search_memories finds what fits a question.",
    .results = results,
};
