/*
 * save_memory: keeps one exchange for later.
 *
 *	insert -> receipt
 *
 * The answer comes after the commit: what was acknowledged is stored.
 */
#include <string.h>

#include <event2/util.h>
#include <uuid/uuid.h>

#include "events.h"
#include "memories.h"
#include "rows.h"
#include "service.h"
#include "sessions.h"
#include "tools/show.h"
#include "tools/tools.h"

#define MAX_TEXT_BYTES     (1024 * 1024)
#define MAX_METADATA_BYTES (100 * 1024)

struct save_memory {
	struct call call;
	struct arg_text user_input;
	struct arg_text assistant_response;
	struct arg_text session_id;
	struct arg_json metadata;
	struct arg_vector embedding;
	struct arg_text idempotency_key;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "user_input", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_TEXT_BYTES,
	  .at = offsetof(struct save_memory, user_input),
	  .help = "What the user said, or the fact to keep, word for word." },
	{ .name = "assistant_response", .kind = ARG_TEXT, .max = MAX_TEXT_BYTES, .fallback = "",
	  .at = offsetof(struct save_memory, assistant_response),
	  .help = "What was answered." },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .fallback = "default", .at = offsetof(struct save_memory, session_id),
	  .help = "Session it belongs to; made when new." },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct save_memory, metadata),
	  .help = "Anything else worth keeping, as JSON." },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = EMBEDDING_DIMENSIONS,
	  .at = offsetof(struct save_memory, embedding),
	  .help = "Vector of the text, when you compute your own." },
	{ .name = "idempotency_key", .kind = ARG_TEXT, .min = 1, .max = IDEMPOTENCY_KEY_BYTES,
	  .at = offsetof(struct save_memory, idempotency_key),
	  .help = "Saving again with the same key stores nothing twice." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "session_id", .kind = ARG_TEXT, .required = true },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ 0 },
};
/* clang-format on */

/* Without a key of the client's it gets one, so that an unknown outcome can be cleared up. */
static void choose_key(struct call *call)
{
	const struct save_memory *save = (const struct save_memory *)call;
	uuid_t key;

	if (save->idempotency_key.s != NULL) {
		snprintf(call->idempotency_key, sizeof(call->idempotency_key), "%s",
		    save->idempotency_key.s);
		return;
	}
	evutil_secure_rng_get_bytes(key, sizeof(key));
	uuid_unparse_lower(key, call->idempotency_key);
}

static enum step_result insert(struct call *call)
{
	struct save_memory *save = (struct save_memory *)call;
	struct memory_new memory = {
	    .session_id = save->session_id.s,
	    .session_id_len = save->session_id.len,
	    .user_input = save->user_input.s,
	    .user_input_len = save->user_input.len,
	    .assistant_response = save->assistant_response.s,
	    .assistant_response_len = save->assistant_response.len,
	    .metadata = save->metadata.text,
	    .metadata_len = save->metadata.len,
	    .embedding = save->embedding.items,
	};

	choose_key(call);
	memory_id_for(
	    &call->who, call->idempotency_key, strlen(call->idempotency_key), memory.id);
	if (!memory_save_ask(&call->query, &call->who, &memory))
		return call_fail(
		    call, "The server is out of memory. Nothing was saved. Try again later.");
	return call_query(call);
}

static void publish(struct call *call, const char *id)
{
	const struct save_memory *save = (struct save_memory *)call;
	struct server_event event = {.kind = MEMORY_CHANGED};

	snprintf(event.namespace, sizeof(event.namespace), "%s", call->who.namespace);
	snprintf(event.memory_id, sizeof(event.memory_id), "%s", id);
	snprintf(event.session_id, sizeof(event.session_id), "%s", save->session_id.s);
	events_publish(call->service->events, &event);
}

static enum step_result receipt(struct call *call)
{
	const struct save_memory *save = (struct save_memory *)call;
	struct memory_saved saved;

	if (!memory_save_read(call->rows, &saved))
		return call_bad_argument(call,
		    "idempotency_key: '%s' was used before for other words; use a new key for "
		    "a "
		    "new memory. Nothing was saved.",
		    call->idempotency_key);
	publish(call, saved.id);
	call->result =
	    json_pack("{s:s, s:s#, s:o}", "id", saved.id, "session_id", save->session_id.s,
	        save->session_id.len, "created_at", show_time(saved.created_us));
	fprintf(
	    call_text(call), "Saved as memory %s in session %s.", saved.id, save->session_id.s);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(insert), STEP(receipt), {0}};

const struct tool tool_save_memory = {
    .work = {.name = "save_memory",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct save_memory)},
    .title = "Save a memory",
    .description =
        "Keep something for later conversations: call it when the user states a fact, a "
        "decision or a preference, and at the end of a useful exchange. Stored word for "
        "word, found again by search_memories at once.",
    .results = results,
};
