/*
 * insight: what the memories of a namespace are about, and what agents reported.
 * Pairs of _ask and _read as in principals.h.
 */
#pragma once

#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

/* NULL, or ROWS_NO_TIME: does not matter. Texts are borrowed. */
struct analysis {
	const char *session_id;
	int64_t from_us, to_us;
	int32_t sample;        /* the latest so many are read */
	int32_t ahead_minutes; /* of UTC */
};

void analysis_ask(
    struct query *q, const struct principal *who, const struct analysis *analysis);

/* One finding; which of its parts are set depends on its kind (db/sql/analysis.sql). */
struct finding {
	const char *kind;
	const char *name; /* may be NULL */
	int64_t count;
	double weight; /* may be NAN */
	int64_t at_us; /* may be ROWS_NO_TIME */
};

void analysis_read(const struct rows *rows, int row, struct finding *finding);

struct metadata_key {
	const char *key;
	int64_t count;
	const char *types;   /* JSON object: type -> how often */
	const char *samples; /* JSON array of texts */
	int64_t memories;    /* that were read */
};

/* Keys behind one (or NULL), among those of the latest memories. */
void metadata_keys_ask(struct query *q, const struct principal *who, int32_t sample,
    const char *behind, int32_t limit);
void metadata_key_read(const struct rows *rows, int row, struct metadata_key *key);

/* NULL: does not matter. */
struct report_filter {
	const char *agent_name, *task_id;
	int32_t limit;
};

struct report_summary {
	const char *agent_name;
	int64_t reports, tasks;
	double errors, warnings, quality; /* sums, and the mean, NAN without any */
	int64_t first_us, last_us;
};

void report_summary_ask(struct query *q, const struct principal *who,
    const struct report_filter *filter, const char *behind);
void report_summary_read(const struct rows *rows, int row, struct report_summary *summary);

/* One execution. Texts but the agent's name may be NULL; numbers are NAN when they are not there. */
struct report {
	char id[37];
	const char *agent_name, *task_id, *execution_id, *session_id;
	int64_t created_us;
	double errors, warnings, quality;
	const char *metrics; /* JSON */
	const char *snippet;
};

/* Behind one given by time and id (or ROWS_NO_TIME). */
void report_history_ask(struct query *q, const struct principal *who,
    const struct report_filter *filter, int64_t behind_us, const unsigned char behind_id[16]);
void report_read(const struct rows *rows, int row, struct report *report);
