/*
 * apply_retention: deletes what is too old, unused or too much; a dry run only counts.
 *
 *	ask -> answer
 */
#include <stdlib.h>
#include <sys/time.h>

#include <uuid/uuid.h>

#include "compact.h"
#include "keeping.h"
#include "rows.h"
#include "tools/period.h"
#include "tools/tools.h"

#define MAX_DAYS 36500
#define DAY_US   (24LL * 3600 * 1000000)

struct apply_retention {
	struct call call;
	int64_t older, idle, latest, purge;
	struct period period; /* its to and tz */
	bool apply;
	uuid_t id;
	char *json; /* owned */
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "older_than_days", .kind = ARG_INTEGER, .min = 1, .max = MAX_DAYS,
	  .at = offsetof(struct apply_retention, older), .help = "Delete memories written before." },
	PERIOD_ARGUMENT(struct apply_retention, period, to,
	    "The same with a date or date-time instead of days.", false, MAX_MOMENT_BYTES),
	PERIOD_ARGUMENT(struct apply_retention, period, tz, PERIOD_TZ_HELP, false, ZONE_NAME_BYTES),
	{ .name = "idle_sessions_days", .kind = ARG_INTEGER, .min = 1, .max = MAX_DAYS,
	  .at = offsetof(struct apply_retention, idle),
	  .help = "Delete memories of sessions not used for so long." },
	{ .name = "keep_latest", .kind = ARG_INTEGER, .min = 1, .max = INT32_MAX,
	  .at = offsetof(struct apply_retention, latest), .help = "Delete all but the latest so many." },
	{ .name = "purge_deleted_days", .kind = ARG_INTEGER, .min = 1, .max = MAX_DAYS,
	  .at = offsetof(struct apply_retention, purge),
	  .help = "Take away for good what was deleted so long ago." },
	{ .name = "apply", .kind = ARG_BOOLEAN, .at = offsetof(struct apply_retention, apply),
	  .help = "Do it; otherwise it is only counted." },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "applied", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "deleted", .kind = ARG_INTEGER, .required = true, .help = "Or would be." },
	{ .name = "by_age", .kind = ARG_INTEGER, .required = true },
	{ .name = "by_idle_session", .kind = ARG_INTEGER, .required = true },
	{ .name = "by_count", .kind = ARG_INTEGER, .required = true },
	{ .name = "purged", .kind = ARG_INTEGER, .required = true },
	{ .name = "receipt_id", .kind = ARG_UUID },
	PERIOD_RESULT,
	{ 0 },
};
/* clang-format on */

static int64_t days_ago(int64_t days)
{
	struct timeval now;

	if (days == 0)
		return ROWS_NO_TIME;
	gettimeofday(&now, NULL);
	return (int64_t)now.tv_sec * 1000000 + now.tv_usec - days * DAY_US;
}

static enum step_result ask(struct call *call)
{
	struct apply_retention *a = (struct apply_retention *)call;
	size_t len;

	if (!period_read(call, &a->period))
		return STEP_FAIL;
	if (a->older + a->idle + a->latest + a->purge == 0 && a->period.to.s == NULL)
		return call_bad_argument(call,
		    "older_than_days: say at least one of older_than_days, to, "
		    "idle_sessions_days, keep_latest, purge_deleted_days");
	if (a->older != 0 && a->period.to.s != NULL)
		return call_bad_argument(
		    call, "to: leave out older_than_days when to is given");
	a->json = compact_json(call->sent, &len);
	if (a->json == NULL)
		return call_fail(call, "The server is out of memory. Nothing was deleted.");
	const struct retention retention = {
	    .older_us = a->older != 0 ? days_ago(a->older) : a->period.to_us,
	    .idle_us = days_ago(a->idle),
	    .purge_us = days_ago(a->purge),
	    .keep_latest = a->latest > 0 ? a->latest : -1,
	    .dry = !a->apply,
	    .json = a->json,
	};

	uuid_generate_random(a->id);
	retention_ask(&call->query, &call->who, a->id, &retention);
	return call_query(call);
}

static enum step_result answer(struct call *call)
{
	const struct apply_retention *a = (const struct apply_retention *)call;
	struct retention_counts counts;
	char id[37];

	retention_read(call->rows, &counts);
	call->result = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "applied", a->apply,
	    "deleted", (json_int_t)counts.all, "by_age", (json_int_t)counts.old,
	    "by_idle_session", (json_int_t)counts.idle, "by_count", (json_int_t)counts.beyond,
	    "purged", (json_int_t)counts.purged);
	period_show(&a->period, call->result);
	uuid_unparse_lower(a->id, id);
	if (a->apply)
		json_object_set_new(call->result, "receipt_id", json_string(id));
	fprintf(call_text(call),
	    "%lld memories %s deleted, %lld %s taken away for good. Pinned ones stay.",
	    (long long)counts.all, a->apply ? "were" : "would be", (long long)counts.purged,
	    a->apply ? "were" : "would be");
	return STEP_NEXT;
}

static void forget(struct call *call)
{
	free(((struct apply_retention *)call)->json);
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_apply_retention = {
    .work = {.name = "apply_retention",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct apply_retention),
        .fini = forget},
    .title = "Apply retention",
    .description =
        "Delete what is too old, unused or too much; counts only, unless you say apply.",
    .results = results,
    .destroys = true,
};
