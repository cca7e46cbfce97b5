/* request: writes the answers, in the form the era wants. */
#include "mcp/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compact.h"
#include "mcp/ask.h"
#include "mcp/endpoint.h"
#include "mcp/stream.h"
#include "mcp/task.h"
#include "service.h"
#include "surface.h"

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
	r->progress = -1;
	LIST_INIT(&r->asks);
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
		if (r->stream != NULL)
			stream_end(r->stream);
		else if (r->x != NULL) /* not of a connection: a part of a batch, say */
			exchange_reply(r->x, &(struct reply){.status = 503});
		request_free(r);
	}
}

void request_client_left(struct request *r)
{
	if (r->call != NULL && r->mcp.era == MCP_LEGACY)
		return;
	if (r->call != NULL)
		call_cancel(r->call);
	request_free(r);
}

static void on_stream_gone(void *arg)
{
	struct request *r = arg;

	r->stream = NULL;
	request_client_left(r);
}

struct stream *request_stream(struct request *r)
{
	/* The oldest revision has a stream of its own for everything, and no event ids. */
	bool resumable = *r->session.id != '\0' && strcmp(r->mcp.version, MCP_OLDEST) != 0;

	if (r->stream == NULL && r->x != NULL && r->x->ops->start != NULL && !r->only_json) {
		struct stream_order order = {
		    .x = r->x,
		    .session = resumable ? r->session.id : NULL,
		    .primed = strcmp(r->mcp.version, MCP_LATEST_LEGACY) == 0,
		    .gone = on_stream_gone,
		    .arg = r,
		};

		r->x = NULL;
		r->stream = stream_open(r->service->streams, &order);
	}
	return r->stream;
}

struct request *request_under_way(const struct client_session *session, const json_t *id)
{
	struct request *r;

	LIST_FOREACH (r, &requests, link) {
		if (r->call != NULL && strcmp(r->session.id, session->id) == 0 &&
		    json_equal(r->message.id, id))
			return r;
	}
	return NULL;
}

void request_free(struct request *r)
{
	if (r->counts)
		metrics_mcp(r->method, r->tool, r->outcome);
	LIST_REMOVE(r, link);
	asks_forget(r);
	task_abandon(r->task);
	auth_check_fini(&r->auth);
	json_decref(r->arguments);
	rpc_message_fini(&r->message);
	free(r);
}

struct exchange *request_release(struct request *r)
{
	struct exchange *x = r->x;

	r->outcome = OUTCOME_OK;
	request_free(r);
	return x;
}

/* The only place that answers: sends a body of JSON (NULL: none) and frees both. */
static void finish(
    struct request *r, int status, char *body, size_t len, const struct header *headers)
{
	struct reply reply = {.status = status,
	    .content_type = body != NULL ? JSON_TYPE : NULL,
	    .body = body,
	    .body_len = len,
	    .headers = headers};

	if (r->stream != NULL) {
		if (body != NULL)
			stream_send_text(r->stream, body, len);
		stream_end(r->stream);
	} else if (r->x != NULL) {
		exchange_reply(r->x, &reply);
	}
	free(body);
	request_free(r);
}

static void result_text(
    struct request *r, const char *result, size_t result_len, const struct header *headers)
{
	size_t len = 0;
	char *body = rpc_result_text(r->message.id, result, result_len, &len);

	if (r->outcome == OUTCOME_CANCELLED)
		r->outcome = body != NULL ? OUTCOME_OK : OUTCOME_ERROR;
	finish(r, body != NULL ? 200 : 503, body, len, headers);
}

struct envelope {
	const char *type; /* NULL: "complete" */
	const struct mcp_caching *caching;
	const struct header *headers;
};

/* What every result of the modern era carries besides its own members. */
static void add_envelope(json_t *result, const struct request *r, const char *type,
    const struct mcp_caching *caching)
{
	if (r->mcp.era != MCP_MODERN)
		return;
	json_object_set_new(
	    result, "resultType", json_string(type != NULL ? type : "complete"));
	json_object_set_new(result, "_meta",
	    json_pack("{s:{s:s, s:s}}", "io.modelcontextprotocol/serverInfo", "name",
	        r->service->surface->name, "version", SAGE_VERSION));
	if (caching != NULL)
		json_object_update_new(result, json_pack("{s:i, s:s}", "ttlMs", caching->ttl_ms,
		                                   "cacheScope", caching->scope));
}

static void send_result(struct request *r, json_t *result, const struct envelope *envelope)
{
	size_t len = 0;

	add_envelope(result, r, envelope->type, envelope->caching);
	char *text = compact_json(result, &len);

	json_decref(result);
	if (text == NULL) {
		struct rpc_error error;

		rpc_error_set(&error, RPC_INTERNAL, NULL,
		    "the answer could not be written as JSON; what was asked may or may not "
		    "have been done");
		request_error(r, &error);
		return;
	}
	result_text(r, text, len, envelope->headers);
	free(text);
}

void request_result(struct request *r, json_t *result)
{
	send_result(r, result, &(struct envelope){0});
}

void request_result_cached(struct request *r, json_t *result, const struct mcp_caching *caching)
{
	send_result(r, result, &(struct envelope){.caching = caching});
}

void request_result_with(struct request *r, json_t *result, const struct header *headers)
{
	send_result(r, result, &(struct envelope){.headers = headers});
}

void request_result_typed(struct request *r, json_t *result, const char *type)
{
	send_result(r, result, &(struct envelope){.type = type});
}

void request_result_fixed(struct request *r, struct fixed_result *fixed)
{
	static const struct mcp_caching for_everyone = {.ttl_ms = 3600000, .scope = "public"};
	enum mcp_era era = r->mcp.era;

	if (fixed->text[era] == NULL) {
		json_t *result = fixed->make(r->service->surface);

		add_envelope(result, r, NULL, &for_everyone);
		fixed->text[era] = compact_json(result, &fixed->len[era]);
		json_decref(result);
	}
	if (fixed->text[era] != NULL)
		result_text(r, fixed->text[era], fixed->len[era], NULL);
	else
		request_refuse(r, 503, "out of memory; try again later", NULL);
}

void request_accepted(struct request *r)
{
	r->outcome = OUTCOME_OK;
	finish(r, 202, NULL, 0, NULL);
}

void request_silence(struct request *r)
{
	/* Without a message the transport still needs an end of the response. */
	finish(r, request_stream(r) != NULL ? 200 : 202, NULL, 0, NULL);
}

void request_error(struct request *r, struct rpc_error *error)
{
	size_t len = 0;
	char *body = rpc_error_text(r->message.id, error, &len);
	int status = error->http_status;

	r->counts = true;
	r->outcome = OUTCOME_ERROR;
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

	r->outcome = OUTCOME_ERROR;
	rpc_error_fini(&error);
	finish(r, status, body, len, headers);
}

void request_refuse_unverified(struct request *r)
{
	static const struct header retry[] = {{"Retry-After", "2"}, {NULL, NULL}};

	request_refuse(r, 503,
	    "the credential cannot be checked now: the database is away; try again in a few "
	    "seconds",
	    retry);
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

void request_call_ended(struct request *r)
{
	call_free(r->call);
	r->call = NULL;
}

void request_call_failed(struct request *r, const char *uri)
{
	enum call_outcome outcome = r->call->outcome;
	struct rpc_error error;

	rpc_error_set(&error,
	    outcome == CALL_BAD_ARGUMENTS || outcome == CALL_NOT_FOUND ? RPC_INVALID_PARAMS
	                                                               : RPC_INTERNAL,
	    NULL, "%s", r->call->text);
	request_call_ended(r);
	if (uri != NULL && outcome != CALL_FAILED)
		request_not_found(r, uri, "there is no such resource");
	else
		fail_in_band(r, &error);
}
