/* tool_methods: tools/list and tools/call. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compact.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "tools/tools.h"

static json_t *make_list(void)
{
	return json_pack("{s:o}", "tools", tools_describe());
}

void tools_list(struct request *r)
{
	static struct fixed_result list = {.make = make_list};

	request_result_fixed(r, &list);
}

/* MCP wants every result as text too; what a tool did not put into words is its JSON. */
static char *content_text(const struct call *call)
{
	size_t len;

	if (call->text != NULL)
		return strdup(call->text);
	return compact_json(call->result, &len);
}

static void on_done(void *arg, struct call *call)
{
	struct request *r = arg;
	char *text = content_text(call);
	json_t *result = json_pack(
	    "{s:[{s:s, s:s}]}", "content", "type", "text", "text", text != NULL ? text : "");

	if (call->outcome != CALL_OK)
		json_object_set_new(result, "isError", json_true());
	else
		json_object_set(result, "structuredContent", call->result);
	free(text);
	request_call_ended(r);
	request_result(r, result);
}

void tools_call(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->message.params, "name"));
	json_t *arguments = json_object_get(r->message.params, "arguments");
	const struct tool *tool = name != NULL ? tool_find(name) : NULL;

	if (name == NULL)
		request_invalid(r, NULL, "params.name is required, a string");
	else if (tool == NULL)
		request_invalid(r, NULL,
		    "params.name: there is no tool '%.64s'; tools/list gives those there are",
		    name);
	else if (arguments != NULL && !json_is_object(arguments) && !json_is_null(arguments))
		request_invalid(r, NULL, "params.arguments must be an object");
	else
		request_run(r, &tool->work, json_incref(arguments), on_done);
}
