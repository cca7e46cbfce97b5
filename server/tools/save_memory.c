/*
 * save_memory: keeps one exchange for later.
 *
 *	describe -> clean -> insert -> receipt, and with wait_embedded: sleep -> look -> judge -> sleep ...
 *
 * The answer comes after the commit: what was acknowledged is stored.
 */
#include <string.h>

#include <event2/util.h>
#include <uuid/uuid.h>

#include "clock.h"
#include "embedding.h"
#include "operations.h"
#include "rows.h"
#include "server_limits.h"
#include "service.h"
#include "sessions.h"
#include "tools/memory_limits.h"
#include "tools/publish.h"
#include "tools/save_impl.h"
#include "tools/show.h"
#include "tools/tools.h"

enum { SHARED, PRIVATE };

static const char *const visibilities[] = {[SHARED] = "shared", [PRIVATE] = "private", NULL};

/* clang-format off */
const struct arg save_arguments[] = {
	{ .name = "user_input", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_MEMORY_TEXT_BYTES,
	  .at = offsetof(struct save_memory, user_input),
	  .help = "What the user said, or the fact to keep, word for word." },
	{ .name = "assistant_response", .kind = ARG_TEXT, .max = MAX_MEMORY_TEXT_BYTES, .fallback = "",
	  .at = offsetof(struct save_memory, assistant_response),
	  .help = "What was answered." },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct save_memory, session_id),
	  .help = "Made when new; the one you are in when left out." },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct save_memory, metadata),
	  .help = "Anything else worth keeping, as JSON." },
	{ .name = "tags", .kind = ARG_TEXTS, .max = MAX_TAGS, .each_max = MAX_TAG_BYTES,
	  .at = offsetof(struct save_memory, tags) },
	{ .name = "visibility", .kind = ARG_ENUM, .choices = visibilities, .fallback = "shared",
	  .at = offsetof(struct save_memory, visibility),
	  .help = "private: only you see it." },
	{ .name = "pinned", .kind = ARG_BOOLEAN, .at = offsetof(struct save_memory, pinned),
	  .help = "Always part of get_context." },
	{ .name = "event_time", .kind = ARG_TIME, .at = offsetof(struct save_memory, event_time),
	  .help = "When it happened, if not now." },
	{ .name = "valid_until", .kind = ARG_TIME, .at = offsetof(struct save_memory, valid_until),
	  .help = "Stale afterwards." },
	{ .name = "expires_at", .kind = ARG_TIME, .at = offsetof(struct save_memory, expires_at),
	  .help = "Deleted afterwards." },
	{ .name = "supersedes", .kind = ARG_UUID, .at = offsetof(struct save_memory, supersedes),
	  .help = "The memory that this one replaces." },
	{ .name = "agent_metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct save_memory, agent_metadata),
	  .help = "An agent's report: agent_name, task_id, execution_id, performance_metrics, "
	          "error_count, warning_count, quality_score." },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = EMBEDDING_DIMENSIONS,
	  .at = offsetof(struct save_memory, embedding),
	  .help = "Your own vector of the text." },
	{ .name = "idempotency_key", .kind = ARG_TEXT, .min = 1, .max = IDEMPOTENCY_KEY_BYTES,
	  .at = offsetof(struct save_memory, idempotency_key),
	  .help = "Saving again with the same key stores nothing twice." },
	{ .name = "force", .kind = ARG_BOOLEAN, .at = offsetof(struct save_memory, force),
	  .help = "Store it even when the same words are there already." },
	{ .name = "wait_embedded", .kind = ARG_BOOLEAN, .rare = true, .at = offsetof(struct save_memory, wait_embedded),
	  .help = "Answer when it has its vector, or after 10 seconds." },
	{ 0 },
};

/* The original's tool, under both of its names. */
static const struct arg alias_arguments[] = {
	{ .name = "user_prompt", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_MEMORY_TEXT_BYTES,
	  .at = offsetof(struct save_memory, user_input) },
	{ .name = "assistant_response", .kind = ARG_TEXT, .required = true, .max = MAX_MEMORY_TEXT_BYTES,
	  .at = offsetof(struct save_memory, assistant_response) },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct save_memory, metadata) },
	{ .name = "agent_metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct save_memory, agent_metadata) },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "session_id", .kind = ARG_TEXT },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "state", .kind = ARG_TEXT, .required = true,
	  .help = "stored, merged (the same words were there) or replayed (the same key)." },
	{ .name = "content_hash", .kind = ARG_TEXT, .required = true },
	{ .name = "embedding", .kind = ARG_TEXT, .required = true },
	{ .name = "redacted", .kind = ARG_OBJECT, .help = "Secrets that were taken out, by kind." },
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

void save_describe(const struct save_memory *save, struct memory_new *memory)
{
	*memory = (struct memory_new){
	    .forced = save->force,
	    .session_id = save->session_id.s,
	    .session_id_len = save->session_id.len,
	    .user_input = save->user_input.s,
	    .user_input_len = save->user_input.len,
	    .assistant_response = save->assistant_response.s,
	    .assistant_response_len = save->assistant_response.len,
	    .metadata = save->metadata.text,
	    .metadata_len = save->metadata.len,
	    .agent_metadata = save->agent_metadata.text,
	    .agent_metadata_len = save->agent_metadata.len,
	    .tags = save->tags.items,
	    .tag_count = save->tags.count,
	    .private = save->visibility == PRIVATE,
	    .pinned = save->pinned,
	    .event_us = save->event_time,
	    .valid_until_us = save->valid_until,
	    .expires_us = save->expires_at,
	    .supersedes = save->supersedes.set ? save->supersedes.bytes : NULL,
	    .embedding = save->embedding.items,
	};
}

const char *save_complaint(const struct save_memory *save)
{
	if (save->embedding.items == NULL || save->force ||
	    !vector_looks_random(save->embedding.items, EMBEDDING_DIMENSIONS))
		return NULL;
	return "embedding: its numbers look drawn at random, which no text has as its vector; "
	       "leave it "
	       "out, or send \"force\": true when it is real. Nothing was saved.";
}

/* --- wait_embedded: whoever embeds it, here or in another process ---------- */

static enum step_result look(struct call *call)
{
	memory_receipt_ask(&call->query, &call->who, ((const struct save_memory *)call)->saved);
	return call_query(call);
}

static enum step_result judge(struct call *call)
{
	const struct save_memory *save = (const struct save_memory *)call;
	const char *state = "none";
	struct memory_receipt receipt;

	if (memory_receipt_read(call->rows, &receipt))
		state = receipt.embed_state;
	json_object_set_new(call->result, "embedding", json_string(state));
	return strcmp(state, "pending") == 0 && clock_ms() < save->until_ms ? STEP_AGAIN
	                                                                    : STEP_NEXT;
}

static enum step_result begin_waiting(struct call *call, const struct memory_saved *saved)
{
	struct save_memory *save = (struct save_memory *)call;

	if (!save->wait_embedded || call->service->embedder == NULL ||
	    strcmp(saved->embed_state, "pending") != 0 ||
	    uuid_parse(saved->id, save->saved) != 0)
		return STEP_NEXT;
	save->until_ms = clock_ms() + EMBED_WAIT_MS;
	call->acknowledged = true;
	return STEP_AGAIN;
}

static enum step_result describe(struct call *call)
{
	struct save_memory *save = (struct save_memory *)call;

	if (save->until_ms > 0)
		return call_sleep(call, EMBED_POLL_MS);
	if (save_complaint(save) != NULL)
		return call_bad_argument(call, "%s", save_complaint(save));
	save_describe(save, &save->memory);
	choose_key(call);
	memory_id_for(
	    &call->who, call->idempotency_key, strlen(call->idempotency_key), save->memory.id);
	clean_fini(&save->clean);
	return STEP_NEXT;
}

/* What was taken out is counted before it is stored without. */
static enum step_result clean(struct call *call)
{
	struct save_memory *save = (struct save_memory *)call;
	enum clean_progress progress;

	if (save->until_ms > 0)
		return STEP_NEXT;
	progress = clean_prepare(&save->clean, call->who.namespace, &save->memory);

	if (progress == CLEAN_MORE)
		return call_yield(call);
	if (progress == CLEAN_FAILED)
		return call_fail(call, SAVE_NO_MEMORY);
	if (!clean_found_any(&save->clean) || save->tries > 0)
		return STEP_NEXT;
	clean_count_ask(call, &save->clean);
	return call_query(call);
}

static enum step_result insert(struct call *call)
{
	const struct save_memory *save = (const struct save_memory *)call;

	if (save->until_ms > 0)
		return look(call);
	if (!memory_save_ask(&call->query, &call->who, &save->memory))
		return call_fail(call, SAVE_NO_MEMORY);
	return call_query(call);
}

static void say(struct call *call, const struct memory_saved *saved)
{
	if (saved->state == SAVE_STORED)
		fprintf(call_text(call), "Saved as memory %s in session %s.", saved->id,
		    saved->session_id);
	else
		fprintf(call_text(call),
		    "Already there as memory %s in session %s (%s). Nothing new was stored.",
		    saved->id, saved->session_id,
		    saved->state == SAVE_MERGED ? "the same words" : "the same key");
}

static enum step_result receipt(struct call *call)
{
	struct save_memory *save = (struct save_memory *)call;
	struct memory_saved saved;

	if (save->until_ms > 0)
		return judge(call);
	memory_save_read(call->rows, &saved);
	if (saved.state == SAVE_AGAIN && ++save->tries < SAVE_MAX_TRIES)
		return STEP_AGAIN;
	if (saved.state == SAVE_AGAIN)
		return call_fail(
		    call, "Others keep storing the same words. Nothing was saved. Try again.");
	if (saved.state == SAVE_REUSED)
		return call_bad_argument(call,
		    "idempotency_key: '%s' was used before for other words; use a new key for "
		    "a "
		    "new memory. Nothing was saved.",
		    call->idempotency_key);
	if (memory_is_news(&saved))
		publish_memory(call, saved.id, saved.session_id);
	call->result = json_pack("{s:s, s:s*, s:o, s:s, s:s, s:s}", "id", saved.id,
	    "session_id", saved.session_id, "created_at", show_time(saved.created_us), "state",
	    save_state_name(saved.state), "content_hash", saved.content_hash, "embedding",
	    saved.embed_state);
	if (clean_found_any(&save->clean))
		json_object_set_new(call->result, "redacted", clean_show(&save->clean));
	say(call, &saved);
	return begin_waiting(call, &saved);
}

static void forget(struct call *call)
{
	clean_fini(&((struct save_memory *)call)->clean);
}

static const struct step steps[] = {
    STEP(describe), STEP(clean), STEP(insert), STEP(receipt), {0}};

const struct tool tool_save_memory = {
    .work = {.name = "save_memory",
        .arguments = save_arguments,
        .steps = steps,
        .size = sizeof(struct save_memory),
        .fini = forget},
    .title = "Save a memory",
    .description =
        "Keep something for later conversations: call it when the user states a fact, a "
        "decision or a preference, and at the end of a useful exchange.",
    .results = results,
};

#define FORMER_NAME(former)                                                                    \
	{                                                                                      \
		.work = {.name = #former,                                                      \
		    .arguments = alias_arguments,                                              \
		    .defaults = save_arguments,                                                \
		    .steps = steps,                                                            \
		    .size = sizeof(struct save_memory),                                        \
		    .fini = forget},                                                           \
		.title = "Save a conversation",                                                \
		.description = "save_memory by its former name.", .results = results,          \
	}

const struct tool tool_S = FORMER_NAME(S);
const struct tool tool_save_conversation = FORMER_NAME(save_conversation);
