/*
 * list: the work behind resources/list: the fixed resources, then the sessions, page by page.
 */
#include <string.h>

#include "resources/cursor.h"
#include "resources/resources.h"
#include "resources/works.h"
#include "rows.h"
#include "sessions.h"

#define PAGE 50

struct list_page {
	struct call call;
	struct arg_text cursor;
	struct cursor behind;
};

/* clang-format off */
static const struct arg list_arguments[] = {
	{ .name = "cursor", .kind = ARG_TEXT, .max = CURSOR_TEXT_BYTES,
	  .at = offsetof(struct list_page, cursor) },
	{ 0 },
};
/* clang-format on */

static enum step_result find_page(struct call *call)
{
	struct list_page *page = (struct list_page *)call;

	if (!cursor_parse(page->cursor.s, &page->behind))
		return call_bad_argument(call,
		    "cursor is not one that was given out; leave it out to begin at the first "
		    "page");
	session_page_ask(
	    &call->query, &call->who, page->behind.time_us, page->behind.id, PAGE + 1);
	return call_query(call);
}

static enum step_result show_page(struct call *call)
{
	const struct list_page *page = (struct list_page *)call;
	json_t *list = page->cursor.s == NULL ? resources_describe(false) : json_array();
	int count = rows_count(call->rows);
	struct session session;

	for (int row = 0; row < count && row < PAGE; row++) {
		session_page_read(call->rows, row, &session);
		json_array_append_new(list, resource_of_session(session.id, session.name));
	}
	call->result = json_pack("{s:o}", "resources", list);
	if (count > PAGE) {
		char text[CURSOR_TEXT_BYTES];

		cursor_format(session.active_us, session.id, text);
		json_object_set_new(call->result, "nextCursor", json_string(text));
	}
	return STEP_NEXT;
}

static const struct step list_steps[] = {STEP(find_page), STEP(show_page), {0}};

const struct work resources_list_work = {.name = "resources/list",
    .arguments = list_arguments,
    .steps = list_steps,
    .size = sizeof(struct list_page),
    .reads_only = true};
