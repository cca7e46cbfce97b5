/* resource_methods: resources/list, resources/templates/list, resources/read. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compact.h"
#include "mcp/cursor.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "resources/resources.h"
#include "rows.h"
#include "sessions.h"

#define PAGE 50

/* The work behind resources/list: the fixed resources, then the sessions, page by page. */
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

static const struct work list_work = {.name = "resources/list",
    .arguments = list_arguments,
    .steps = list_steps,
    .size = sizeof(struct list_page),
    .reads_only = true};

static void on_listed(void *arg, struct call *call)
{
	struct request *r = arg;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	json_t *result = json_incref(call->result);

	request_call_ended(r);
	request_result_cached(r, result, &mcp_for_one);
}

void resources_list(struct request *r)
{
	const json_t *cursor = json_object_get(r->message.params, "cursor");

	request_run(r, &list_work, cursor != NULL ? json_pack("{s:O}", "cursor", cursor) : NULL,
	    on_listed);
}

static json_t *make_templates(void)
{
	return json_pack("{s:o}", "resourceTemplates", resources_describe(true));
}

void resources_templates_list(struct request *r)
{
	static struct fixed_result list = {.make = make_templates};

	request_result_fixed(r, &list);
}

static void on_read(void *arg, struct call *call)
{
	struct request *r = arg;
	const char *uri = json_string_value(json_object_get(r->message.params, "uri"));
	size_t len = 0;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, uri);
		return;
	}
	char *text = compact_json(call->result, &len);
	json_t *result = json_pack("{s:[{s:s, s:s, s:s}]}", "contents", "uri", uri, "mimeType",
	    "application/json", "text", text != NULL ? text : "");

	free(text);
	request_call_ended(r);
	request_result_cached(r, result, &mcp_for_one);
}

void resources_read(struct request *r)
{
	const char *uri = json_string_value(json_object_get(r->message.params, "uri"));
	json_t *arguments = NULL;
	const struct resource *resource = uri != NULL ? resource_find(uri, &arguments) : NULL;

	if (uri == NULL)
		request_invalid(r, NULL, "params.uri is required, a string");
	else if (resource == NULL)
		request_not_found(r, uri, "there is no such resource");
	else
		request_run(r, resource->work, arguments, on_read);
}
