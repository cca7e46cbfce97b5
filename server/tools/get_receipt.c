/*
 * get_receipt: what became of a write: of a memory by its id or idempotency key, or of an operation.
 *
 *	ask_memory -> ask_operation -> answer
 */
#include <string.h>

#include <uuid/uuid.h>

#include "memories.h"
#include "operations.h"
#include "rows.h"
#include "tools/show.h"
#include "tools/tools.h"

struct get_receipt {
	struct call call;
	struct arg_uuid id;
	struct arg_text idempotency_key;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "id", .kind = ARG_UUID, .at = offsetof(struct get_receipt, id),
	  .help = "Of a memory, an erasure or a roll-back." },
	{ .name = "idempotency_key", .kind = ARG_TEXT, .min = 1, .max = IDEMPOTENCY_KEY_BYTES,
	  .at = offsetof(struct get_receipt, idempotency_key), .help = "Of a save, instead of id." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "kind", .kind = ARG_TEXT, .required = true, .help = "memory, erase, roll_back, ..." },
	{ .name = "state", .kind = ARG_TEXT, .help = "memory: stored or deleted." },
	{ .name = "sequence", .kind = ARG_TEXT, .help = "memory: its place in list_changes." },
	{ .name = "content_hash", .kind = ARG_TEXT },
	{ .name = "version", .kind = ARG_INTEGER },
	{ .name = "merged", .kind = ARG_INTEGER },
	{ .name = "embedding", .kind = ARG_TEXT },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "counts", .kind = ARG_OBJECT },
	{ .name = "scope", .kind = ARG_OBJECT },
	{ .name = "reversible_until", .kind = ARG_TIME },
	{ .name = "reversed_at", .kind = ARG_TIME },
	{ 0 },
};
/* clang-format on */

static enum step_result ask_memory(struct call *call)
{
	struct get_receipt *get = (struct get_receipt *)call;

	if (get->id.set == (get->idempotency_key.s != NULL))
		return call_bad_argument(call, "id: give either id or idempotency_key");
	if (!get->id.set)
		memory_id_for(&call->who, get->idempotency_key.s, get->idempotency_key.len,
		    get->id.bytes);
	memory_receipt_ask(&call->query, &call->who, get->id.bytes);
	return call_query(call);
}

static json_t *show_receipt(const struct memory_receipt *receipt)
{
	char sequence[48];

	snprintf(sequence, sizeof(sequence), "%lld.%lld", (long long)receipt->xid,
	    (long long)receipt->seq);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:o}", "id", receipt->id,
	    "kind", "memory", "state", receipt->deleted ? "deleted" : "stored", "sequence",
	    sequence, "content_hash", receipt->content_hash, "version", receipt->version,
	    "merged", receipt->merged, "embedding", receipt->embed_state, "created_at",
	    show_time(receipt->created_us));
}

static enum step_result ask_operation(struct call *call)
{
	const struct get_receipt *get = (const struct get_receipt *)call;
	struct memory_receipt receipt;

	if (memory_receipt_read(call->rows, &receipt)) {
		call->result = show_receipt(&receipt);
		return STEP_NEXT;
	}
	operation_get_ask(&call->query, &call->who, get->id.bytes);
	return call_query(call);
}

static enum step_result answer(struct call *call)
{
	struct operation operation;
	char id[37];

	if (call->result != NULL)
		return STEP_NEXT;
	if (!operation_get_read(call->rows, &operation)) {
		uuid_unparse_lower(((struct get_receipt *)call)->id.bytes, id);
		return call_not_found(call, "id: there is no receipt for %s", id);
	}
	call->result = json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", operation.id, "kind",
	    operation.kind, "created_at", show_time(operation.created_us), "scope",
	    json_loads(operation.scope, 0, NULL), "counts",
	    json_loads(operation.counts, 0, NULL));
	show_set_time(call->result, "reversible_until", operation.reversible_until_us);
	show_set_time(call->result, "reversed_at", operation.reversed_us);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(ask_memory), STEP(ask_operation), STEP(answer), {0}};

const struct tool tool_get_receipt = {
    .work = {.name = "get_receipt",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct get_receipt),
        .reads_only = true},
    .title = "Get a receipt",
    .description = "What became of a write whose outcome you did not hear, or of an erasure or "
                   "roll-back.",
    .results = results,
};
