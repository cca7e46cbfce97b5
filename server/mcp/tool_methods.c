/* tool_methods: tools/list and tools/call. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compact.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/run.h"
#include "mcp_header.h"
#include "service.h"
#include "surface.h"
#include "tools/tools.h"

static json_t *make_core(const struct surface *surface)
{
	return json_pack("{s:o}", "tools", surface->describe_tools(TOOLS_CORE));
}

static json_t *make_full(const struct surface *surface)
{
	return json_pack("{s:o}", "tools", surface->describe_tools(TOOLS_FULL));
}

static json_t *make_admin(const struct surface *surface)
{
	return json_pack("{s:o}", "tools", surface->describe_tools(TOOLS_ADMIN));
}

/* The one that the endpoint was asked with, /mcp?tools=full; core when it says nothing else. */
void tools_list(struct request *r)
{
	static struct fixed_result lists[TOOL_PROFILES] = {
	    [TOOLS_CORE] = {.make = make_core},
	    [TOOLS_FULL] = {.make = make_full},
	    [TOOLS_ADMIN] = {.make = make_admin},
	};
	static const char *const names[TOOL_PROFILES] = {
	    "tools=core", "tools=full", "tools=admin"};
	enum tool_profile profile = TOOLS_CORE;

	for (int i = 0; i < TOOL_PROFILES; i++) {
		if (r->x != NULL && strcmp(r->x->query, names[i]) == 0)
			profile = (enum tool_profile)i;
	}
	request_result_fixed(r, &lists[profile]);
}

/* MCP wants every result as text too; what a tool did not put into words is its JSON. */
static json_t *make_content(const struct call *call)
{
	size_t len = 0;
	char *json = NULL;
	json_t *content;

	if (call->content != NULL)
		return json_incref(call->content);
	if (call->text == NULL)
		json = compact_json(call->result, &len);
	content = json_pack("[{s:s, s:s}]", "type", "text", "text",
	    call->text != NULL ? call->text
	    : json != NULL     ? json
	                       : "");
	free(json);
	return content;
}

json_t *tool_result(const struct call *call)
{
	json_t *result = json_pack("{s:o}", "content", make_content(call));

	if (call->outcome != CALL_OK)
		json_object_set_new(result, "isError", json_true());
	else if (call->result != NULL)
		json_object_set(result, "structuredContent", call->result);
	return result;
}

static void on_done(struct request *r, struct call *call)
{
	char seconds[16];
	struct header retry[] = {{NULL, seconds}, {NULL, NULL}};
	json_t *result;

	if (call->outcome == CALL_BROKEN) {
		request_call_failed(r, NULL);
		return;
	}
	result = tool_result(call);
	if (call->outcome != CALL_OK)
		r->outcome = OUTCOME_ERROR;
	snprintf(seconds, sizeof(seconds), "%d", (call->retry_ms + 999) / 1000);
	retry[0].name = call->retry_ms > 0 ? "Retry-After" : NULL;
	request_call_ended(r);
	request_result_with(r, result, retry);
}

/*
 * Arguments that a client mirrors into Mcp-Param-* headers, for proxies to look at, must say
 * the same in both places (2026-07-28 server/tools, "x-mcp-header"). False: answered.
 */
static bool params_match_headers(struct request *r, const struct arg *table)
{
	const json_t *arguments = json_object_get(r->message.params, "arguments");
	struct rpc_error error;

	for (; r->mcp.era == MCP_MODERN && table != NULL && table->name != NULL; table++) {
		char header[64];
		unsigned copies = 0;

		if (table->header == NULL)
			continue;
		snprintf(header, sizeof(header), "mcp-param-%s", table->header);
		for (char *c = header; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		const char *value = exchange_header(r->x, header, &copies);

		if (copies <= 1 &&
		    mcp_header_matches(value, json_object_get(arguments, table->name)))
			continue;
		rpc_error_set(&error, RPC_HEADER_MISMATCH, NULL,
		    "Mcp-Param-%s must be sent once and repeat params.arguments.%s, or be "
		    "absent "
		    "with it",
		    table->header, table->name);
		request_error(r, &error);
		return false;
	}
	return true;
}

void tools_call(struct request *r)
{
	const char *name = json_string_value(json_object_get(r->message.params, "name"));
	json_t *arguments = json_object_get(r->message.params, "arguments");
	const struct tool *tool = name != NULL ? r->service->surface->find_tool(name) : NULL;

	r->tool = tool_number(tool);
	if (name == NULL)
		request_invalid(r, NULL, "params.name is required, a string");
	else if (tool == NULL)
		request_invalid(r, NULL,
		    "params.name: there is no tool '%.64s'; tools/list gives those there are",
		    name);
	else if (arguments != NULL && !json_is_object(arguments) && !json_is_null(arguments))
		request_invalid(r, NULL, "params.arguments must be an object");
	else if (params_match_headers(r, tool->work.arguments))
		request_run(r, &tool->work, json_incref(arguments), on_done);
}
