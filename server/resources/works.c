/*
 * works: a session with its latest memories, and the latest of a namespace.
 *
 *	session: find_session -> find_latest -> show_session
 *	feed: find_latest_of_all -> show_feed
 */
#include "resources/works.h"

#include <string.h>

#include "rows.h"
#include "search.h"
#include "sessions.h"
#include "tools/show.h"
#include "tools/show_memory.h"

#define LATEST 50

struct session_read {
	struct call call;
	struct arg_text session_id;
};

struct feed_read {
	struct call call;
	struct arg_text namespace;
};

/* clang-format off */
static const struct arg session_arguments[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct session_read, session_id) },
	{ 0 },
};

static const struct arg feed_arguments[] = {
	{ .name = "namespace", .kind = ARG_TEXT, .required = true, .min = 1, .max = PRINCIPAL_NAME_BYTES,
	  .at = offsetof(struct feed_read, namespace) },
	{ 0 },
};
/* clang-format on */

static json_t *latest_json(const struct rows *rows)
{
	json_t *list = json_array();

	for (int row = 0; row < rows_count(rows); row++) {
		struct search_hit hit;

		search_read(rows, row, &hit);
		json_t *memory = show_hit(&hit);

		json_object_del(memory, "score"); /* nothing was searched for */
		json_array_append_new(list, memory);
	}
	return list;
}

static enum step_result find_session(struct call *call)
{
	const struct session_read *read = (struct session_read *)call;

	session_info_ask(&call->query, &call->who, read->session_id.s, read->session_id.len);
	return call_query(call);
}

static enum step_result find_latest(struct call *call)
{
	const struct session_read *read = (struct session_read *)call;
	struct session session;

	if (!session_info_read(call->rows, &session))
		return call_not_found(call, "there is no session '%s'", read->session_id.s);
	call->result = show_session(&session);
	search_recent_ask(
	    &call->query, &call->who, read->session_id.s, read->session_id.len, LATEST);
	return call_query(call);
}

static enum step_result show_session_read(struct call *call)
{
	json_object_set_new(call->result, "latest", latest_json(call->rows));
	return STEP_NEXT;
}

static enum step_result find_latest_of_all(struct call *call)
{
	const struct feed_read *read = (struct feed_read *)call;

	if (strcmp(read->namespace.s, call->who.namespace) != 0)
		return call_not_found(call, "there is no feed '%s'", read->namespace.s);
	search_recent_ask(&call->query, &call->who, NULL, 0, LATEST);
	return call_query(call);
}

static enum step_result show_feed(struct call *call)
{
	call->result = json_pack(
	    "{s:s, s:o}", "namespace", call->who.namespace, "latest", latest_json(call->rows));
	return STEP_NEXT;
}

static const struct step session_steps[] = {
    STEP(find_session), STEP(find_latest), STEP(show_session_read), {0}};

static const struct step feed_steps[] = {STEP(find_latest_of_all), STEP(show_feed), {0}};

const struct work session_work = {.name = "session",
    .arguments = session_arguments,
    .steps = session_steps,
    .size = sizeof(struct session_read),
    .reads_only = true};

const struct work feed_work = {.name = "feed",
    .arguments = feed_arguments,
    .steps = feed_steps,
    .size = sizeof(struct feed_read),
    .reads_only = true};
