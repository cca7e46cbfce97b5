/*
 * session_methods: initialize, and what only the older revisions have.
 */
#include <string.h>

#include "call.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/run.h"
#include "mcp/session_works.h"
#include "mcp/stream.h"
#include "resources/resources.h"
#include "service.h"
#include "surface.h"

static json_t *server_info(const struct surface *surface)
{
	return json_pack("{s:s, s:s, s:s}", "name", surface->name, "title", surface->title,
	    "version", SAGE_VERSION);
}

/* What is announced is exactly what the table of methods handles. */
static json_t *capabilities(void)
{
	return json_pack("{s:{}, s:{s:b}, s:{}, s:{}, s:{}}", "tools", "resources", "subscribe",
	    1, "prompts", "completions", "logging");
}

void initialize(struct request *r)
{
	const char *asked =
	    json_string_value(json_object_get(r->message.params, "protocolVersion"));
	const struct surface *surface = r->service->surface;

	if (asked == NULL || r->in_batch) {
		struct rpc_error error;

		rpc_error_set(&error, r->in_batch ? RPC_INVALID_REQUEST : RPC_INVALID_PARAMS,
		    NULL,
		    r->in_batch ? "initialize must not be part of a batch"
		                : "params.protocolVersion is required, a string such "
		                  "as " MCP_LATEST_LEGACY);
		request_error(r, &error);
		return;
	}
	r->session.version = mcp_negotiate(asked);
	r->session.client_can =
	    client_abilities(json_object_get(r->message.params, "capabilities"));
	if (r->own_session != NULL)
		r->own_session->client_can = r->session.client_can;
	/* Without the database there is no session: the client can still call. */
	bool minted = r->verified && r->own_session == NULL &&
	              client_session_mint(r->service, &r->auth.who, &r->session);
	const struct header headers[] = {
	    {minted ? "MCP-Session-Id" : NULL, r->session.id}, {NULL, NULL}};

	request_result_with(r,
	    json_pack("{s:s, s:o, s:o, s:s}", "protocolVersion", r->session.version,
	        "capabilities", capabilities(), "serverInfo", server_info(surface),
	        "instructions", surface->instructions),
	    headers);
}

void ping(struct request *r)
{
	request_result(r, json_object());
}

static void on_noted(struct request *r, struct call *call)
{
	if (call->outcome != CALL_OK) {
		request_call_failed(r, NULL);
		return;
	}
	request_call_ended(r);
	request_result(r, json_object());
}

/* False: the request was answered. */
static bool has_session(struct request *r)
{
	if (*r->session.id != '\0')
		return true;
	request_invalid(r, NULL,
	    "this method needs a session: send the MCP-Session-Id that initialize gave");
	return false;
}

void logging_set_level(struct request *r)
{
	json_t *level = json_object_get(r->message.params, "level");

	if (has_session(r))
		request_run(
		    r, &client_session_level, json_pack("{s:O*}", "level", level), on_noted);
}

void resources_subscribe(struct request *r)
{
	const char *uri = json_string_value(json_object_get(r->message.params, "uri"));
	json_t *arguments = NULL;

	if (!has_session(r))
		return;
	if (uri == NULL)
		request_invalid(r, NULL, "params.uri is required, a string");
	else if (r->service->surface->find_resource(uri, &arguments) == NULL)
		request_not_found(r, uri, "there is no such resource");
	else
		request_run(
		    r, &client_session_subscribe, json_pack("{s:s}", "uri", uri), on_noted);
	json_decref(arguments);
}

void resources_unsubscribe(struct request *r)
{
	json_t *uri = json_object_get(r->message.params, "uri");

	if (has_session(r))
		request_run(
		    r, &client_session_unsubscribe, json_pack("{s:O*}", "uri", uri), on_noted);
}

/* notifications/cancelled: the request ends without an answer, and its query is stopped. */
void cancelled(struct request *r)
{
	const json_t *id = json_object_get(r->message.params, "requestId");
	struct request *other =
	    id != NULL && *r->session.id != '\0' ? request_under_way(&r->session, id) : NULL;

	if (other != NULL) {
		call_cancel(other->call);
		other->call = NULL;
		request_silence(other);
	}
	request_accepted(r);
}
