/*
 * save_memories: keeps many memories in one call, each with its own outcome.
 *
 *	take_next -> clean -> insert -> note -> again, until all are done
 */
#include <stdlib.h>
#include <string.h>

#include <event2/util.h>
#include <uuid/uuid.h>

#include "rows.h"
#include "tools/memory_limits.h"
#include "tools/publish.h"
#include "tools/save_impl.h"
#include "tools/tools.h"

struct save_memories {
	struct call call;
	struct arg_list memories;
	size_t at; /* the item being stored */
	bool loaded, finished;
	struct save_memory item; /* its arguments; its call is not used */
	json_t *outcomes;        /* owned */
	int saved, known, failed;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "memories", .kind = ARG_LIST, .required = true, .min = 1, .max = MAX_BATCH_ITEMS,
	  .items = save_arguments, .at = offsetof(struct save_memories, memories),
	  .help = "Each as save_memory takes it." },
	{ 0 },
};

static const struct arg outcome_results[] = {
	{ .name = "index", .kind = ARG_INTEGER, .required = true },
	{ .name = "id", .kind = ARG_UUID },
	{ .name = "state", .kind = ARG_TEXT, .help = "stored, merged or replayed." },
	{ .name = "error", .kind = ARG_TEXT, .help = "Why this one was not stored." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "saved", .kind = ARG_INTEGER, .required = true },
	{ .name = "already_there", .kind = ARG_INTEGER, .required = true },
	{ .name = "failed", .kind = ARG_INTEGER, .required = true },
	{ .name = "outcomes", .kind = ARG_RECORDS, .required = true, .items = outcome_results },
	{ 0 },
};
/* clang-format on */

static void drop_item(struct save_memories *s)
{
	if (s->loaded)
		args_fini(save_arguments, &s->item);
	clean_fini(&s->item.clean);
	memset(&s->item, 0, sizeof(s->item));
	s->loaded = false;
}

/* On to the next item. */
static void conclude(struct save_memories *s, json_t *outcome)
{
	json_object_set_new(outcome, "index", json_integer((json_int_t)s->at));
	json_array_append_new(s->outcomes, outcome);
	s->at++;
	drop_item(s);
	snprintf(s->call.done_so_far, sizeof(s->call.done_so_far),
	    "The items before memories[%zu] are done. The others: ", s->at);
}

static void conclude_failed(struct save_memories *s, const char *why)
{
	s->failed++;
	conclude(s, json_pack("{s:s}", "error", why));
}

/* False: the item cannot be stored, and its outcome says why. */
static bool prepare(struct save_memories *s)
{
	struct save_memory *item = &s->item;
	char text[512], random[37];
	const char *key = random;
	uuid_t bytes;

	s->loaded = true;
	if (!args_load(save_arguments, json_array_get(s->memories.items, s->at), item, text,
	        sizeof(text))) {
		conclude_failed(s, text);
		return false;
	}
	if (item->idempotency_key.s != NULL) {
		key = item->idempotency_key.s;
	} else {
		evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
		uuid_unparse_lower(bytes, random);
	}
	if (save_complaint(item) != NULL) {
		conclude_failed(s, save_complaint(item));
		return false;
	}
	save_describe(item, &item->memory);
	memory_id_for(&s->call.who, key, strlen(key), item->memory.id);
	return true;
}

static enum step_result take_next(struct call *call)
{
	struct save_memories *s = (struct save_memories *)call;

	if (s->outcomes == NULL)
		s->outcomes = json_array();
	while (s->at < s->memories.count && !s->loaded)
		prepare(s);
	s->finished = s->at == s->memories.count;
	return STEP_NEXT;
}

static enum step_result clean(struct call *call)
{
	struct save_memories *s = (struct save_memories *)call;

	if (s->finished)
		return STEP_NEXT;
	switch (clean_prepare(&s->item.clean, call->who.namespace, &s->item.memory)) {
	case CLEAN_MORE:
		return call_yield(call);
	case CLEAN_FAILED:
		conclude_failed(s, SAVE_NO_MEMORY);
		return STEP_AGAIN;
	case CLEAN_DONE:
		break;
	}
	if (s->item.tries > 0 || !clean_found_any(&s->item.clean))
		return STEP_NEXT;
	clean_count_ask(call, &s->item.clean);
	return call_query(call);
}

static enum step_result insert(struct call *call)
{
	struct save_memories *s = (struct save_memories *)call;

	if (s->finished)
		return STEP_NEXT;
	if (!memory_save_ask(&call->query, &call->who, &s->item.memory))
		return call_fail(call, SAVE_NO_MEMORY);
	return call_query(call);
}

static void note_outcome(struct save_memories *s)
{
	struct memory_saved saved;

	memory_save_read(s->call.rows, &saved);
	if (saved.state == SAVE_AGAIN && ++s->item.tries < SAVE_MAX_TRIES)
		return; /* the same item once more */
	if (saved.state == SAVE_AGAIN) {
		conclude_failed(s, "others keep storing the same words; try again");
		return;
	}
	if (saved.state == SAVE_REUSED) {
		conclude_failed(s, "idempotency_key: was used before for other words");
		return;
	}
	s->saved += saved.state == SAVE_STORED;
	s->known += saved.state != SAVE_STORED;
	if (memory_is_news(&saved))
		publish_memory(&s->call, saved.id, saved.session_id);
	conclude(
	    s, json_pack("{s:s, s:s}", "id", saved.id, "state", save_state_name(saved.state)));
}

static enum step_result note(struct call *call)
{
	struct save_memories *s = (struct save_memories *)call;

	if (!s->finished) {
		note_outcome(s);
		return STEP_AGAIN;
	}
	call->result = json_pack("{s:i, s:i, s:i, s:O}", "saved", s->saved, "already_there",
	    s->known, "failed", s->failed, "outcomes", s->outcomes);
	fprintf(call_text(call), "%d saved, %d were there already, %d failed%s", s->saved,
	    s->known, s->failed, s->failed > 0 ? ":" : ".");
	for (size_t i = 0; s->failed > 0 && i < json_array_size(s->outcomes); i++) {
		const json_t *outcome = json_array_get(s->outcomes, i);
		const char *error = json_string_value(json_object_get(outcome, "error"));

		if (error != NULL)
			fprintf(call_text(call), "\nmemories[%zu]: %s", i, error);
	}
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	struct save_memories *s = (struct save_memories *)call;

	drop_item(s);
	json_decref(s->outcomes);
}

static const struct step steps[] = {
    STEP(take_next), STEP(clean), STEP(insert), STEP(note), {0}};

const struct tool tool_save_memories = {
    .work = {.name = "save_memories",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct save_memories),
        .fini = forget},
    .title = "Save many memories",
    .description = "save_memory for up to 1,000 at once; each has its own outcome.",
    .results = results,
};
