/*
 * analyze_memories: what memories are about, how they change, and who is active.
 *
 *	ask -> answer
 */
#include <math.h>
#include <string.h>

#include "insight.h"
#include "rows.h"
#include "sessions.h"
#include "tools/memory_limits.h"
#include "tools/period.h"
#include "tools/show.h"
#include "tools/tools.h"

struct analyze_memories {
	struct call call;
	struct arg_text session_id;
	struct period period;
	int64_t sample, utc_offset_minutes;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct analyze_memories, session_id), .help = "Only this session." },
	PERIOD_ARGUMENTS(struct analyze_memories, period, "A date or date-time.", "Excluded itself."),
	{ .name = "sample", .kind = ARG_INTEGER, .min = 1, .max = MAX_SAMPLE, .fallback = "1000",
	  .at = offsetof(struct analyze_memories, sample),
	  .help = "How many of the latest memories are read, the first 4000 characters of each text." },
	{ .name = "utc_offset_minutes", .kind = ARG_INTEGER, .min = -840, .max = 840, .fallback = "0",
	  .at = offsetof(struct analyze_memories, utc_offset_minutes), .help = "For the hours of the day." },
	{ 0 },
};

static const struct arg topic_results[] = {
	{ .name = "term", .kind = ARG_TEXT, .required = true },
	{ .name = "memories", .kind = ARG_INTEGER, .required = true },
	{ .name = "weight", .kind = ARG_NUMBER, .required = true },
	{ 0 },
};

static const struct arg open_results[] = { { 0 } };

static const struct arg results[] = {
	{ .name = "analyzed", .kind = ARG_INTEGER, .required = true, .help = "The sample." },
	{ .name = "memories", .kind = ARG_INTEGER, .required = true, .help = "All that fit." },
	{ .name = "topics", .kind = ARG_RECORDS, .required = true, .items = topic_results },
	{ .name = "hours", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ .name = "lengths", .kind = ARG_RECORDS, .required = true, .items = open_results, .help = "In bytes." },
	{ .name = "questions", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ .name = "repetition", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ .name = "repeated", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ .name = "drift", .kind = ARG_RECORDS, .required = true, .items = open_results,
	  .help = "Between the halves of the sample's time: 0 the same words, 1 none in common." },
	{ .name = "rising", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ .name = "falling", .kind = ARG_RECORDS, .required = true, .items = open_results },
	{ .name = "agents", .kind = ARG_RECORDS, .required = true, .items = open_results,
	  .help = "Of all that fit, not of the sample alone." },
	{ .name = "pauses", .kind = ARG_RECORDS, .required = true, .items = open_results,
	  .help = "The longest of each agent in the sample." },
	PERIOD_RESULT,
	{ 0 },
};

/* What becomes of each kind of finding: the list it goes to, and what its parts are called there. */
static const struct kind {
	const char *kind, *list;
	const char *name, *count, *weight, *at; /* NULL: it has none */
} kinds[] = {
	{ "topic",      "topics",     "term",   "memories", "weight",         NULL },
	{ "hour",       "hours",      "hour",   "memories", NULL,             NULL },
	{ "length",     "lengths",    "what",   NULL,       "bytes",          NULL },
	{ "question",   "questions",  "type",   "memories", NULL,             NULL },
	{ "repetition", "repetition", "what",   "times",    NULL,             NULL },
	{ "repeated",   "repeated",   "text",   "times",    NULL,             NULL },
	{ "drift",      "drift",      NULL,     NULL,       "distance",       "halves_meet_at" },
	{ "rising",     "rising",     "term",   NULL,       "share_gained",   NULL },
	{ "falling",    "falling",    "term",   NULL,       "share_lost",     NULL },
	{ "agent",      "agents",     "agent",  "memories", "silent_seconds", "last_at" },
	{ "gap",        "pauses",     "agent",  NULL,       "seconds",        "began_at" },
	{ 0 },
};
/* clang-format on */

static enum step_result ask(struct call *call)
{
	struct analyze_memories *a = (struct analyze_memories *)call;

	if (!period_read(call, &a->period))
		return STEP_FAIL;
	const struct analysis analysis = {.session_id = a->session_id.s,
	    .from_us = a->period.from_us,
	    .to_us = a->period.to_us,
	    .sample = (int32_t)a->sample,
	    .ahead_minutes = (int32_t)a->utc_offset_minutes};

	analysis_ask(&call->query, &call->who, &analysis);
	return call_query(call);
}

static json_t *show_finding(const struct kind *kind, const struct finding *finding)
{
	json_t *json = json_object();

	if (kind->name != NULL)
		json_object_set_new(json, kind->name, json_string(finding->name));
	if (kind->count != NULL)
		json_object_set_new(json, kind->count, json_integer(finding->count));
	if (kind->weight != NULL && !isnan(finding->weight))
		json_object_set_new(json, kind->weight, json_real(finding->weight));
	if (kind->at != NULL && finding->at_us != ROWS_NO_TIME)
		json_object_set_new(json, kind->at, show_time(finding->at_us));
	return json;
}

static void add_finding(json_t *result, const struct finding *finding)
{
	if (strcmp(finding->kind, "sample") == 0) {
		bool any = finding->count > 0;

		json_object_set_new(result, "analyzed", json_integer(finding->count));
		json_object_set_new(
		    result, "memories", json_integer(any ? (json_int_t)finding->weight : 0));
		if (any)
			json_object_set_new(result, "from", show_time(finding->at_us));
		return;
	}
	for (const struct kind *kind = kinds; kind->kind != NULL; kind++) {
		if (strcmp(kind->kind, finding->kind) == 0)
			json_array_append_new(
			    json_object_get(result, kind->list), show_finding(kind, finding));
	}
}

static enum step_result answer(struct call *call)
{
	struct finding finding;

	call->result = json_object();
	for (const struct kind *kind = kinds; kind->kind != NULL; kind++)
		json_object_set_new(call->result, kind->list, json_array());
	for (int row = 0; row < rows_count(call->rows); row++) {
		analysis_read(call->rows, row, &finding);
		add_finding(call->result, &finding);
	}
	period_show(&((const struct analyze_memories *)call)->period, call->result);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_analyze_memories = {
    .work = {.name = "analyze_memories",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct analyze_memories),
        .reads_only = true},
    .title = "Analyze memories",
    .description = "What memories are about and how that changes: topics, hours, lengths, "
                   "questions, repetition, drift, and which agents are active or silent.",
    .results = results,
};
