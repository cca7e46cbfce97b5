/*
 * endpoint: from an HTTP POST to a method.
 *
 *	mcp_post -> credential (may wait) -> accept_message -> methods_dispatch
 */
#include "mcp/endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "call.h"
#include "log.h"
#include "mcp/request.h"
#include "service.h"

static void on_credential(void *arg, enum auth_verdict verdict);
static void accept_message(struct request *r);

/*
 * The client closed its connection. A modern client means: stop (MCP 2026-07-28,
 * patterns/cancellation). A legacy one means nothing by it, so its call runs to the end.
 */
static void on_gone(void *arg)
{
	struct request *r = arg;

	r->x = NULL;
	if (r->call != NULL && r->mcp.era == MCP_LEGACY)
		return;
	if (r->call != NULL)
		call_cancel(r->call);
	request_free(r);
}

void mcp_post(struct service *service, struct exchange *x)
{
	struct request *r = request_new(service, x);

	if (r == NULL) {
		exchange_reply(x, &(struct reply){.status = 503});
		return;
	}
	x->gone = on_gone;
	x->gone_arg = r;
	on_credential(r, auth_check_start(service->auth, &r->auth, x, on_credential, r));
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
	accept_message(r);
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

static void accept_message(struct request *r)
{
	struct rpc_error error = {0};

	if (!is_json(exchange_header(r->x, "content-type", NULL))) {
		request_refuse(r, 415, "Content-Type must be application/json", NULL);
		return;
	}
	if (!accepts_json(exchange_header(r->x, "accept", NULL))) {
		request_refuse(r, 406, "Accept must allow application/json", NULL);
		return;
	}
	if (!rpc_parse(r->x->body, r->x->body_len, &r->message, &error)) {
		request_error(r, &error);
		return;
	}
	if (r->message.kind ==
	    RPC_RESPONSE) { /* nothing is asked of clients yet, so nothing waits */
		request_accepted(r);
		return;
	}
	struct mcp_headers headers = read_headers(r->x);

	if (!mcp_classify(&r->message, &headers, &r->mcp, &error)) {
		request_error(r, &error);
		return;
	}
	methods_dispatch(r);
}
