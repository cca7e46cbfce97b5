/*
 * agent_reports: what agents reported of their work, summed up or one by one.
 *
 *	ask -> answer
 */
#include <math.h>
#include <string.h>

#include <uuid/uuid.h>

#include "insight.h"
#include "resources/cursor.h"
#include "rows.h"
#include "tools/memory_limits.h"
#include "tools/show.h"
#include "tools/tools.h"

enum view { SUMMARY, HISTORY };

struct agent_reports {
	struct call call;
	int view;
	struct arg_text agent_name, task_id, cursor;
	int64_t limit;
	struct cursor behind;
};

/* clang-format off */
static const char *const views[] = { [SUMMARY] = "summary", [HISTORY] = "history", NULL };

static const struct arg arguments[] = {
	{ .name = "view", .kind = ARG_ENUM, .choices = views, .fallback = "summary",
	  .at = offsetof(struct agent_reports, view),
	  .help = "summary: one line for each agent. history: each execution, the latest first." },
	{ .name = "agent_name", .kind = ARG_TEXT, .min = 1, .max = MAX_REPORT_NAME_BYTES,
	  .at = offsetof(struct agent_reports, agent_name), .help = "Only of this one." },
	{ .name = "task_id", .kind = ARG_TEXT, .min = 1, .max = MAX_REPORT_NAME_BYTES,
	  .at = offsetof(struct agent_reports, task_id), .help = "Only on this task." },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_PAGE_ITEMS, .fallback = "20",
	  .at = offsetof(struct agent_reports, limit) },
	{ .name = "cursor", .kind = ARG_TEXT, .min = 1, .max = CURSOR_TEXT_BYTES - 1,
	  .at = offsetof(struct agent_reports, cursor),
	  .help = "next_cursor of the page before, of the same view." },
	{ 0 },
};

static const struct arg open_results[] = { { 0 } };

static const struct arg summary_results[] = {
	{ .name = "agent_name", .kind = ARG_TEXT, .required = true },
	{ .name = "reports", .kind = ARG_INTEGER, .required = true },
	{ .name = "tasks", .kind = ARG_INTEGER, .required = true },
	{ .name = "errors", .kind = ARG_NUMBER, .required = true },
	{ .name = "warnings", .kind = ARG_NUMBER, .required = true },
	{ .name = "quality_score", .kind = ARG_NUMBER, .help = "The mean." },
	{ .name = "first_at", .kind = ARG_TIME, .required = true },
	{ .name = "last_at", .kind = ARG_TIME, .required = true },
	{ 0 },
};

static const struct arg history_results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "agent_name", .kind = ARG_TEXT, .required = true },
	{ .name = "task_id", .kind = ARG_TEXT },
	{ .name = "execution_id", .kind = ARG_TEXT },
	{ .name = "session_id", .kind = ARG_TEXT },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "error_count", .kind = ARG_NUMBER },
	{ .name = "warning_count", .kind = ARG_NUMBER },
	{ .name = "quality_score", .kind = ARG_NUMBER },
	{ .name = "performance_metrics", .kind = ARG_RECORD, .items = open_results,
	  .help = "Larger ones are in the memory." },
	{ .name = "snippet", .kind = ARG_TEXT, .required = true },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "agents", .kind = ARG_RECORDS, .items = summary_results },
	{ .name = "executions", .kind = ARG_RECORDS, .items = history_results },
	{ .name = "has_more", .kind = ARG_BOOLEAN, .required = true },
	{ .name = "next_cursor", .kind = ARG_TEXT },
	{ 0 },
};
/* clang-format on */

/* A cursor of a summary has no time, one of a history the id of a memory. */
static bool read_cursor(struct agent_reports *r, uuid_t id)
{
	if (!cursor_parse(r->cursor.s, &r->behind))
		return false;
	if (r->cursor.s == NULL)
		return true;
	if (r->view == HISTORY)
		return uuid_parse(r->behind.id, id) == 0;
	return r->behind.time_us == 0;
}

static enum step_result ask(struct call *call)
{
	struct agent_reports *r = (struct agent_reports *)call;
	const struct report_filter filter = {.agent_name = r->agent_name.s,
	    .task_id = r->task_id.s,
	    .limit = (int32_t)r->limit + 1};
	uuid_t id = {0};

	if (!read_cursor(r, id))
		return call_bad_argument(call,
		    "cursor: is not one that agent_reports gave for this "
		    "view; leave it out to begin at the first page");
	if (r->view == HISTORY)
		report_history_ask(&call->query, &call->who, &filter, r->behind.time_us, id);
	else
		report_summary_ask(&call->query, &call->who, &filter,
		    r->cursor.s != NULL ? r->behind.id : NULL);
	return call_query(call);
}

static void set_number(json_t *json, const char *name, double number)
{
	if (!isnan(number))
		json_object_set_new(json, name, json_real(number));
}

static json_t *show_summary(const struct rows *rows, int row, char next[CURSOR_TEXT_BYTES])
{
	struct report_summary summary;

	report_summary_read(rows, row, &summary);
	json_t *json = json_pack("{s:s, s:I, s:I, s:f, s:f, s:o, s:o}", "agent_name",
	    summary.agent_name, "reports", (json_int_t)summary.reports, "tasks",
	    (json_int_t)summary.tasks, "errors", summary.errors, "warnings", summary.warnings,
	    "first_at", show_time(summary.first_us), "last_at", show_time(summary.last_us));

	set_number(json, "quality_score", summary.quality);
	cursor_format(0, summary.agent_name, next);
	return json;
}

static json_t *show_report(const struct rows *rows, int row, char next[CURSOR_TEXT_BYTES])
{
	struct report report;

	report_read(rows, row, &report);
	json_t *json = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:o, s:s}", "id", report.id,
	    "agent_name", report.agent_name, "task_id", report.task_id, "execution_id",
	    report.execution_id, "session_id", report.session_id, "created_at",
	    show_time(report.created_us), "snippet", report.snippet);

	set_number(json, "error_count", report.errors);
	set_number(json, "warning_count", report.warnings);
	set_number(json, "quality_score", report.quality);
	if (report.metrics != NULL && *report.metrics == '{')
		json_object_set_new(json, "performance_metrics", show_json(report.metrics));
	cursor_format(report.created_us, report.id, next);
	return json;
}

static enum step_result answer(struct call *call)
{
	const struct agent_reports *r = (const struct agent_reports *)call;
	bool has_more = rows_count(call->rows) > r->limit;
	char next[CURSOR_TEXT_BYTES] = "";
	json_t *list = json_array();

	for (int row = 0; row < rows_count(call->rows) && row < r->limit; row++)
		json_array_append_new(list, r->view == HISTORY
		                                ? show_report(call->rows, row, next)
		                                : show_summary(call->rows, row, next));
	call->result = json_pack("{s:o, s:b}", r->view == HISTORY ? "executions" : "agents",
	    list, "has_more", has_more);
	if (has_more)
		json_object_set_new(call->result, "next_cursor", json_string(next));
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(ask), STEP(answer), {0}};

const struct tool tool_agent_reports = {
    .work = {.name = "agent_reports",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct agent_reports),
        .reads_only = true},
    .title = "Agent reports",
    .description = "How agents' work went: reports, errors, warnings and quality of each, or "
                   "the history of executions of an agent or task.",
    .results = results,
};
