/* complete: the values of arguments that clients can offer while a person types. */
#include "prompts/complete.h"

#include <string.h>

#include "prompts/prompts.h"
#include "resources/resources.h"
#include "rows.h"
#include "sessions.h"

#define MAX_COMPLETIONS 100 /* MCP utilities/completion */

/* Ids of sessions are what can be completed: in memory_summary and in sage://session/{session_id}. */
struct complete {
	struct call call;
	struct arg_text prefix;
};

/* clang-format off */
static const struct arg complete_arguments[] = {
	{ .name = "value", .kind = ARG_TEXT, .required = true, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct complete, prefix) },
	{ 0 },
};
/* clang-format on */

static enum step_result find_sessions(struct call *call)
{
	const struct complete *complete = (struct complete *)call;

	session_prefix_ask(&call->query, &call->who, complete->prefix.s, complete->prefix.len,
	    MAX_COMPLETIONS);
	return call_query(call);
}

static enum step_result show_sessions(struct call *call)
{
	json_t *values = json_array();
	int64_t total = 0;

	for (int row = 0; row < rows_count(call->rows); row++)
		json_array_append_new(
		    values, json_string(session_prefix_read(call->rows, row, &total)));
	call->result = json_pack("{s:o, s:I, s:b}", "values", values, "total",
	    (json_int_t)total, "hasMore", total > MAX_COMPLETIONS);
	return STEP_NEXT;
}

static const struct step complete_steps[] = {STEP(find_sessions), STEP(show_sessions), {0}};

static const struct work complete_work = {.name = "completion/complete",
    .arguments = complete_arguments,
    .steps = complete_steps,
    .size = sizeof(struct complete),
    .reads_only = true};

/* Is there something by this reference, with an argument of this name? */
static bool names_argument(const json_t *ref, const char *argument, bool *exists)
{
	const char *type = json_string_value(json_object_get(ref, "type"));
	const char *name = json_string_value(json_object_get(ref, "name"));
	const char *uri = json_string_value(json_object_get(ref, "uri"));
	json_t *arguments = NULL;

	if (type != NULL && strcmp(type, "ref/prompt") == 0 && name != NULL) {
		*exists = prompt_find(name) != NULL;
		return *exists && strcmp(argument, "session_id") == 0 &&
		       strcmp(name, "memory_summary") == 0;
	}
	/* A template fits itself: its braces are just another value. */
	const struct work *resource = uri != NULL ? resource_find(uri, &arguments) : NULL;
	bool named = json_object_get(arguments, argument) != NULL;

	json_decref(arguments);
	*exists = resource != NULL;
	return named && strcmp(argument, "session_id") == 0;
}

const struct work *completion_find(const json_t *ref, const char *argument, bool *exists)
{
	return names_argument(ref, argument, exists) ? &complete_work : NULL;
}
