/* mrtr: the state that travels through the client. */
#include "mcp/mrtr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>

#include "call.h"
#include "compact.h"
#include "mcp/request.h"
#include "server_limits.h"
#include "service.h"
#include "signer.h"

#define PURPOSE      "requestState"
#define DIGEST_BYTES 65 /* SHA-256 in hex */

/* What the state belongs to: this principal, and this request with these arguments. */
static void digest_request(const struct request *r, char hex[DIGEST_BYTES])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	json_t *what = json_pack("{s:s, s:s, s:s, s:O?, s:O?, s:O?}", "namespace",
	    r->auth.who.namespace, "agent", r->auth.who.agent, "method", r->message.method,
	    "name", json_object_get(r->message.params, "name"), "uri",
	    json_object_get(r->message.params, "uri"), "arguments",
	    json_object_get(r->message.params, "arguments"));
	char *text = json_dumps(what, JSON_COMPACT | JSON_SORT_KEYS);

	*hex = '\0';
	if (text != NULL &&
	    EVP_Digest(text, strlen(text), hash, &len, EVP_sha256(), NULL) == 1) {
		for (unsigned int i = 0; i < len; i++)
			snprintf(hex + (size_t)2 * i, 3, "%02x", hash[i]);
	}
	free(text);
	json_decref(what);
}

/* The answers of earlier rounds, a new reference; NULL: not a state of this request. */
static json_t *open_state(const struct request *r, const char *state)
{
	char digest[DIGEST_BYTES];
	size_t len = 0;
	char *text = strlen(state) <= MAX_REQUEST_STATE_BYTES
	                 ? signer_unseal(r->service->signer, PURPOSE, state, &len)
	                 : NULL;
	json_t *json = text != NULL ? json_loadb(text, len, 0, NULL) : NULL;
	const char *bound = json_string_value(json_object_get(json, "request"));
	json_int_t until = json_integer_value(json_object_get(json, "until"));
	json_t *answers = NULL;

	digest_request(r, digest);
	if (bound != NULL && *digest != '\0' && strcmp(bound, digest) == 0 &&
	    until >= time(NULL))
		answers = json_incref(json_object_get(json, "answers"));
	json_decref(json);
	free(text);
	return answers;
}

bool mrtr_read(struct request *r, json_t **answers)
{
	json_t *sent = json_object_get(r->message.params, "inputResponses");
	const json_t *state = json_object_get(r->message.params, "requestState");
	const char *key;
	json_t *answer;

	*answers = NULL;
	if (sent != NULL && !json_is_object(sent)) {
		request_invalid(r, NULL, "params.inputResponses must be an object");
		return false;
	}
	json_object_foreach (sent, key, answer) {
		if (!json_is_object(answer)) {
			request_invalid(
			    r, NULL, "params.inputResponses.%.64s must be an object", key);
			return false;
		}
	}
	if (state == NULL) { /* a client that knows what will be asked may answer at once */
		*answers = json_incref(sent);
		return true;
	}
	*answers = json_is_string(state) ? open_state(r, json_string_value(state)) : NULL;
	if (*answers == NULL) {
		request_invalid(r, json_pack("{s:s}", "reason", "invalid_request_state"),
		    "params.requestState is not one that was given for this request, or it has "
		    "expired; send the request without it to begin again");
		return false;
	}
	json_object_update(*answers, sent);
	return true;
}

static char *seal_state(const struct request *r, const struct call *call)
{
	char digest[DIGEST_BYTES];
	size_t len = 0;

	digest_request(r, digest);
	json_t *json = json_pack("{s:s, s:I, s:o}", "request", digest, "until",
	    (json_int_t)time(NULL) + REQUEST_STATE_LIFETIME_S, "answers",
	    call->answers != NULL ? json_incref(call->answers) : json_object());
	char *text = compact_json(json, &len);
	char *state = text != NULL ? signer_seal(r->service->signer, PURPOSE, text, len) : NULL;

	json_decref(json);
	free(text);
	return state;
}

void mrtr_ask(struct request *r, const struct call *call)
{
	char *state = seal_state(r, call);
	json_t *result;

	if (state == NULL || strlen(state) > MAX_REQUEST_STATE_BYTES) {
		struct rpc_error error;

		request_call_ended(r);
		rpc_error_set(&error, RPC_INTERNAL, NULL,
		    state == NULL
		        ? "the question cannot be signed now; try again in a few seconds"
		        : "the answers so far are larger than %d bytes",
		    MAX_REQUEST_STATE_BYTES);
		request_error(r, &error);
	} else {
		result = json_pack(
		    "{s:O, s:s}", "inputRequests", call->questions, "requestState", state);
		request_call_ended(r);
		request_result_typed(r, result, "input_required");
	}
	free(state);
}
