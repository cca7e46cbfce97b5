/*
 * delete_memory: hides memories, and shows them again.
 *
 *	change -> answer
 */
#include <string.h>

#include <uuid/uuid.h>

#include "changes.h"
#include "rows.h"
#include "tools/memory_limits.h"
#include "tools/publish.h"
#include "tools/tools.h"

struct delete_memory {
	struct call call;
	struct arg_uuids ids;
	bool undo;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "ids", .kind = ARG_UUIDS, .required = true, .min = 1, .max = MAX_PAGE_ITEMS,
	  .at = offsetof(struct delete_memory, ids) },
	{ .name = "undo", .kind = ARG_BOOLEAN, .at = offsetof(struct delete_memory, undo),
	  .help = "Bring deleted ones back." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "changed", .kind = ARG_TEXTS, .required = true },
	{ .name = "not_found", .kind = ARG_TEXTS },
	{ 0 },
};
/* clang-format on */

static enum step_result change(struct call *call)
{
	const struct delete_memory *d = (const struct delete_memory *)call;

	memory_delete_ask(&call->query, &call->who, (const unsigned char(*)[16])d->ids.items,
	    d->ids.count, d->undo);
	return call_query(call);
}

/* Those without a row, in the order in which they were asked for. */
static json_t *list_missing(const struct call *call)
{
	const struct delete_memory *d = (const struct delete_memory *)call;
	json_t *missing = json_array();
	struct memory_deleted deleted;
	char id[37];

	for (size_t i = 0; i < d->ids.count; i++) {
		bool found = false;

		for (int row = 0; row < rows_count(call->rows) && !found; row++) {
			memory_delete_read(call->rows, row, &deleted);
			found =
			    memcmp(deleted.bytes, d->ids.items[i], sizeof(deleted.bytes)) == 0;
		}
		uuid_unparse_lower(d->ids.items[i], id);
		if (!found)
			json_array_append_new(missing, json_string(id));
	}
	return missing;
}

static enum step_result answer(struct call *call)
{
	const struct delete_memory *d = (const struct delete_memory *)call;
	json_t *changed = json_array(), *missing = list_missing(call);
	size_t absent = json_array_size(missing);
	char id[37];

	if (absent == d->ids.count) {
		json_decref(changed);
		json_decref(missing);
		uuid_unparse_lower(d->ids.items[0], id);
		return call_not_found(call, "ids: there is no memory %s%s; nothing was changed",
		    id, absent > 1 ? ", nor any of the others" : "");
	}
	for (int row = 0; row < rows_count(call->rows); row++) {
		struct memory_deleted deleted;

		memory_delete_read(call->rows, row, &deleted);
		if (deleted.unchanged)
			continue;
		json_array_append_new(changed, json_string(deleted.id));
		publish_memory(call, deleted.id, deleted.session_id);
	}
	fprintf(call_text(call), "%s %zu of %zu.%s", d->undo ? "Brought back" : "Deleted",
	    json_array_size(changed), d->ids.count,
	    d->undo ? "" : " delete_memory with undo brings them back.");
	call->result = json_pack("{s:o}", "changed", changed);
	if (absent > 0)
		json_object_set(call->result, "not_found", missing);
	json_decref(missing);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(change), STEP(answer), {0}};

const struct tool tool_delete_memory = {
    .work = {.name = "delete_memory",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct delete_memory)},
    .title = "Delete memories",
    .description = "Remove what is wrong or no longer wanted; it can be undone.",
    .results = results,
    .destroys = true,
    .repeatable = true,
};
