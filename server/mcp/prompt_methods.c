/* prompt_methods: prompts/list, prompts/get, and completion of their arguments. */
#include "call.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/run.h"
#include "prompts/prompts.h"
#include "service.h"
#include "surface.h"

static json_t *make_list(const struct surface *surface)
{
	return json_pack("{s:o}", "prompts", surface->describe_prompts());
}

void prompts_list(struct request *r)
{
	static struct fixed_result list = {.make = make_list};

	request_result_fixed(r, &list);
}

/* A prompt is what it has written, as one message of the user, or messages of its own. */
static void on_written(struct request *r, struct call *call)
{
	json_t *messages;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	messages = call->content != NULL ? json_incref(call->content)
	                                 : json_pack("[{s:s, s:{s:s, s:s}}]", "role", "user",
	                                       "content", "type", "text", "text", call->text);
	request_call_ended(r);
	request_result(r, json_pack("{s:o}", "messages", messages));
}

void prompts_get(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->message.params, "name"));
	const json_t *sent = json_object_get(r->message.params, "arguments");
	const struct work *prompt =
	    name != NULL ? r->service->surface->find_prompt(name) : NULL;

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
		request_run(r, prompt, prompt_arguments(prompt, sent), on_written);
}

static void on_completed(struct request *r, struct call *call)
{
	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	json_t *result = json_pack("{s:O}", "completion", call->result);

	request_call_ended(r);
	request_result(r, result);
}

void completion_complete(struct request *r)
{
	const json_t *ref = json_object_get(r->message.params, "ref");
	const json_t *argument = json_object_get(r->message.params, "argument");
	const char *name = json_string_value(json_object_get(argument, "name"));
	json_t *value = json_object_get(argument, "value");
	const struct work *work = NULL;
	bool exists = false;

	if (!json_is_object(ref) || name == NULL || !json_is_string(value)) {
		request_invalid(r, NULL,
		    "params.ref, params.argument.name and params.argument.value are required");
		return;
	}
	work = r->service->surface->find_completion(ref, name, &exists);
	if (work != NULL)
		request_run(r, work, json_pack("{s:O}", "value", value), on_completed);
	else if (!exists)
		request_invalid(
		    r, NULL, "params.ref: there is no such prompt or resource template");
	else
		request_result(r, json_pack("{s:{s:[], s:i, s:b}}", "completion", "values",
		                      "total", 0, "hasMore", 0));
}
