/* prompt_methods: prompts/list, prompts/get, and completion of their arguments. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "prompts/prompts.h"
#include "resources/resources.h"
#include "rows.h"
#include "sessions.h"

#define MAX_COMPLETIONS 100 /* MCP utilities/completion */

static json_t *make_list(void)
{
	return json_pack("{s:o}", "prompts", prompts_describe());
}

void prompts_list(struct request *r)
{
	static struct fixed_result list = {.make = make_list};

	request_result_fixed(r, &list);
}

static void on_written(void *arg, struct call *call)
{
	struct request *r = arg;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	json_t *result = json_pack("{s:[{s:s, s:{s:s, s:s}}]}", "messages", "role", "user",
	    "content", "type", "text", "text", call->text);

	request_call_ended(r);
	request_result(r, result);
}

void prompts_get(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->message.params, "name"));
	const json_t *sent = json_object_get(r->message.params, "arguments");
	const struct prompt *prompt = name != NULL ? prompt_find(name) : NULL;

	if (name == NULL)
		request_invalid(r, NULL, "params.name is required, a string");
	else if (prompt == NULL)
		request_invalid(r, NULL,
		    "params.name: there is no prompt '%.64s'; prompts/list gives those there "
		    "are",
		    name);
	else if (sent != NULL && !json_is_object(sent))
		request_invalid(r, NULL, "params.arguments must be an object");
	else
		request_run(r, &prompt->work, prompt_arguments(prompt, sent), on_written);
}

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

static void on_completed(void *arg, struct call *call)
{
	struct request *r = arg;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	json_t *result = json_pack("{s:O}", "completion", call->result);

	request_call_ended(r);
	request_result(r, result);
}

/* Is there something by this reference, with an argument of this name? */
static bool names_argument(const json_t *ref, const char *argument, bool *exists)
{
	const char *type = json_string_value(json_object_get(ref, "type"));
	const char *name = json_string_value(json_object_get(ref, "name"));
	const char *uri = json_string_value(json_object_get(ref, "uri"));
	json_t *arguments = NULL;

	if (type != NULL && strcmp(type, "ref/prompt") == 0 && name != NULL) {
		const struct prompt *prompt = prompt_find(name);

		*exists = prompt != NULL;
		return *exists && strcmp(argument, "session_id") == 0 &&
		       strcmp(name, "memory_summary") == 0;
	}
	/* A template fits itself: its braces are just another value. */
	const struct resource *resource = uri != NULL ? resource_find(uri, &arguments) : NULL;
	bool named = json_object_get(arguments, argument) != NULL;

	json_decref(arguments);
	*exists = resource != NULL;
	return named && strcmp(argument, "session_id") == 0;
}

void completion_complete(struct request *r)
{
	const json_t *ref = json_object_get(r->message.params, "ref");
	const json_t *argument = json_object_get(r->message.params, "argument");
	const char *name = json_string_value(json_object_get(argument, "name"));
	json_t *value = json_object_get(argument, "value");
	bool exists = false;

	if (!json_is_object(ref) || name == NULL || !json_is_string(value)) {
		request_invalid(r, NULL,
		    "params.ref, params.argument.name and params.argument.value are required");
		return;
	}
	if (names_argument(ref, name, &exists))
		request_run(
		    r, &complete_work, json_pack("{s:O}", "value", value), on_completed);
	else if (!exists)
		request_invalid(
		    r, NULL, "params.ref: there is no such prompt or resource template");
	else
		request_result(r, json_pack("{s:{s:[], s:i, s:b}}", "completion", "values",
		                      "total", 0, "hasMore", 0));
}
