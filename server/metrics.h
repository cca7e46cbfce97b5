/*
 * metrics: counts what happens, for /metrics of the admin listener.
 *
 * Counting is a few array increments: nothing is allocated, formatted or hashed. Labels are
 * numbers of rows in tables of the program; tenants, sessions and memories are never labels.
 * One process, one loop: the counters are the process's.
 */
#pragma once

#include <stdint.h>

#include "histogram.h"

#define METRICS_ROUTES  16 /* room for the tables whose rows are counted */
#define METRICS_METHODS 32
#define METRICS_TOOLS   64
#define METRICS_CODES   28

enum metrics_verb {
	VERB_GET,
	VERB_POST,
	VERB_DELETE,
	VERB_HEAD,
	VERB_OPTIONS,
	VERB_OTHER,
	VERB_COUNT
};

enum metrics_outcome {
	OUTCOME_CANCELLED, /* first: what ends without any other */
	OUTCOME_OK,
	OUTCOME_ERROR, /* isError results, too */
	OUTCOME_ASKS,
	OUTCOME_COUNT
};

struct metrics {
	uint64_t http[METRICS_ROUTES][VERB_COUNT][METRICS_CODES];
	struct histogram http_took[METRICS_ROUTES];
	uint64_t mcp[METRICS_METHODS][OUTCOME_COUNT]; /* but tools/call, which is in tools */
	uint64_t tools[METRICS_TOOLS][OUTCOME_COUNT];
	struct histogram call_took[METRICS_TOOLS];
	struct histogram lag, turn;
	int64_t worst_us; /* of both, since metrics_take_worst() */
};

/* As http_config.answered; route 0: none of the table. */
void metrics_http(unsigned route, const char *verb, int status, int64_t us);

/* One MCP message. tool: its number when it is a tools/call, else 0. */
void metrics_mcp(unsigned method, unsigned tool, enum metrics_outcome outcome);

/* One call of a tool, from its start to its end; tool 0: not a tool, not counted. */
void metrics_call(unsigned tool, int64_t us);

/* So late was the loop for an appointment. */
void metrics_lag(int64_t us);

/* So long was one turn of the loop. */
void metrics_turn(int64_t us);

const struct metrics *metrics_all(void);

/* The longest lag or turn since this was called last. */
int64_t metrics_take_worst(void);

const char *metrics_verb_name(enum metrics_verb verb);
const char *metrics_outcome_name(enum metrics_outcome outcome);

/* The status that is counted at this place; 0: all others. -1: there is no such place. */
int metrics_code(unsigned place);
