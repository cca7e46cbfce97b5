/* request: writes the answers, in the form the era wants. */
#include "mcp/request.h"

#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "compact.h"

#define JSON_TYPE "application/json"

void request_free(struct request *r)
{
	auth_check_fini(&r->auth);
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

void request_result_text(struct request *r, const char *result, size_t result_len)
{
	size_t len = 0;
	char *body = rpc_result_text(r->message.id, result, result_len, &len);

	finish(r, body != NULL ? 200 : 503, body, len, NULL);
}

void request_result(struct request *r, json_t *result)
{
	if (r->mcp.era == MCP_MODERN) {
		json_object_set_new(result, "resultType", json_string("complete"));
		json_object_set_new(result, "_meta",
		    json_pack("{s:{s:s, s:s}}", "io.modelcontextprotocol/serverInfo", "name",
		        "sage-mcp", "version", SAGE_VERSION));
	}
	size_t len = 0;
	char *text = compact_json(result, &len);

	json_decref(result);
	if (text == NULL) {
		struct rpc_error error;

		rpc_error_set(
		    &error, RPC_INTERNAL, NULL, "the answer could not be written as JSON");
		request_error(r, &error);
		return;
	}
	request_result_text(r, text, len);
	free(text);
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
