/* resource_methods: resources/list, resources/templates/list, resources/read. */
#include <stdlib.h>

#include "call.h"
#include "compact.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/run.h"
#include "resources/resources.h"
#include "service.h"
#include "surface.h"

static void on_listed(struct request *r, struct call *call)
{
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

	request_run(r, r->service->surface->list_resources,
	    cursor != NULL ? json_pack("{s:O}", "cursor", cursor) : NULL, on_listed);
}

static json_t *make_templates(const struct surface *surface)
{
	return json_pack("{s:o}", "resourceTemplates", surface->describe_templates());
}

void resources_templates_list(struct request *r)
{
	static struct fixed_result list = {.make = make_templates};

	request_result_fixed(r, &list);
}

/* A resource is its work's result as JSON, or contents of its own. */
static json_t *make_contents(const struct call *call, const char *uri)
{
	size_t len = 0;
	char *text;
	json_t *contents;

	if (call->content != NULL)
		return json_incref(call->content);
	text = compact_json(call->result, &len);
	contents = json_pack("[{s:s, s:s, s:s}]", "uri", uri, "mimeType", "application/json",
	    "text", text != NULL ? text : "");
	free(text);
	return contents;
}

static void on_read(struct request *r, struct call *call)
{
	const char *uri = json_string_value(json_object_get(r->message.params, "uri"));
	json_t *result;

	if (call->outcome != CALL_OK) {
		request_call_failed(r, uri);
		return;
	}
	result = json_pack("{s:o}", "contents", make_contents(call, uri));
	request_call_ended(r);
	request_result_cached(r, result, &mcp_for_one);
}

void resources_read(struct request *r)
{
	const char *uri = json_string_value(json_object_get(r->message.params, "uri"));
	json_t *arguments = NULL;
	const struct work *resource =
	    uri != NULL ? r->service->surface->find_resource(uri, &arguments) : NULL;

	if (uri == NULL)
		request_invalid(r, NULL, "params.uri is required, a string");
	else if (resource == NULL)
		request_not_found(r, uri, "there is no such resource");
	else
		request_run(r, resource, arguments, on_read);
}
