/* ask: ids that are handed out, and who waits for them. */
#include "mcp/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>

#include "call.h"
#include "mcp/request.h"
#include "mcp/stream.h"

/* One question under way. Its id is random: no other client can guess it. */
struct ask {
	char id[20];
	char *key;
	struct request *request;
	LIST_ENTRY(ask) of_request, of_all;
};

static LIST_HEAD(ask_list, ask) all = LIST_HEAD_INITIALIZER(all);

static void ask_free(struct ask *ask)
{
	LIST_REMOVE(ask, of_request);
	LIST_REMOVE(ask, of_all);
	free(ask->key);
	free(ask);
}

static struct ask *ask_new(struct request *r, const char *key)
{
	struct ask *ask = calloc(1, sizeof(*ask));
	uint64_t random;

	if (ask == NULL || (ask->key = strdup(key)) == NULL) {
		free(ask);
		return NULL;
	}
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	snprintf(ask->id, sizeof(ask->id), "%016" PRIx64, random);
	ask->request = r;
	LIST_INSERT_HEAD(&r->asks, ask, of_request);
	LIST_INSERT_HEAD(&all, ask, of_all);
	return ask;
}

void asks_send(struct request *r, const struct call *call)
{
	const char *key;
	json_t *question;

	json_object_foreach (call->questions, key, question) {
		struct ask *ask = ask_new(r, key);

		if (ask == NULL)
			continue; /* the call's deadline ends the wait */
		json_t *message = json_pack("{s:s, s:s}", "jsonrpc", "2.0", "id", ask->id);

		json_object_update(message, question);
		stream_send(r->stream, message);
	}
}

void asks_forget(struct request *r)
{
	/* ask_free() takes it off the list, which the analyser does not see. */
	while (!LIST_EMPTY(&r->asks))
		ask_free(LIST_FIRST(&r->asks)); // NOLINT(clang-analyzer-unix.Malloc)
}

static struct ask *find(const struct request *answer)
{
	const char *id = json_string_value(answer->message.id);
	struct ask *ask;

	LIST_FOREACH (ask, &all, of_all) {
		const struct client_session *asked = &ask->request->session;

		if (id != NULL && strcmp(ask->id, id) == 0 &&
		    strcmp(asked->id, answer->session.id) == 0)
			return ask;
	}
	return NULL;
}

bool asks_answer(const struct request *r)
{
	struct ask *ask = find(r);
	json_t *result = json_object_get(r->message.root, "result");
	const char *why = json_string_value(
	    json_object_get(json_object_get(r->message.root, "error"), "message"));

	if (ask == NULL)
		return false;
	struct call *call = ask->request->call;
	char *key = ask->key;

	ask->key = NULL;
	ask_free(ask);
	if (json_is_object(result))
		call_answer(call, key, result);
	else
		call_abort(call, why != NULL ? why : "The client gave no answer.");
	free(key);
	return true;
}
