/*
 * get_memory: memories by their ids, whole.
 *
 *	find -> show -> find_versions -> finish
 */
#include <string.h>

#include <uuid/uuid.h>

#include "pages.h"
#include "rows.h"
#include "tools/listing.h"
#include "tools/memory_limits.h"
#include "tools/show_memory.h"
#include "tools/show_versions.h"
#include "tools/tools.h"

#define MAX_NEIGHBOURS 10
#define MAX_VERSIONS   20 /* of each memory, the latest */

struct get_memory {
	struct call call;
	struct arg_uuid id;
	struct arg_uuids ids;
	bool versions;
	int64_t neighbours;
	json_t
	    *found; /* array, borrowed from the result: one object for each memory there is */
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "id", .kind = ARG_UUID, .at = offsetof(struct get_memory, id),
	  .help = "As search_memories or save_memory gave it." },
	{ .name = "ids", .kind = ARG_UUIDS, .min = 1, .max = MAX_PAGE_ITEMS,
	  .at = offsetof(struct get_memory, ids), .help = "Several, instead of id." },
	{ .name = "neighbours", .kind = ARG_INTEGER, .max = MAX_NEIGHBOURS, .fallback = "0",
	  .at = offsetof(struct get_memory, neighbours),
	  .help = "Also so many before and after it in its session." },
	{ .name = "versions", .kind = ARG_BOOLEAN, .at = offsetof(struct get_memory, versions),
	  .help = "Also what update_memory replaced." },
	{ 0 },
};

static const struct arg memory_results[] = { { 0 } };

static const struct arg results[] = {
	{ .name = "id", .kind = ARG_UUID },
	{ .name = "user_input", .kind = ARG_TEXT },
	{ .name = "assistant_response", .kind = ARG_TEXT },
	{ .name = "metadata", .kind = ARG_OBJECT },
	{ .name = "memories", .kind = ARG_RECORDS, .items = memory_results,
	  .help = "With ids." },
	{ .name = "not_found", .kind = ARG_TEXTS },
	{ 0 },
};
/* clang-format on */

/* The ids, however they were given. */
static const unsigned char (*asked(const struct get_memory *get, size_t *count))[16]
{
	*count = get->id.set ? 1 : get->ids.count;
	return get->id.set ? &get->id.bytes : (const unsigned char(*)[16])get->ids.items;
}

static enum step_result find(struct call *call)
{
	static const struct memory_detail whole = {
	    .characters = INT32_MAX, .whole = true, .bytes = MAX_RESPONSE_BYTES};
	const struct get_memory *get = (struct get_memory *)call;
	size_t count;
	const unsigned char(*ids)[16] = asked(get, &count);

	if (get->id.set && get->ids.items != NULL)
		return call_bad_argument(call, "ids: leave out id when ids is given");
	if (count == 0)
		return call_bad_argument(call, "id: is required, or ids for several");
	memory_get_ask(&call->query, &call->who, &whole, ids, count, (int32_t)get->neighbours);
	return call_query(call);
}

/* The memories of the rows with their neighbours; how many came without their texts, or -1: out of memory. */
static int collect(const struct call *call, json_t *found)
{
	json_t *group = NULL;
	struct memory memory;
	char beside[37] = "";
	int bare = 0;

	for (int row = 0; row < rows_count(call->rows); row++) {
		memory_read(call->rows, row, &memory);
		bare += memory.user_input == NULL;
		if (strcmp(beside, memory.beside) != 0) {
			group = json_object();
			if (json_array_append_new(found, group) != 0)
				return -1;
			memcpy(beside, memory.beside, sizeof(beside));
		}
		json_t *json = show_memory(&memory);

		if (json == NULL)
			return -1;
		if (memory.place == 0) {
			if (json_object_update_new(group, json) != 0)
				return -1;
			continue;
		}
		if (json_object_get(group, "neighbours") == NULL)
			json_object_set_new(group, "neighbours", json_array());
		json_object_set_new(json, "place", json_integer(memory.place));
		json_array_append_new(json_object_get(group, "neighbours"), json);
	}
	return bare;
}

static json_t *find_by_id(const json_t *found, const char *id)
{
	json_t *memory;
	size_t i;

	json_array_foreach ((json_t *)(uintptr_t)found, i, memory) {
		if (strcmp(json_string_value(json_object_get(memory, "id")), id) == 0)
			return memory;
	}
	return NULL;
}

/* The same words whether there is none, it is somebody else's, or it was deleted. */
static json_t *list_missing(const struct get_memory *get)
{
	json_t *missing = json_array();
	char id[37];
	size_t count;
	const unsigned char(*ids)[16] = asked(get, &count);

	for (size_t i = 0; i < count; i++) {
		uuid_unparse_lower(ids[i], id);
		if (find_by_id(get->found, id) == NULL)
			json_array_append_new(missing, json_string(id));
	}
	return missing;
}

static void write_text(struct call *call, const json_t *missing, int bare)
{
	FILE *out = call_text(call);
	struct memory memory;
	const json_t *id;
	char lead[32];
	size_t i;

	fputs(DATA_NOT_INSTRUCTIONS, out);
	if (bare > 0)
		fprintf(out,
		    " %d without their words, which do not fit: get_memory with one id each.",
		    bare);
	json_array_foreach ((json_t *)(uintptr_t)missing, i, id) {
		fprintf(out, " There is no memory %s.", json_string_value(id));
	}
	fputc('\n', out);
	for (int row = 0; row < rows_count(call->rows); row++) {
		memory_read(call->rows, row, &memory);
		snprintf(
		    lead, sizeof(lead), memory.place == 0 ? "\n" : "\n(%+d) ", memory.place);
		show_memory_text(out, lead, &memory);
	}
}

static enum step_result show(struct call *call)
{
	struct get_memory *get = (struct get_memory *)call;
	json_t *missing;

	get->found = json_array();
	call->result = json_pack("{s:o}", "memories", get->found);
	int bare = collect(call, get->found);

	if (bare < 0)
		return call_fail(
		    call, "The server is out of memory for the answer; try again.");
	missing = list_missing(get);
	json_object_set_new(call->result, "not_found", missing);
	if (json_array_size(get->found) == 0)
		return call_not_found(call,
		    "%s: there is no memory %s; search_memories gives the ids there are",
		    get->id.set ? "id" : "ids", json_string_value(json_array_get(missing, 0)));
	write_text(call, missing, bare);
	return STEP_NEXT;
}

static enum step_result find_versions(struct call *call)
{
	const struct get_memory *get = (struct get_memory *)call;
	size_t count;
	const unsigned char(*ids)[16] = asked(get, &count);

	if (!get->versions)
		return STEP_NEXT;
	memory_versions_ask(
	    &call->query, &call->who, ids, count, MAX_VERSIONS, MAX_RESPONSE_BYTES);
	return call_query(call);
}

static void add_versions(struct call *call)
{
	const struct get_memory *get = (struct get_memory *)call;
	struct memory_version version;
	json_t *memory;
	size_t i;

	json_array_foreach (get->found, i, memory) {
		json_object_set_new(memory, "versions", json_array());
	}
	for (int row = 0; row < rows_count(call->rows); row++) {
		memory_version_read(call->rows, row, &version);
		memory = find_by_id(get->found, version.id);
		if (memory == NULL) /* it was not there a moment ago */
			continue;
		json_array_append_new(
		    json_object_get(memory, "versions"), show_version(&version));
		show_version_text(call_text(call), &version);
	}
}

static enum step_result finish(struct call *call)
{
	const struct get_memory *get = (struct get_memory *)call;

	if (get->versions)
		add_versions(call);
	if (get->id.set) { /* then it is the answer itself */
		json_t *only = json_incref(json_array_get(get->found, 0));

		json_decref(call->result);
		call->result = only;
	}
	return STEP_NEXT;
}

static const struct step steps[] = {
    STEP(find), STEP(show), STEP(find_versions), STEP(finish), {0}};

const struct tool tool_get_memory = {
    .work = {.name = "get_memory",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct get_memory),
        .reads_only = true},
    .title = "Get memories",
    .description = "Read memories whole, when a search hit was cut, or what was said around it "
                   "is needed.",
    .results = results,
};
