/*
 * rest: one tool call for one HTTP request.
 *
 *	rest_tool -> credential (may wait) -> arguments -> call -> on_done: the answer
 */
#include "rest/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth.h"
#include "call.h"
#include "compact.h"
#include "jsonrpc.h"
#include "log.h"
#include "rest/rest_query.h"
#include "router.h"
#include "service.h"
#include "surface.h"
#include "tools/tools.h"

#define TOOLS_PATH "/v1/tools/"

struct rest_call {
	struct service *service;
	struct exchange *x; /* NULL: the client has gone */
	struct auth_check auth;
	const struct tool *tool;
	json_t *arguments; /* owned */
	bool wants_text;
	struct call *call;
};

static void rest_free(struct rest_call *r)
{
	auth_check_fini(&r->auth);
	call_free(r->call);
	json_decref(r->arguments);
	free(r);
}

static void on_gone(void *arg)
{
	struct rest_call *r = arg;

	if (r->call != NULL)
		call_cancel(r->call);
	r->call = NULL;
	rest_free(r);
}

/* The one way out while the client is there. */
static void refuse(
    struct rest_call *r, int status, const char *text, const struct header *headers)
{
	router_refuse(r->x, status, text, headers);
	rest_free(r);
}

/* --- the answer --- */

static int status_of(const struct call *call)
{
	static const int outcomes[] = {
	    [CALL_OK] = 200,
	    [CALL_FAILED] = 409,
	    [CALL_BAD_ARGUMENTS] = 400,
	    [CALL_NOT_FOUND] = 404,
	    [CALL_BROKEN] = 500,
	    [CALL_ASKS] = 501, /* nobody can be asked here */
	};
	static const int troubles[] = {
	    [TROUBLE_NONE] = 409,
	    [TROUBLE_BUSY] = 503,
	    [TROUBLE_FULL] = 507,
	    [TROUBLE_UNKNOWN] = 504,
	    [TROUBLE_INTERNAL] = 500,
	};

	return call->outcome == CALL_FAILED ? troubles[call->trouble] : outcomes[call->outcome];
}

static void answer(struct rest_call *r, const struct call *call)
{
	size_t len = 0;
	char *json = NULL;
	bool text = r->wants_text && call->text != NULL;

	if (!text)
		json = compact_json(call->result, &len);
	exchange_reply(
	    r->x, &(struct reply){.status = 200,
	              .content_type = text ? "text/plain; charset=utf-8" : "application/json",
	              .body = text ? call->text : json,
	              .body_len = text ? call->text_len : len});
	free(json);
}

static void on_done(void *arg, struct call *call)
{
	struct rest_call *r = arg;
	char seconds[16];
	const struct header retry[] = {
	    {call->retry_ms > 0 ? "Retry-After" : NULL, seconds}, {NULL, NULL}};

	snprintf(seconds, sizeof(seconds), "%d", (call->retry_ms + 999) / 1000);
	r->call = call;
	if (call->outcome != CALL_OK) {
		refuse(
		    r, status_of(call), call->text != NULL ? call->text : "it failed", retry);
		return;
	}
	answer(r, call);
	rest_free(r);
}

/* --- the call --- */

static bool cannot_ask(void *arg, struct call *call)
{
	(void)arg;
	(void)call;
	return false;
}

static const struct call_client client = {.ask = cannot_ask};

static void run(struct rest_call *r, const struct principal *who)
{
	const struct call_order order = {
	    .service = r->service,
	    .work = &r->tool->work,
	    .who = who,
	    .arguments = r->arguments,
	    .client_session = "",
	    .client = &client,
	    .tool = tool_number(r->tool),
	    .request_id = r->x->id,
	    .done = on_done,
	    .arg = r,
	};

	if (!call_start(&order, &r->call))
		refuse(r, 503, "out of memory; nothing was done, try again later", NULL);
}

static void on_credential(void *arg, enum auth_verdict verdict)
{
	static const struct header challenge[] = {{"WWW-Authenticate", "Bearer"}, {NULL, NULL}};
	struct rest_call *r = arg;

	switch (verdict) {
	case AUTH_PENDING:
		return;
	case AUTH_REFUSED:
		log_info("refused: no valid key", "peer", r->x->peer, "request_id", r->x->id);
		refuse(r, 401,
		    "a valid API key is needed: send 'Authorization: Bearer sage_...'; "
		    "'sage-mcp key create' makes one",
		    challenge);
		return;
	case AUTH_GRANTED:
		run(r, &r->auth.who);
		return;
	case AUTH_UNVERIFIED:
		run(r, NULL);
		return;
	}
}

/* Takes arguments. */
static void begin(
    struct service *service, struct exchange *x, const struct tool *tool, json_t *arguments)
{
	struct rest_call *r = calloc(1, sizeof(*r));
	const char *accept = exchange_header(x, "accept", NULL);

	if (r == NULL) {
		json_decref(arguments);
		router_refuse(x, 503, "out of memory; nothing was done, try again later", NULL);
		return;
	}
	r->service = service;
	r->x = x;
	r->tool = tool;
	r->arguments = arguments;
	r->wants_text = accept != NULL && strncasecmp(accept, "text/plain", 10) == 0;
	x->gone = on_gone;
	x->gone_arg = r;
	on_credential(r, auth_check_start(service->auth, &r->auth, x, on_credential, r));
}

void rest_tool(struct service *service, struct exchange *x)
{
	const char *name = x->path + strlen(TOOLS_PATH);
	const struct tool *tool = service->surface->find_tool(name);
	struct rpc_error error;
	char text[160];

	if (tool == NULL) {
		snprintf(text, sizeof(text),
		    "there is no tool '%.64s'; GET /openapi.json lists those there are", name);
		router_refuse(x, 404, text, NULL);
		return;
	}
	if (x->body_len == 0) {
		begin(service, x, tool, json_object());
		return;
	}
	json_t *arguments = rpc_parse_object(x->body, x->body_len, &error);

	if (arguments == NULL)
		router_refuse(x, 400, error.text, NULL);
	else
		begin(service, x, tool, arguments);
}

void rest_search(struct service *service, struct exchange *x)
{
	const struct tool *tool = service->surface->find_tool("search_memories");
	char text[160];
	json_t *arguments =
	    rest_query_arguments(tool->work.arguments, "query", x->query, text, sizeof(text));

	if (arguments == NULL)
		router_refuse(x, 400, text, NULL);
	else
		begin(service, x, tool, arguments);
}
