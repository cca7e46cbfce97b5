/*
 * manage_session: makes a session, goes into one, tells about them, changes their state.
 *
 *	clean_name -> ask -> answer
 */
#include <string.h>

#include <uuid/uuid.h>

#include "rows.h"
#include "sessions.h"
#include "tools/clean.h"
#include "tools/show.h"
#include "tools/tools.h"

#define MAX_LISTED 100

enum action { CREATE, SWITCH, INFO, LIST, RENAME, PAUSE, RESUME, COMPLETE, ARCHIVE };

struct manage_session {
	struct call call;
	int action;
	struct arg_text session_id;
	struct arg_text name;
	char new_id[37];
	struct clean clean;
};

/* clang-format off */
static const char *const actions[] = {
	[CREATE] = "create", [SWITCH] = "switch", [INFO] = "info", [LIST] = "list", [RENAME] = "rename",
	[PAUSE] = "pause", [RESUME] = "resume", [COMPLETE] = "complete", [ARCHIVE] = "archive", NULL };

static const char *const new_status[] = {
	[PAUSE] = "paused", [RESUME] = "active", [COMPLETE] = "completed", [ARCHIVE] = "archived" };

static const struct arg arguments[] = {
	{ .name = "action", .kind = ARG_ENUM, .required = true, .choices = actions,
	  .at = offsetof(struct manage_session, action) },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct manage_session, session_id),
	  .help = "info: yours when left out." },
	{ .name = "name", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct manage_session, name) },
	{ 0 },
};

static const struct arg session_results[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true },
	{ .name = "status", .kind = ARG_TEXT, .required = true },
	{ .name = "current", .kind = ARG_BOOLEAN, .required = true },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "sessions", .kind = ARG_RECORDS, .required = true, .items = session_results },
	{ 0 },
};
/* clang-format on */

static enum step_result clean_name(struct call *call)
{
	struct manage_session *manage = (struct manage_session *)call;
	const char *metadata = NULL;

	if (!clean_session(&manage->clean, &manage->name.s, &metadata))
		return call_fail(call, "The server is out of memory. Nothing was changed.");
	if (!clean_found_any(&manage->clean))
		return STEP_NEXT;
	manage->name.len = strlen(manage->name.s);
	clean_count_ask(call, &manage->clean);
	return call_query(call);
}

static enum step_result ask_create(struct call *call)
{
	struct manage_session *manage = (struct manage_session *)call;
	struct arg_text id = manage->session_id;
	uuid_t uuid;

	if (id.s == NULL) {
		uuid_generate_random(uuid);
		uuid_unparse_lower(uuid, manage->new_id);
		id = (struct arg_text){manage->new_id, 36};
	}
	session_create_ask(
	    &call->query, &call->who, id.s, id.len, manage->name.s, manage->name.len);
	return call_query(call);
}

static enum step_result ask_change(struct call *call)
{
	const struct manage_session *manage = (struct manage_session *)call;

	session_change_ask(&call->query, &call->who, manage->session_id.s, manage->name.s,
	    manage->action >= PAUSE ? new_status[manage->action] : NULL,
	    manage->action == SWITCH || manage->action == RESUME);
	return call_query(call);
}

static enum step_result ask(struct call *call)
{
	const struct manage_session *manage = (struct manage_session *)call;
	const struct arg_text id = manage->session_id;
	const char *action = actions[manage->action];

	if (manage->name.s != NULL && manage->action != CREATE && manage->action != RENAME)
		return call_bad_argument(
		    call, "name: goes with create and rename, not with %s", action);
	if (manage->name.s == NULL && manage->action == RENAME)
		return call_bad_argument(call, "name: is required for action rename");
	if (id.s != NULL && manage->action == LIST)
		return call_bad_argument(call,
		    "session_id: does not go with list; action info tells of one session");
	if (manage->action == CREATE)
		return ask_create(call);
	if (manage->action == LIST) {
		session_list_ask(&call->query, &call->who, MAX_LISTED + 1);
		return call_query(call);
	}
	if (manage->action == INFO) {
		session_info_ask(&call->query, &call->who, id.s, id.len);
		return call_query(call);
	}
	if (id.s == NULL)
		return call_bad_argument(call, "session_id: is required for action %s", action);
	return ask_change(call);
}

static json_t *show_counted(const struct session *session)
{
	json_t *json = show_session(session);

	json_object_set_new(json, "memories", json_integer(session->memories));
	return json;
}

static enum step_result answer_list(struct call *call)
{
	json_t *list = json_array();
	struct session session;
	int count = rows_count(call->rows);

	for (int row = 0; row < count && row < MAX_LISTED; row++) {
		session_list_read(call->rows, row, &session);
		json_array_append_new(list, show_counted(&session));
	}
	call->result =
	    json_pack("{s:o, s:b}", "sessions", list, "has_more", count > MAX_LISTED);
	if (count > MAX_LISTED)
		json_object_set_new(call->result, "hint",
		    json_string("These were used last; search_sessions goes through all."));
	return STEP_NEXT;
}

/* Only an active session takes an agent in. */
static enum step_result refuse_switch(struct call *call, const struct session *session)
{
	if (session->merged_into != NULL)
		return call_bad_argument(call,
		    "session_id: '%s' was merged into '%s'; switch to that one", session->id,
		    session->merged_into);
	return call_bad_argument(call,
	    "session_id: '%s' is %s; action resume takes it up again", session->id,
	    session->status);
}

static enum step_result answer(struct call *call)
{
	const struct manage_session *manage = (struct manage_session *)call;
	struct session session;
	bool found = true;

	if (manage->action == LIST)
		return answer_list(call);
	if (manage->action == CREATE)
		session_create_read(call->rows, &session);
	else if (manage->action == INFO)
		found = session_info_read(call->rows, &session);
	else
		found = session_change_read(call->rows, &session);
	if (!found)
		return call_not_found(call,
		    "session_id: there is no session '%s'; action list shows those there are",
		    manage->session_id.s != NULL ? manage->session_id.s : "default");
	if (manage->action == SWITCH && !session.current)
		return refuse_switch(call, &session);
	call->result = json_pack("{s:[o]}", "sessions",
	    manage->action == INFO ? show_counted(&session) : show_session(&session));
	if (manage->action == CREATE)
		json_object_set_new(call->result, "created", json_boolean(session.made));
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	clean_fini(&((struct manage_session *)call)->clean);
}

static const struct step steps[] = {STEP(clean_name), STEP(ask), STEP(answer), {0}};

const struct tool tool_manage_session = {
    .work = {.name = "manage_session",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct manage_session),
        .fini = forget},
    .title = "Manage sessions",
    .description =
        "Sessions group memories by task. create one when new work begins, or switch "
        "to one: save_memory and get_context then use it.",
    .results = results,
    .repeatable = true,
};
