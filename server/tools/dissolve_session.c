/*
 * merge_sessions and delete_session: the memories of a session go elsewhere, or away.
 *
 *	merge, or remove -> answer
 *
 * What an agent does not see, private memories of others, stays where it is.
 */
#include <string.h>

#include "rows.h"
#include "sessions.h"
#include "tools/publish.h"
#include "tools/tools.h"

#define DEFAULT_SESSION "default"
#define NO_MEMORY       "-" /* in an event: it is about the session */

enum fate { DELETE, MOVE };

struct dissolve_session {
	struct call call;
	struct arg_text session_id, into;
	int memories; /* enum fate */
	bool remove;
};

/* clang-format off */
static const char *const fates[] = { [DELETE] = "delete", [MOVE] = "move", NULL };

static const struct arg merge_arguments[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct dissolve_session, session_id), .help = "Where they are." },
	{ .name = "into", .kind = ARG_TEXT, .required = true, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct dissolve_session, into), .help = "Where they shall be; must exist." },
	{ 0 },
};

static const struct arg merge_results[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true },
	{ .name = "merged_into", .kind = ARG_TEXT, .required = true },
	{ .name = "moved", .kind = ARG_INTEGER, .required = true },
	{ 0 },
};

static const struct arg delete_arguments[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct dissolve_session, session_id) },
	{ .name = "memories", .kind = ARG_ENUM, .required = true, .choices = fates,
	  .at = offsetof(struct dissolve_session, memories),
	  .help = "delete them (delete_memory with undo brings them back), or move them to the default session." },
	{ 0 },
};

static const struct arg delete_results[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .required = true },
	{ .name = "removed", .kind = ARG_BOOLEAN, .required = true,
	  .help = "false: others have memories in it, so it stays." },
	{ .name = "deleted", .kind = ARG_INTEGER },
	{ .name = "moved", .kind = ARG_INTEGER },
	{ 0 },
};
/* clang-format on */

static enum step_result run(struct call *call)
{
	const struct dissolve_session *d = (struct dissolve_session *)call;

	session_dissolve_ask(&call->query, &call->who, d->session_id.s, d->into.s, d->remove);
	return call_query(call);
}

static enum step_result merge(struct call *call)
{
	const struct dissolve_session *d = (struct dissolve_session *)call;

	if (strcmp(d->session_id.s, d->into.s) == 0)
		return call_bad_argument(call, "into: must be another session than session_id");
	return run(call);
}

static enum step_result remove_session(struct call *call)
{
	struct dissolve_session *d = (struct dissolve_session *)call;

	d->remove = true;
	if (d->memories == MOVE) {
		d->into = (struct arg_text){DEFAULT_SESSION, strlen(DEFAULT_SESSION)};
		if (strcmp(d->session_id.s, DEFAULT_SESSION) == 0)
			return call_bad_argument(call, "memories: those of the default session "
			                               "cannot move there; delete them, "
			                               "or merge_sessions into another one");
	}
	return run(call);
}

static void say(struct call *call, const struct session_dissolved *dissolved)
{
	const struct dissolve_session *d = (struct dissolve_session *)call;
	const char *id = d->session_id.s;
	json_int_t count = (json_int_t)dissolved->memories;

	fprintf(call_text(call), "%s %" JSON_INTEGER_FORMAT " memories of session %s%s%s.",
	    d->into.s != NULL ? "Moved" : "Deleted", count, id, d->into.s != NULL ? " to " : "",
	    d->into.s != NULL ? d->into.s : "");
	if (!d->remove) {
		call->result = json_pack("{s:s, s:s, s:I}", "session_id", id, "merged_into",
		    d->into.s, "moved", count);
		return;
	}
	if (!dissolved->removed)
		fputs(" Others have memories in it, so the session stays.", call_text(call));
	call->result = json_pack("{s:s, s:b, s:I}", "session_id", id, "removed",
	    dissolved->removed, d->into.s != NULL ? "moved" : "deleted", count);
}

static enum step_result answer(struct call *call)
{
	const struct dissolve_session *d = (struct dissolve_session *)call;
	struct session_dissolved dissolved;

	session_dissolve_read(call->rows, &dissolved);
	if (!dissolved.both_found)
		return call_not_found(call, "%s: there is no session '%s'; nothing was changed",
		    dissolved.found ? "into" : "session_id",
		    dissolved.found ? d->into.s : d->session_id.s);
	publish_memory(call, NO_MEMORY, d->session_id.s);
	if (d->into.s != NULL)
		publish_memory(call, NO_MEMORY, d->into.s);
	say(call, &dissolved);
	return STEP_NEXT;
}

static const struct step merge_steps[] = {STEP(merge), STEP(answer), {0}};
static const struct step delete_steps[] = {STEP(remove_session), STEP(answer), {0}};

const struct tool tool_merge_sessions = {
    .work = {.name = "merge_sessions",
        .arguments = merge_arguments,
        .steps = merge_steps,
        .size = sizeof(struct dissolve_session)},
    .title = "Merge sessions",
    .description = "Move all memories of one session into another, and archive the first.",
    .results = merge_results,
    .repeatable = true,
};

const struct tool tool_delete_session = {
    .work = {.name = "delete_session",
        .arguments = delete_arguments,
        .steps = delete_steps,
        .size = sizeof(struct dissolve_session)},
    .title = "Delete a session",
    .description = "Remove a session, with its memories or without.",
    .results = delete_results,
    .destroys = true,
};
