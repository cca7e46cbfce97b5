/* openapi: the REST form of the tools as OpenAPI 3.1, from the same tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "call.h"
#include "compact.h"
#include "exchange.h"
#include "rest/rest.h"
#include "service.h"
#include "surface.h"

static json_t *content(json_t *schema)
{
	return json_pack("{s:{s:o}, s:{s:{s:s}}}", "application/json", "schema", schema,
	    "text/plain", "schema", "type", "string");
}

static json_t *answers(const json_t *tool)
{
	static const struct {
		const char *status, *text;
	} refusals[] = {
	    {"400", "The arguments do not fit; the message names the one and the limit."},
	    {"401", "A valid API key is needed."},
	    {"403", "The Host or Origin is not allowed."},
	    {"404", "What was asked for is not there."},
	    {"409", "It could not be done; the message says why."},
	    {"413", "The body is too large."},
	    {"414", "The address with its query is too long: POST the arguments as a body."},
	    {"431", "The headers are too large."},
	    {"500", "The server failed; its log says more."},
	    {"504", "No confirmation in time; the message says how to find out."},
	    {"507", "The database has no room left."},
	    {"503", "Busy, or the database is away; Retry-After says when to come again."},
	};
	json_t *all = json_object();

	json_object_set_new(all, "200",
	    json_pack("{s:s, s:o}", "description", "Done.", "content",
	        content(json_deep_copy(json_object_get(tool, "outputSchema")))));
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		json_object_set_new(all, refusals[i].status,
		    json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", refusals[i].text,
		        "content", "application/json", "schema", "$ref",
		        "#/components/schemas/Error"));
	return all;
}

static json_t *tool_path(const json_t *tool)
{
	const json_t *schema = json_object_get(tool, "inputSchema");
	json_t *body = json_pack("{s:b, s:{s:{s:O}}}", "required",
	    json_object_get(schema, "required") != NULL, "content", "application/json",
	    "schema", schema);

	return json_pack("{s:{s:O, s:O, s:O, s:o, s:o}}", "post", "operationId",
	    json_object_get(tool, "name"), "summary", json_object_get(tool, "title"),
	    "description", json_object_get(tool, "description"), "requestBody", body,
	    "responses", answers(tool));
}

/* Vectors and lists are for bodies. */
static bool fits_a_query(const json_t *schema)
{
	const char *type = json_string_value(json_object_get(schema, "type"));

	return type != NULL && strcmp(type, "array") != 0 && strcmp(type, "object") != 0;
}

static json_t *search_path(const json_t *tool)
{
	const json_t *schema = json_object_get(tool, "inputSchema");
	json_t *parameters = json_array();
	const char *name;
	json_t *property;

	json_object_foreach (json_object_get(schema, "properties"), name, property) {
		bool main = strcmp(name, "query") == 0;

		if (fits_a_query(property))
			json_array_append_new(parameters,
			    json_pack("{s:s, s:s, s:b, s:O}", "name", main ? "q" : name, "in",
			        "query", "required", main, "schema", property));
	}
	return json_pack("{s:{s:s, s:s, s:o, s:o}}", "get", "operationId", "search", "summary",
	    "Search memories", "parameters", parameters, "responses", answers(tool));
}

static json_t *describe(const struct surface *surface)
{
	json_t *tools = surface->describe_tools(TOOLS_ADMIN), *paths = json_object(), *tool;
	char path[128];
	size_t i;

	json_array_foreach (tools, i, tool) {
		const char *name = json_string_value(json_object_get(tool, "name"));

		snprintf(path, sizeof(path), "/v1/tools/%s", name);
		json_object_set_new(paths, path, tool_path(tool));
		if (strcmp(name, "search_memories") == 0)
			json_object_set_new(paths, "/v1/search", search_path(tool));
	}
	json_decref(tools);
	return json_pack(
	    "{s:s, s:{s:s, s:s}, s:o, s:{s:{s:{s:s, s:s}}, s:{s:o}}, s:[{}, {s:[]}]}",
	    "openapi", "3.1.0", "info", "title", surface->title, "version", SAGE_VERSION,
	    "paths", paths, "components", "securitySchemes", "key", "type", "http", "scheme",
	    "bearer", "schemas", "Error",
	    json_pack("{s:s, s:[s], s:{s:{s:s, s:[s, s], s:{s:{s:s}, s:{s:s}}}}}", "type",
	        "object", "required", "error", "properties", "error", "type", "object",
	        "required", "code", "message", "properties", "code", "type", "integer",
	        "message", "type", "string"),
	    "security", "key");
}

void rest_openapi(struct service *service, struct exchange *x)
{
	static char *text;
	static size_t len;
	json_t *json;

	if (text == NULL) {
		json = describe(service->surface);
		text = compact_json(json, &len);
		json_decref(json);
	}
	exchange_reply(x, &(struct reply){.status = text != NULL ? 200 : 503,
	                      .content_type = "application/json",
	                      .body = text != NULL ? text : "{}",
	                      .body_len = text != NULL ? len : 2});
}
