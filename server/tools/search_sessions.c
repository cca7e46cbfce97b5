/*
 * search_sessions: sessions by words, status and time, or all of them, page by page.
 *
 *	find -> show
 */
#include "resources/cursor.h"
#include "rows.h"
#include "sessions.h"
#include "tools/memory_limits.h"
#include "tools/period.h"
#include "tools/show.h"
#include "tools/tools.h"

struct search_sessions {
	struct call call;
	struct arg_text query, cursor;
	int status;
	struct period period;
	int64_t limit;
	struct cursor behind;
};

/* clang-format off */
static const char *const statuses[] = { "active", "paused", "completed", "archived", NULL };

static const struct arg arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct search_sessions, query),
	  .help = "Part of its id, name or metadata, or words that one of its memories has." },
	{ .name = "status", .kind = ARG_ENUM, .choices = statuses,
	  .at = offsetof(struct search_sessions, status) },
	PERIOD_ARGUMENTS(struct search_sessions, period, "Used at this time or later.", "Begun before this time."),
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_PAGE_ITEMS, .fallback = "20",
	  .at = offsetof(struct search_sessions, limit) },
	{ .name = "cursor", .kind = ARG_TEXT, .min = 1, .max = CURSOR_TEXT_BYTES - 1,
	  .at = offsetof(struct search_sessions, cursor),
	  .help = "next_cursor of the page before." },
	{ 0 },
};

static const struct arg session_results[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true },
	{ .name = "name", .kind = ARG_TEXT, .required = true },
	{ .name = "status", .kind = ARG_TEXT, .required = true },
	{ .name = "merged_into", .kind = ARG_TEXT },
	{ .name = "current", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "memories", .kind = ARG_INTEGER, .required = true },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "last_active", .kind = ARG_TIME, .required = true },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "sessions", .kind = ARG_RECORDS, .required = true, .items = session_results,
	  .help = "The newest first." },
	{ .name = "has_more", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "next_cursor", .kind = ARG_TEXT },
	PERIOD_RESULT,
	{ 0 },
};
/* clang-format on */

static enum step_result find(struct call *call)
{
	struct search_sessions *search = (struct search_sessions *)call;

	if (!period_read(call, &search->period))
		return STEP_FAIL;
	const struct session_filter filter = {
	    .words = search->query.s,
	    .status = search->status >= 0 ? statuses[search->status] : NULL,
	    .from_us = search->period.from_us,
	    .to_us = search->period.to_us,
	};

	if (!cursor_parse(search->cursor.s, &search->behind))
		return call_bad_argument(call,
		    "cursor: is not one that search_sessions gave; leave "
		    "it out to begin at the first page");
	if (!session_find_ask(&call->query, &call->who, &filter, search->behind.time_us,
	        search->behind.id, (int32_t)search->limit + 1))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static enum step_result show(struct call *call)
{
	const struct search_sessions *search = (struct search_sessions *)call;
	bool has_more = rows_count(call->rows) > search->limit;
	char next[CURSOR_TEXT_BYTES] = "";
	json_t *list = json_array();
	struct session session;

	for (int row = 0; row < rows_count(call->rows) && row < search->limit; row++) {
		session_list_read(call->rows, row, &session);
		json_t *json = show_session(&session);

		json_object_set_new(json, "memories", json_integer(session.memories));
		json_array_append_new(list, json);
		cursor_format(session.created_us, session.id, next);
	}
	call->result = json_pack("{s:o, s:b}", "sessions", list, "has_more", has_more);
	period_show(&search->period, call->result);
	if (has_more)
		json_object_set_new(call->result, "next_cursor", json_string(next));
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(find), STEP(show), {0}};

const struct tool tool_search_sessions = {
    .work = {.name = "search_sessions",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct search_sessions),
        .reads_only = true},
    .title = "Search sessions",
    .description = "Find sessions by words, status or time, or go through all of them.",
    .results = results,
};
