/* insight: the statements that count and compare. */
#include "insight.h"

#include <math.h>

#define ANALYSIS_CHARACTERS 4000 /* of each text */

static double read_number(const struct rows *rows, int row, int col)
{
	return rows_is_null(rows, row, col) ? (double)NAN : rows_float(rows, row, col);
}

void analysis_ask(struct query *q, const struct principal *who, const struct analysis *analysis)
{
	query_init_who(q, SQL_analysis, who);
	query_setting(q, "jit", "off"); /* would take longer than it saves */
	query_string(q, analysis->session_id);
	query_time(q, analysis->from_us);
	query_time(q, analysis->to_us);
	query_int4(q, analysis->sample);
	query_int4(q, ANALYSIS_CHARACTERS);
	query_int4(q, analysis->ahead_minutes);
}

void analysis_read(const struct rows *rows, int row, struct finding *finding)
{
	finding->kind = rows_text(rows, row, 0, NULL);
	finding->name = rows_text(rows, row, 1, NULL);
	finding->count = rows_is_null(rows, row, 2) ? 0 : rows_int(rows, row, 2);
	finding->weight = read_number(rows, row, 3);
	finding->at_us = rows_time(rows, row, 4);
}

void metadata_keys_ask(struct query *q, const struct principal *who, int32_t sample,
    const char *behind, int32_t limit)
{
	query_init_who(q, SQL_metadata_keys, who);
	query_int4(q, sample);
	query_string(q, behind);
	query_int4(q, limit);
}

void metadata_key_read(const struct rows *rows, int row, struct metadata_key *key)
{
	key->key = rows_text(rows, row, 0, NULL);
	key->count = rows_int(rows, row, 1);
	key->types = rows_text(rows, row, 2, NULL);
	key->samples = rows_text(rows, row, 3, NULL);
	key->memories = rows_int(rows, row, 4);
}

static void init_reports(struct query *q, enum sql_id sql, const struct principal *who,
    const struct report_filter *filter)
{
	query_init_who(q, sql, who);
	query_string(q, filter->agent_name);
	query_string(q, filter->task_id);
	query_int4(q, filter->limit);
}

void report_summary_ask(struct query *q, const struct principal *who,
    const struct report_filter *filter, const char *behind)
{
	init_reports(q, SQL_report_summary, who, filter);
	query_string(q, behind);
}

void report_summary_read(const struct rows *rows, int row, struct report_summary *summary)
{
	summary->agent_name = rows_text(rows, row, 0, NULL);
	summary->reports = rows_int(rows, row, 1);
	summary->tasks = rows_int(rows, row, 2);
	summary->errors = rows_float(rows, row, 3);
	summary->warnings = rows_float(rows, row, 4);
	summary->quality = read_number(rows, row, 5);
	summary->first_us = rows_time(rows, row, 6);
	summary->last_us = rows_time(rows, row, 7);
}

void report_history_ask(struct query *q, const struct principal *who,
    const struct report_filter *filter, int64_t behind_us, const unsigned char behind_id[16])
{
	init_reports(q, SQL_report_history, who, filter);
	query_time(q, behind_us);
	query_uuid(q, behind_id);
}

void report_read(const struct rows *rows, int row, struct report *report)
{
	rows_uuid(rows, row, 0, report->id);
	report->agent_name = rows_text(rows, row, 1, NULL);
	report->task_id = rows_text(rows, row, 2, NULL);
	report->execution_id = rows_text(rows, row, 3, NULL);
	report->session_id = rows_text(rows, row, 4, NULL);
	report->created_us = rows_time(rows, row, 5);
	report->errors = read_number(rows, row, 6);
	report->warnings = read_number(rows, row, 7);
	report->quality = read_number(rows, row, 8);
	report->metrics = rows_text(rows, row, 9, NULL);
	report->snippet = rows_text(rows, row, 10, NULL);
}
