/*
 * mem0: what mem0's get_all(), its REST API and its exports give.
 *
 * {"id", "memory", "hash", "metadata", "created_at", "updated_at", "user_id", "agent_id",
 * "run_id", "app_id", "categories", ...}: the memory becomes user_input, the agent the agent
 * and the run the session; all else stays below metadata.mem0.
 */
#include <stdio.h>
#include <string.h>

#include "ingest/reader_impl.h"

#define KEY_BYTES 160

struct mem0 {
	size_t line;
	bool ready;
	json_t *metadata; /* owned */
	char key[KEY_BYTES];
};

/* Members that have a place in an item; the others are kept as they are. */
static const char *const placed[] = {
    "id", "memory", "metadata", "created_at", "updated_at", "agent_id", "run_id"};

static bool is_placed(const char *name)
{
	for (size_t i = 0; i < sizeof(placed) / sizeof(*placed); i++) {
		if (strcmp(placed[i], name) == 0)
			return true;
	}
	return false;
}

/* mem0's own metadata, and below "mem0" what else it says. */
static json_t *metadata_of(const json_t *object)
{
	json_t *own = json_object_get(object, "metadata"), *rest = json_object(), *value;
	json_t *metadata = json_is_object(own) ? json_copy(own) : json_object();
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
		if (!is_placed(name) && !json_is_null(value))
			json_object_set(rest, name, value);
	}
	if (json_object_size(rest) > 0)
		json_object_set(metadata, "mem0", rest);
	json_decref(rest);
	return metadata;
}

static void take(struct reader *reader, const struct piece *piece)
{
	struct mem0 *mem0 = reader->state;

	mem0->line = piece->line;
	mem0->ready = true;
}

static bool next(struct reader *reader, struct item *item)
{
	struct mem0 *mem0 = reader->state;
	struct arg_text id = reader_text(reader->json, "id");

	if (!mem0->ready)
		return false;
	mem0->ready = false;
	item->line = mem0->line;
	item->user_input = reader_text(reader->json, "memory");
	if (item->user_input.len == 0) {
		reader_tell(reader, item->line, "no text in \"memory\"");
		return false;
	}
	json_decref(mem0->metadata);
	item->metadata = mem0->metadata = metadata_of(reader->json);
	item->agent = reader_text(reader->json, "agent_id");
	item->session_id = reader_text(reader->json, "run_id");
	item->created_us = reader_time(reader, "created_at", item->line);
	item->updated_us = reader_time(reader, "updated_at", item->line);
	if (id.s != NULL) {
		snprintf(mem0->key, sizeof(mem0->key), "mem0:%.*s", (int)(KEY_BYTES - 6), id.s);
		item->idempotency_key = text_of(mem0->key);
	}
	return true;
}

static void fini(struct reader *reader)
{
	struct mem0 *mem0 = reader->state;

	json_decref(mem0->metadata);
}

const struct format format_mem0 = {.name = "mem0",
    .json = true,
    .guarded = true,
    .state_size = sizeof(struct mem0),
    .take = take,
    .next = next,
    .fini = fini};
