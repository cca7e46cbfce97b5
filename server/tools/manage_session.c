/*
 * manage_session: makes a session, tells about one, or lists the latest.
 *
 *	ask -> answer
 */
#include <uuid/uuid.h>

#include "rows.h"
#include "sessions.h"
#include "tools/show.h"
#include "tools/tools.h"

#define MAX_LISTED 100

enum action { CREATE, INFO, LIST };

struct manage_session {
	struct call call;
	int action;
	struct arg_text session_id;
	struct arg_text name;
	char new_id[37];
};

/* clang-format off */
static const char *const actions[] = { "create", "info", "list", NULL };

static const struct arg arguments[] = {
	{ .name = "action", .kind = ARG_ENUM, .required = true, .choices = actions,
	  .at = offsetof(struct manage_session, action) },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct manage_session, session_id),
	  .help = "info: which one. create: its id; a UUID when left out." },
	{ .name = "name", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct manage_session, name),
	  .help = "create: what people call it." },
	{ 0 },
};

static const struct arg session_results[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true },
	{ .name = "name", .kind = ARG_TEXT, .required = true },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "last_active", .kind = ARG_TIME, .required = true },
	{ .name = "memories", .kind = ARG_INTEGER },
	{ .name = "first_memory_at", .kind = ARG_TIME },
	{ .name = "last_memory_at", .kind = ARG_TIME },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "sessions", .kind = ARG_RECORDS, .required = true, .items = session_results },
	{ .name = "created", .kind = ARG_BOOLEAN, .help = "create: false when it was there before." },
	{ 0 },
};
/* clang-format on */

static enum step_result ask(struct call *call)
{
	struct manage_session *manage = (struct manage_session *)call;
	struct arg_text id = manage->session_id;
	uuid_t uuid;

	switch ((enum action)manage->action) {
	case CREATE:
		if (id.s == NULL) {
			uuid_generate_random(uuid);
			uuid_unparse_lower(uuid, manage->new_id);
			id = (struct arg_text){manage->new_id, 36};
		}
		session_create_ask(
		    &call->query, &call->who, id.s, id.len, manage->name.s, manage->name.len);
		break;
	case INFO:
		if (id.s == NULL)
			return call_fail(call, "session_id: is required for action info");
		session_info_ask(&call->query, &call->who, id.s, id.len);
		break;
	case LIST:
		session_list_ask(&call->query, &call->who, MAX_LISTED);
		break;
	}
	return call_query(call);
}

static void add_session(json_t *list, const struct session *session, bool counted)
{
	json_t *json = show_session(session);

	if (counted)
		json_object_set_new(json, "memories", json_integer(session->memories));
	json_array_append_new(list, json);
}

static enum step_result answer(struct call *call)
{
	const struct manage_session *manage = (struct manage_session *)call;
	json_t *list = json_array();
	struct session session;

	call->result = json_pack("{s:o}", "sessions", list);
	switch ((enum action)manage->action) {
	case CREATE:
		session_create_read(call->rows, &session);
		add_session(list, &session, false);
		json_object_set_new(call->result, "created", json_boolean(session.made));
		break;
	case INFO:
		if (!session_info_read(call->rows, &session))
			return call_not_found(call,
			    "session_id: there is no session '%s'; action list shows those "
			    "there are",
			    manage->session_id.s);
		add_session(list, &session, true);
		break;
	case LIST:
		for (int row = 0; row < rows_count(call->rows); row++) {
			session_list_read(call->rows, row, &session);
			add_session(list, &session, true);
		}
		break;
	}
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_manage_session = {
    .work = {.name = "manage_session",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct manage_session)},
    .title = "Manage sessions",
    .description = "Sessions group memories by conversation or task: create one when work on "
                   "something new begins, list the latest 100, or get info on one.",
    .results = results,
    .repeatable = true,
};
