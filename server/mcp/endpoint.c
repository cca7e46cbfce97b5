/*
 * endpoint: from an HTTP request to a method.
 *
 *	mcp_handle -> credential (may wait) -> POST: endpoint_accept -> methods_dispatch
 *	                                   -> GET: session_stream, DELETE: end of the session
 */
#include "mcp/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "call.h"
#include "log.h"
#include "mcp/ask.h"
#include "mcp/batch.h"
#include "mcp/request.h"
#include "mcp/run.h"
#include "mcp/session_stream.h"
#include "mcp/session_works.h"
#include "service.h"

/* The client closed its connection before anything was sent. */
static void on_gone(void *arg)
{
	struct request *r = arg;

	r->x = NULL;
	request_client_left(r);
}

static void on_credential(void *arg, enum auth_verdict verdict)
{
	/* No resource_metadata: there is no OAuth here, and clients would go looking for it. */
	static const struct header challenge[] = {{"WWW-Authenticate", "Bearer"}, {NULL, NULL}};
	struct request *r = arg;

	switch (verdict) {
	case AUTH_PENDING:
		return;
	case AUTH_REFUSED:
		log_info("refused: no valid key", "peer", r->x->peer, "request_id", r->x->id);
		request_refuse(r, 401,
		    "a valid API key is needed: send 'Authorization: Bearer sage_...'; "
		    "'sage-mcp key create' makes one",
		    challenge);
		return;
	case AUTH_GRANTED:
		r->verified = true;
		break;
	case AUTH_UNVERIFIED:
		break;
	}
	r->go_on(r);
}

/* "application/json" with or without parameters. */
static bool is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t len = sizeof(json) - 1;

	return type != NULL && strncasecmp(type, json, len) == 0 &&
	       strchr("; \t", type[len]) != NULL;
}

static bool accepts_json(const char *accept)
{
	return accept == NULL || strcasestr(accept, "application/json") != NULL ||
	       strcasestr(accept, "text/event-stream") != NULL ||
	       strstr(accept, "*/*") != NULL || strcasestr(accept, "application/*") != NULL;
}

static struct mcp_headers read_headers(const struct exchange *x)
{
	unsigned versions = 0, methods = 0, names = 0;
	struct mcp_headers headers = {
	    .version = exchange_header(x, "mcp-protocol-version", &versions),
	    .method = exchange_header(x, "mcp-method", &methods),
	    .name = exchange_header(x, "mcp-name", &names),
	};

	headers.repeated = versions > 1 || methods > 1 || names > 1;
	return headers;
}

bool endpoint_read_session(struct request *r)
{
	unsigned copies = 0;
	const char *id = exchange_header(r->x, "mcp-session-id", &copies);
	const struct principal *who = r->verified ? &r->auth.who : NULL;

	if (id == NULL || r->own_session != NULL)
		return true;
	if (copies == 1 &&
	    client_session_open(r->service, who, id, &r->session) != CLIENT_SESSION_UNKNOWN)
		return true;
	request_refuse(r, 404,
	    "there is no such session (any more); send initialize without MCP-Session-Id",
	    NULL);
	return false;
}

/* A legacy message: what its session says about it. False: answered. */
static bool enter_session(struct request *r)
{
	if (r->message.kind == RPC_REQUEST && strcmp(r->message.method, "initialize") == 0)
		return true;
	if (!endpoint_read_session(r))
		return false;
	if (*r->session.id != '\0') {
		r->client_can = r->session.client_can;
		if (exchange_header(r->x, "mcp-protocol-version", NULL) == NULL)
			r->mcp.version = r->session.version;
	}
	return true;
}

/* A client's answer to a question. */
static void accept_answer(struct request *r)
{
	if (asks_answer(r))
		request_accepted(r);
	else
		request_refuse(r, 400, "no request of this server waits for this answer", NULL);
}

void endpoint_accept_parsed(struct request *r)
{
	struct mcp_headers headers = read_headers(r->x);
	struct rpc_error error = {0};

	if (!mcp_classify(&r->message, &headers, &r->mcp, &error)) {
		request_error(r, &error);
		return;
	}
	if (r->mcp.era == MCP_MODERN)
		r->client_can = client_abilities(
		    json_object_get(json_object_get(r->message.params, "_meta"),
		        "io.modelcontextprotocol/clientCapabilities"));
	else if (!enter_session(r))
		return;
	if (r->message.kind == RPC_RESPONSE)
		accept_answer(r);
	else
		methods_dispatch(r);
}

static bool accepts_streams(const char *accept)
{
	return accept == NULL || strcasestr(accept, "text/event-stream") != NULL ||
	       strstr(accept, "*/*") != NULL;
}

static void accept_post(struct request *r)
{
	struct rpc_error error = {0};

	r->only_json = !accepts_streams(exchange_header(r->x, "accept", NULL));
	if (!is_json(exchange_header(r->x, "content-type", NULL)))
		request_refuse(r, 415, "Content-Type must be application/json", NULL);
	else if (!accepts_json(exchange_header(r->x, "accept", NULL)))
		request_refuse(r, 406, "Accept must allow application/json", NULL);
	else if (batch_is(r->x))
		batch_accept(r);
	else if (rpc_parse(r->x->body, r->x->body_len, &r->message, &error))
		endpoint_accept_parsed(r);
	else
		request_error(r, &error);
}

/* GET and DELETE are about a session. False: answered. */
static bool needs_session(struct request *r)
{
	static const struct header allow[] = {{"Allow", "POST"}, {NULL, NULL}};

	r->mcp.version = MCP_LATEST_LEGACY;
	if (exchange_header(r->x, "mcp-session-id", NULL) == NULL)
		request_refuse(r, 405,
		    "without MCP-Session-Id there is nothing here but POST; initialize gives "
		    "one",
		    allow);
	else if (!endpoint_read_session(r))
		return false;
	else if (*r->session.id == '\0')
		request_refuse_unverified(r);
	else
		return true;
	return false;
}

static void accept_get(struct request *r)
{
	if (!accepts_streams(exchange_header(r->x, "accept", NULL)))
		request_refuse(r, 406, "Accept must allow text/event-stream", NULL);
	else if (needs_session(r))
		session_stream_get(r);
}

static void on_ended(struct request *r, struct call *call)
{
	bool ended = call->outcome == CALL_OK;

	request_call_ended(r);
	if (ended)
		exchange_reply(request_release(r), &(struct reply){.status = 204});
	else
		request_refuse(r, 503, "the database is away: the session goes on", NULL);
}

static void accept_delete(struct request *r)
{
	if (needs_session(r))
		request_run(r, &client_session_end, NULL, on_ended);
}

void request_after_credential(
    struct service *service, struct exchange *x, void (*go_on)(struct request *r))
{
	struct request *r = request_new(service, x);

	if (r == NULL) {
		exchange_reply(x, &(struct reply){.status = 503});
		return;
	}
	x->gone = on_gone;
	x->gone_arg = r;
	r->go_on = go_on;
	on_credential(r, auth_check_start(service->auth, &r->auth, x, on_credential, r));
}

void mcp_handle(struct service *service, struct exchange *x)
{
	if (strcmp(x->method, "GET") == 0)
		request_after_credential(service, x, accept_get);
	else if (strcmp(x->method, "DELETE") == 0)
		request_after_credential(service, x, accept_delete);
	else
		request_after_credential(service, x, accept_post);
}
