/*
 * update_memory: corrects a memory and keeps what it was.
 *
 *	take_given -> count_secrets -> read_now -> change -> write -> answer
 */
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "changes.h"
#include "compact.h"
#include "rows.h"
#include "sessions.h"
#include "tools/clean.h"
#include "tools/memory_limits.h"
#include "tools/publish.h"
#include "tools/show.h"
#include "tools/tools.h"

#define NO_MEMORY "The server is out of memory. Nothing was changed."
#define MAX_TRIES 4 /* while others update the same memory */

struct update_memory {
	struct call call;
	struct arg_uuid id;
	struct arg_text user_input, assistant_response, session_id;
	struct arg_json metadata;
	bool replace_metadata;
	struct arg_texts tags, clear;
	int visibility, pinned;
	int64_t event_time, valid_until, expires_at;
	int64_t expected_version, revert_to;
	int version, tries;
	char *merged;     /* metadata; owned */
	json_t *old_tags; /* owned */
	const char *tag_list[MAX_TAGS];
	struct memory_new memory; /* what was given, then what will be stored */
	struct clean clean;
};

enum { SHARED, PRIVATE };
enum { UNPINNED, PINNED };
enum { EVENT_TIME, VALID_UNTIL, EXPIRES_AT, CLEARABLE };

static const char *const visibilities[] = {[SHARED] = "shared", [PRIVATE] = "private", NULL};
static const char *const pins[] = {[UNPINNED] = "no", [PINNED] = "yes", NULL};
static const char *const clearable[CLEARABLE + 1] = {
    "event_time", "valid_until", "expires_at", NULL};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true, .at = offsetof(struct update_memory, id) },
	{ .name = "user_input", .kind = ARG_TEXT, .min = 1, .max = MAX_MEMORY_TEXT_BYTES,
	  .at = offsetof(struct update_memory, user_input) },
	{ .name = "assistant_response", .kind = ARG_TEXT, .max = MAX_MEMORY_TEXT_BYTES,
	  .at = offsetof(struct update_memory, assistant_response) },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct update_memory, session_id) },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES,
	  .at = offsetof(struct update_memory, metadata),
	  .help = "Merged into what is there; null takes a key away." },
	{ .name = "replace_metadata", .kind = ARG_BOOLEAN,
	  .at = offsetof(struct update_memory, replace_metadata) },
	{ .name = "tags", .kind = ARG_TEXTS, .max = MAX_TAGS, .each_max = MAX_TAG_BYTES,
	  .at = offsetof(struct update_memory, tags) },
	{ .name = "visibility", .kind = ARG_ENUM, .choices = visibilities,
	  .at = offsetof(struct update_memory, visibility) },
	{ .name = "pinned", .kind = ARG_ENUM, .choices = pins,
	  .at = offsetof(struct update_memory, pinned) },
	{ .name = "event_time", .kind = ARG_TIME, .at = offsetof(struct update_memory, event_time) },
	{ .name = "valid_until", .kind = ARG_TIME, .at = offsetof(struct update_memory, valid_until) },
	{ .name = "expires_at", .kind = ARG_TIME, .at = offsetof(struct update_memory, expires_at) },
	{ .name = "clear", .kind = ARG_TEXTS, .max = CLEARABLE, .each_max = 20, .choices = clearable,
	  .at = offsetof(struct update_memory, clear) },
	{ .name = "expected_version", .kind = ARG_INTEGER, .min = 1, .max = INT32_MAX, .fallback = NULL,
	  .at = offsetof(struct update_memory, expected_version),
	  .help = "Refuse when somebody was faster." },
	{ .name = "revert_to", .kind = ARG_INTEGER, .min = 1, .max = INT32_MAX,
	  .at = offsetof(struct update_memory, revert_to),
	  .help = "Start from this earlier version." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "version", .kind = ARG_INTEGER, .required = true },
	{ .name = "updated_at", .kind = ARG_TIME, .required = true },
	{ .name = "embedding", .kind = ARG_TEXT, .required = true },
	{ 0 },
};
/* clang-format on */

static enum step_result take_given(struct call *call)
{
	struct update_memory *u = (struct update_memory *)call;

	u->memory = (struct memory_new){
	    .user_input = u->user_input.s != NULL ? u->user_input.s : "",
	    .user_input_len = u->user_input.len,
	    .assistant_response =
	        u->assistant_response.s != NULL ? u->assistant_response.s : "",
	    .assistant_response_len = u->assistant_response.len,
	    .metadata = u->metadata.text,
	    .metadata_len = u->metadata.len,
	    .tags = u->tags.items,
	    .tag_count = u->tags.count,
	};
	return STEP_NEXT;
}

/* What was given is counted; what will be stored is cleaned once it is known. */
static enum step_result count_secrets(struct call *call)
{
	struct update_memory *u = (struct update_memory *)call;

	if (u->tries > 0)
		return STEP_NEXT;
	switch (clean_some(&u->clean, &u->memory)) {
	case CLEAN_MORE:
		return call_yield(call);
	case CLEAN_FAILED:
		return call_fail(call, NO_MEMORY);
	case CLEAN_DONE:
		break;
	}
	if (!clean_found_any(&u->clean))
		return STEP_NEXT;
	clean_count_ask(call, &u->clean);
	return call_query(call);
}

static enum step_result read_now(struct call *call)
{
	const struct update_memory *u = (struct update_memory *)call;

	memory_edit_ask(&call->query, &call->who, u->id.bytes, (int32_t)u->revert_to);
	return call_query(call);
}

static int64_t pick_time(const struct update_memory *u, int which, int64_t given, int64_t old)
{
	for (size_t i = 0; i < u->clear.count; i++) {
		if (strcmp(u->clear.items[i], clearable[which]) == 0)
			return ROWS_NO_TIME;
	}
	return given != ROWS_NO_TIME ? given : old;
}

/* RFC 7396 at the top: keys are replaced, and those with null go. */
static bool merge_metadata(struct call *call, const char *old)
{
	struct update_memory *u = (struct update_memory *)call;
	json_t *base = old != NULL && !u->replace_metadata ? json_loads(old, 0, NULL) : NULL;
	json_t *patch = u->metadata.text != NULL ? json_loads(u->metadata.text, 0, NULL) : NULL;
	size_t len;
	const char *key;
	json_t *value;
	void *next;

	if (base == NULL)
		base = u->metadata.text != NULL || old == NULL ? json_object()
		                                               : json_loads(old, 0, NULL);
	json_object_update(base, patch);
	json_object_foreach_safe(base, next, key, value)
	{
		if (json_is_null(value))
			json_object_del(base, key);
	}
	free(u->merged);
	u->merged = compact_json(base, &len);
	json_decref(base);
	json_decref(patch);
	return u->merged != NULL && len <= MAX_METADATA_BYTES;
}

static void take_tags(struct update_memory *u, const char *old, struct memory_new *memory)
{
	size_t count;

	memory->tags = u->tags.items;
	memory->tag_count = u->tags.count;
	if (u->tags.items != NULL)
		return;
	json_decref(u->old_tags);
	u->old_tags = old != NULL ? json_loads(old, 0, NULL) : json_array();
	count = json_array_size(u->old_tags);
	for (size_t i = 0; i < count && i < MAX_TAGS; i++)
		u->tag_list[i] = json_string_value(json_array_get(u->old_tags, i));
	memory->tags = u->tag_list;
	memory->tag_count = count < MAX_TAGS ? count : MAX_TAGS;
}

static const char *pick(const struct arg_text *given, const char *old, size_t *len)
{
	const char *text = given->s != NULL ? given->s : old;

	*len = text != NULL ? strlen(text) : 0;
	return text;
}

static void describe(
    struct update_memory *u, const struct memory_edit *edit, struct memory_new *memory)
{
	*memory = (struct memory_new){.forced = false};
	memory->session_id = pick(&u->session_id, edit->session_id, &memory->session_id_len);
	if (memory->session_id == NULL)
		memory->session_id = "default", memory->session_id_len = strlen("default");
	memory->user_input = pick(&u->user_input, edit->user_input, &memory->user_input_len);
	memory->assistant_response = pick(
	    &u->assistant_response, edit->assistant_response, &memory->assistant_response_len);
	memory->metadata = u->merged;
	memory->metadata_len = strlen(u->merged);
	memory->agent_metadata = edit->agent_metadata;
	memory->agent_metadata_len =
	    edit->agent_metadata != NULL ? strlen(edit->agent_metadata) : 0;
	memory->private = u->visibility >= 0 ? u->visibility == PRIVATE : edit->private;
	memory->pinned = u->pinned >= 0 ? u->pinned == PINNED : edit->pinned;
	memory->event_us = pick_time(u, EVENT_TIME, u->event_time, edit->event_us);
	memory->valid_until_us =
	    pick_time(u, VALID_UNTIL, u->valid_until, edit->valid_until_us);
	memory->expires_us = pick_time(u, EXPIRES_AT, u->expires_at, edit->expires_us);
	take_tags(u, edit->tags, memory);
}

static enum step_result no_such_memory(struct call *call)
{
	char id[37];

	uuid_unparse_lower(((struct update_memory *)call)->id.bytes, id);
	return call_not_found(
	    call, "id: there is no memory %s; search_memories gives the ids there are", id);
}

static enum step_result change(struct call *call)
{
	struct update_memory *u = (struct update_memory *)call;
	struct memory_edit edit;

	if (!memory_edit_read(call->rows, &edit))
		return no_such_memory(call);
	if (!edit.version_found)
		return call_bad_argument(call,
		    "revert_to: there is no version %lld; get_memory with versions lists them",
		    (long long)u->revert_to);
	if (u->expected_version != 0 && u->expected_version != edit.version)
		return call_fail(call,
		    "The memory is in version %d, not %lld: somebody changed it. Nothing was "
		    "changed. Read it again.",
		    edit.version, (long long)u->expected_version);
	if (!merge_metadata(call, edit.metadata))
		return call_bad_argument(
		    call, "metadata: is more than %d bytes once merged", MAX_METADATA_BYTES);
	u->version = edit.version;
	describe(u, &edit, &u->memory);
	clean_fini(&u->clean);
	return STEP_NEXT;
}

static enum step_result write(struct call *call)
{
	struct update_memory *u = (struct update_memory *)call;

	switch (clean_prepare(&u->clean, call->who.namespace,
	    &u->memory)) { /* the rows stay until the next query */
	case CLEAN_MORE:
		return call_yield(call);
	case CLEAN_FAILED:
		return call_fail(call, NO_MEMORY);
	case CLEAN_DONE:
		break;
	}
	if (!memory_update_ask(&call->query, &call->who, u->id.bytes, u->version, &u->memory))
		return call_fail(call, NO_MEMORY);
	return call_query(call);
}

static enum step_result answer(struct call *call)
{
	struct update_memory *u = (struct update_memory *)call;
	struct memory_updated updated;

	if (!memory_update_read(call->rows, &updated)) {
		if (u->expected_version == 0 && ++u->tries < MAX_TRIES)
			return STEP_AGAIN;
		return call_fail(call, "Somebody changed this memory at the same time. Nothing "
		                       "was changed. Read it "
		                       "again.");
	}
	publish_memory(call, updated.id, updated.session_id);
	call->result =
	    json_pack("{s:s, s:i, s:o, s:s}", "id", updated.id, "version", updated.version,
	        "updated_at", show_time(updated.updated_us), "embedding", updated.embed_state);
	fprintf(call_text(call),
	    "Updated memory %s, now in version %d. revert_to %d undoes it.", updated.id,
	    updated.version, u->version);
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	struct update_memory *u = (struct update_memory *)call;

	free(u->merged);
	json_decref(u->old_tags);
	clean_fini(&u->clean);
}

static const struct step steps[] = {STEP(take_given), STEP(count_secrets), STEP(read_now),
    STEP(change), STEP(write), STEP(answer), {0}};

const struct tool tool_update_memory = {
    .work = {.name = "update_memory",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct update_memory),
        .fini = forget},
    .title = "Update a memory",
    .description = "Correct or complete a memory; only what you give changes, and what it was "
                   "is kept as a version.",
    .results = results,
};
