/*
 * erase_memories: takes memories away for good, looks whether anything is left, and says so.
 *
 *	erase -> scan -> answer
 */
#include <stdlib.h>

#include <uuid/uuid.h>

#include "rows.h"
#include "tools/scope.h"
#include "tools/tools.h"

struct erase_memories {
	struct call call;
	struct scope_arguments scope;
	bool dry_run;
	uuid_t id;
	int64_t memories;
	json_t *counts; /* owned */
};

#define AT(field) SCOPE_AT(struct erase_memories, scope, field)

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "ids", .kind = ARG_UUIDS, .min = 1, .max = MAX_BATCH_ITEMS, .at = AT(ids) },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES, .at = AT(session_id) },
	SCOPE_AGENT(struct erase_memories, scope, "Everything of this agent; its notes and tasks, too."),
	{ .name = "words", .kind = ARG_TEXT, .min = 1, .max = MAX_SCOPE_WORDS_BYTES, .at = AT(words),
	  .help = "A subject: all of these words occur." },
	{ .name = "metadata", .kind = ARG_OBJECT, .max = MAX_METADATA_BYTES, .at = AT(metadata),
	  .help = "Metadata contains this." },
	SCOPE_TIMES(struct erase_memories, scope),
	{ .name = "dry_run", .kind = ARG_BOOLEAN, .explicit = true, .at = offsetof(struct erase_memories, dry_run),
	  .help = "Only count." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "receipt_id", .kind = ARG_UUID, .help = "For get_receipt; not of a dry run." },
	{ .name = "counts", .kind = ARG_OBJECT, .required = true },
	{ .name = "verified", .kind = ARG_BOOLEAN, .help = "Nothing of it was found afterwards." },
	PERIOD_RESULT,
	{ 0 },
};
/* clang-format on */

static enum step_result erase(struct call *call)
{
	struct erase_memories *e = (struct erase_memories *)call;
	struct operation_scope scope;

	if (!period_read(call, &e->scope.period))
		return STEP_FAIL;
	if (!scope_read(&e->scope, &scope))
		return call_fail(call, "The server is out of memory. Nothing was erased.");
	if (operation_scope_is_empty(&scope))
		return call_bad_argument(call, "ids: say what to erase: ids, session_id, "
		                               "agent, words, metadata, from or to");
	uuid_generate_random(e->id);
	if (!erase_ask(&call->query, &call->who, e->id, &scope, e->dry_run))
		return call_fail(call, "The server is out of memory. Nothing was erased.");
	return call_query(call);
}

static enum step_result scan(struct call *call)
{
	struct erase_memories *e = (struct erase_memories *)call;
	struct operation_scope scope;

	e->counts = json_loads(operation_counts(call->rows, &e->memories), 0, NULL);
	if (e->dry_run)
		return STEP_NEXT;
	if (e->memories == 0 && e->scope.agent.s == NULL)
		return call_not_found(call, "There is nothing like that; nothing was erased.");
	if (!scope_read(&e->scope, &scope) ||
	    !erase_scan_ask(&call->query, &call->who, e->id, &scope))
		return call_fail(
		    call, "It is erased, but the server is out of memory to look again.");
	return call_query(call);
}

static enum step_result answer(struct call *call)
{
	struct erase_memories *e = (struct erase_memories *)call;
	int64_t memories, versions, handoffs;
	char id[37];

	call->result = json_pack("{s:O}", "counts", e->counts);
	period_show(&e->scope.period, call->result);
	if (e->dry_run) {
		fprintf(
		    call_text(call), "%lld memories would be erased.", (long long)e->memories);
		return STEP_NEXT;
	}
	erase_scan_read(call->rows, &memories, &versions, &handoffs);
	uuid_unparse_lower(e->id, id);
	json_object_set_new(call->result, "receipt_id", json_string(id));
	json_object_set_new(call->result, "verified",
	    json_boolean(memories == 0 && versions == 0 && handoffs == 0));
	fprintf(call_text(call), "Erased %lld memories; receipt %s. %s", (long long)e->memories,
	    id,
	    memories + versions + handoffs == 0
	        ? "Nothing of it was found afterwards. Backups keep it until they expire."
	        : "Something like it was found afterwards: it was written meanwhile. Erase "
	          "again.");
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	struct erase_memories *e = (struct erase_memories *)call;

	free(e->scope.json);
	json_decref(e->counts);
}

static const struct step steps[] = {STEP(erase), STEP(scan), STEP(answer), {0}};

const struct tool tool_erase_memories = {
    .work = {.name = "erase_memories",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct erase_memories),
        .fini = forget},
    .title = "Erase memories",
    .description =
        "Take memories away for good, with their history; it cannot be undone. Gives "
        "a receipt. Try it with dry_run first.",
    .results = results,
    .destroys = true,
};
