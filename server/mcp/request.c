/* request: writes the answers, in the form the era wants. */
#include "mcp/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compact.h"
#include "mcp/endpoint.h"

#define JSON_TYPE "application/json"

const struct mcp_caching mcp_for_one = {.ttl_ms = 0, .scope = "private"};

/* All that are not answered yet: some outlive their client. */
static LIST_HEAD(request_list, request) requests = LIST_HEAD_INITIALIZER(requests);

struct request *request_new(struct service *service, struct exchange *x)
{
	struct request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->service = service;
	r->x = x;
	LIST_INSERT_HEAD(&requests, r, link);
	return r;
}

void mcp_end_all(void)
{
	struct request *r;

	/* request_free() takes it off the list, which the analyser does not see. */
	while ((r = LIST_FIRST(&requests)) != NULL) {
		if (r->call != NULL) // NOLINT(clang-analyzer-unix.Malloc)
			call_cancel(r->call);
		request_free(r);
	}
}

void request_free(struct request *r)
{
	LIST_REMOVE(r, link);
	auth_check_fini(&r->auth);
	json_decref(r->arguments);
	rpc_message_fini(&r->message);
	free(r);
}

/* The only place that replies: sends a body of JSON (NULL: none) and frees both. */
static void finish(
    struct request *r, int status, char *body, size_t len, const struct header *headers)
{
	struct reply reply = {.status = status,
	    .content_type = body != NULL ? JSON_TYPE : NULL,
	    .body = body,
	    .body_len = len,
	    .headers = headers};

	if (r->x != NULL)
		exchange_reply(r->x, &reply);
	free(body);
	request_free(r);
}

static void result_text(struct request *r, const char *result, size_t result_len)
{
	size_t len = 0;
	char *body = rpc_result_text(r->message.id, result, result_len, &len);

	finish(r, body != NULL ? 200 : 503, body, len, NULL);
}

/* What every result of the modern era carries besides its own members. */
static void add_envelope(json_t *result, enum mcp_era era, const struct mcp_caching *caching)
{
	if (era != MCP_MODERN)
		return;
	json_object_set_new(result, "resultType", json_string("complete"));
	json_object_set_new(result, "_meta",
	    json_pack("{s:{s:s, s:s}}", "io.modelcontextprotocol/serverInfo", "name",
	        "sage-mcp", "version", SAGE_VERSION));
	if (caching != NULL)
		json_object_update_new(result, json_pack("{s:i, s:s}", "ttlMs", caching->ttl_ms,
		                                   "cacheScope", caching->scope));
}

void request_result_cached(struct request *r, json_t *result, const struct mcp_caching *caching)
{
	size_t len = 0;

	add_envelope(result, r->mcp.era, caching);
	char *text = compact_json(result, &len);

	json_decref(result);
	if (text == NULL) {
		struct rpc_error error;

		rpc_error_set(
		    &error, RPC_INTERNAL, NULL, "the answer could not be written as JSON");
		request_error(r, &error);
		return;
	}
	result_text(r, text, len);
	free(text);
}

void request_result(struct request *r, json_t *result)
{
	request_result_cached(r, result, NULL);
}

void request_result_fixed(struct request *r, struct fixed_result *fixed)
{
	static const struct mcp_caching for_everyone = {.ttl_ms = 3600000, .scope = "public"};
	enum mcp_era era = r->mcp.era;

	if (fixed->text[era] == NULL) {
		json_t *result = fixed->make();

		add_envelope(result, era, &for_everyone);
		fixed->text[era] = compact_json(result, &fixed->len[era]);
		json_decref(result);
	}
	if (fixed->text[era] != NULL)
		result_text(r, fixed->text[era], fixed->len[era]);
	else
		request_refuse(r, 503, "out of memory; try again later", NULL);
}

void request_accepted(struct request *r)
{
	finish(r, 202, NULL, 0, NULL);
}

void request_error(struct request *r, struct rpc_error *error)
{
	size_t len = 0;
	char *body = rpc_error_text(r->message.id, error, &len);
	int status = error->http_status;

	rpc_error_fini(error);
	finish(r, status, body, len, NULL);
}

void request_refuse(
    struct request *r, int status, const char *text, const struct header *headers)
{
	struct rpc_error error;
	size_t len = 0;

	rpc_error_set(&error, RPC_INVALID_REQUEST, NULL, "%s", text);
	char *body = rpc_error_text(r->message.id, &error, &len);

	rpc_error_fini(&error);
	finish(r, status, body, len, headers);
}

/* 200: the envelope was fine, and 400 would look like a refused era. */
static void fail_in_band(struct request *r, struct rpc_error *error)
{
	error->http_status = 200;
	request_error(r, error);
}

void request_invalid(struct request *r, json_t *data, const char *format, ...)
{
	struct rpc_error error;
	char text[sizeof(error.text)];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	rpc_error_set(&error, RPC_INVALID_PARAMS, data, "%s", text);
	fail_in_band(r, &error);
}

void request_not_found(struct request *r, const char *uri, const char *text)
{
	struct rpc_error error;

	rpc_error_set(&error,
	    r->mcp.era == MCP_MODERN ? RPC_INVALID_PARAMS : RPC_RESOURCE_NOT_FOUND,
	    json_pack("{s:s}", "uri", uri), "%s", text);
	fail_in_band(r, &error);
}

void request_run(struct request *r, const struct work *work, json_t *arguments,
    void (*done)(void *arg, struct call *call))
{
	struct call_order order = {
	    .service = r->service,
	    .work = work,
	    .who = r->verified ? &r->auth.who : NULL,
	    .arguments = arguments,
	    .request_id = r->x->id,
	    .done = done,
	    .arg = r,
	};
	struct rpc_error error;

	r->arguments = arguments;
	if (call_start(&order, &r->call))
		return;
	rpc_error_set(
	    &error, RPC_INTERNAL, NULL, "out of memory; nothing was done, try again later");
	request_error(r, &error);
}

void request_call_ended(struct request *r)
{
	call_free(r->call);
	r->call = NULL;
}

void request_call_failed(struct request *r, const char *uri)
{
	enum call_outcome outcome = r->call->outcome;
	struct rpc_error error;

	rpc_error_set(&error, outcome == CALL_BAD_ARGUMENTS ? RPC_INVALID_PARAMS : RPC_INTERNAL,
	    NULL, "%s", r->call->text);
	request_call_ended(r);
	if (uri != NULL && outcome != CALL_FAILED)
		request_not_found(r, uri, "there is no such resource");
	else
		fail_in_band(r, &error);
}
