/*
 * roll_back: undoes what one key, agent or interval wrote; and undoes that.
 *
 *	ask -> answer
 */
#include <stdlib.h>
#include <sys/time.h>

#include <uuid/uuid.h>

#include "rows.h"
#include "tools/scope.h"
#include "tools/show.h"
#include "tools/tools.h"

#define MAX_REVERSIBLE_DAYS 365
#define DAY_US              (24LL * 3600 * 1000000)

struct roll_back {
	struct call call;
	struct scope_arguments scope;
	struct arg_uuid reverse;
	bool dry_run;
	int64_t reversible_days;
	uuid_t id;
	int64_t until_us;
};

/* clang-format off */
static const struct arg arguments[] = {
	SCOPE_AGENT(struct roll_back, scope, "What this agent wrote."),
	{ .name = "key_id", .kind = ARG_UUID, .at = SCOPE_AT(struct roll_back, scope, key_id),
	  .help = "What was written with this API key." },
	SCOPE_TIMES(struct roll_back, scope),
	{ .name = "dry_run", .kind = ARG_BOOLEAN, .explicit = true, .at = offsetof(struct roll_back, dry_run),
	  .help = "Only count." },
	{ .name = "reversible_days", .kind = ARG_INTEGER, .min = 0, .max = MAX_REVERSIBLE_DAYS,
	  .fallback = "30", .at = offsetof(struct roll_back, reversible_days) },
	{ .name = "reverse", .kind = ARG_UUID, .at = offsetof(struct roll_back, reverse),
	  .help = "Instead: take this roll-back back." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "receipt_id", .kind = ARG_UUID, .help = "For reverse and get_receipt." },
	{ .name = "counts", .kind = ARG_OBJECT, .required = true },
	{ .name = "reversible_until", .kind = ARG_TIME },
	PERIOD_RESULT,
	{ 0 },
};
/* clang-format on */

static int64_t days_from_now(int64_t days)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (int64_t)now.tv_sec * 1000000 + now.tv_usec + days * DAY_US;
}

static enum step_result ask(struct call *call)
{
	struct roll_back *r = (struct roll_back *)call;
	struct operation_scope scope;

	if (!period_read(call, &r->scope.period))
		return STEP_FAIL;
	if (!scope_read(&r->scope, &scope))
		return call_fail(call, "The server is out of memory. Nothing was changed.");
	if (r->reverse.set != operation_scope_is_empty(&scope))
		return call_bad_argument(call, "%s",
		    r->reverse.set
		        ? "reverse: goes with nothing else"
		        : "agent: say what to undo: agent, key_id, from or to; or reverse");
	if (r->reverse.set) {
		roll_back_reverse_ask(&call->query, &call->who, r->reverse.bytes);
		return call_query(call);
	}
	uuid_generate_random(r->id);
	r->until_us = days_from_now(r->reversible_days);
	if (!roll_back_ask(&call->query, &call->who, r->id, &scope, r->dry_run, r->until_us))
		return call_fail(call, "The server is out of memory. Nothing was changed.");
	return call_query(call);
}

static enum step_result answer_reverse(struct call *call)
{
	int64_t shown, restored;
	char id[37];

	uuid_unparse_lower(((struct roll_back *)call)->reverse.bytes, id);
	if (!roll_back_reverse_read(call->rows, &shown, &restored))
		return call_not_found(call,
		    "reverse: there is no roll-back %s that could still be taken back", id);
	call->result = json_pack("{s:{s:I, s:I}}", "counts", "shown", (json_int_t)shown,
	    "restored", (json_int_t)restored);
	fprintf(call_text(call),
	    "Taken back: %lld memories are seen again, %lld are as they were.",
	    (long long)shown, (long long)restored);
	return STEP_NEXT;
}

static enum step_result answer(struct call *call)
{
	struct roll_back *r = (struct roll_back *)call;
	int64_t memories;
	char id[37];

	if (r->reverse.set)
		return answer_reverse(call);
	call->result = json_pack(
	    "{s:o}", "counts", json_loads(operation_counts(call->rows, &memories), 0, NULL));
	period_show(&r->scope.period, call->result);
	if (r->dry_run) {
		fprintf(call_text(call), "%lld memories would be rolled back.",
		    (long long)memories);
		return STEP_NEXT;
	}
	uuid_unparse_lower(r->id, id);
	json_object_set_new(call->result, "receipt_id", json_string(id));
	json_object_set_new(call->result, "reversible_until", show_time(r->until_us));
	fprintf(call_text(call),
	    "Rolled back %lld memories. roll_back with reverse %s takes it back.",
	    (long long)memories, id);
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	free(((struct roll_back *)call)->scope.json);
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_roll_back = {
    .work = {.name = "roll_back",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct roll_back),
        .fini = forget},
    .title = "Roll back",
    .description =
        "Undo everything one agent, key or interval wrote, for instance after it was "
        "fed lies; it can be taken back for a while.",
    .results = results,
    .destroys = true,
};
