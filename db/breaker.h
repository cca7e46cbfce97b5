/*
 * breaker: keeps a dependency that fails from being asked again and again (circuit breaker).
 *
 *	        failures in a row                  a while, at random
 *	CLOSED -------------------------> OPEN <----------------------> HALF_OPEN
 *	   ^                                       the probe fails          |
 *	   `----------------------------------------------------------------'
 *	                        the probe succeeds, or breaker_reset()
 *
 * Between failures it asks for a wait, also while it is still closed: exponential, with full jitter,
 * so that many processes that lost the same dependency do not come back in step. Pure: the
 * caller brings the time, so one kind serves the database, its replicas and any provider.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_NAME_BYTES 96

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker_limits {
	int failures;      /* in a row, until it opens ... */
	int patience_ms;   /* ... or so long without a success since the first of them began */
	int first_wait_ms; /* the most it waits after the first failure; doubled with each */
	int most_wait_ms;
};

struct breaker {
	char name[BREAKER_NAME_BYTES];
	struct breaker_limits limits;
	enum breaker_state state;
	int failures;             /* in a row */
	int64_t failing_since_ms; /* with failures */
	int64_t retry_at_ms;      /* not to be asked before; 0: at any time */
	uint64_t opened;          /* how often it did */
	uint64_t failed_total;
	uint64_t refused_total; /* by breaker_refuses() */
};

void breaker_init(struct breaker *b, const char *name, const struct breaker_limits *limits);

/*
 * May the dependency be asked now? An open one whose wait is over lets one probe through, and
 * another after most_wait_ms when nobody has told how that went.
 */
bool breaker_permits(struct breaker *b, int64_t now_ms);

/* Open, and its wait is not over: whoever wants the dependency is told so now. */
bool breaker_refuses(struct breaker *b, int64_t now_ms);

/* How it went; began_ms: when it was asked. */
void breaker_succeeded(struct breaker *b);
void breaker_failed(struct breaker *b, int64_t began_ms, int64_t now_ms);

/* Not to be asked before this time either: it has said when to come again. Nothing in the past matters. */
void breaker_hold(struct breaker *b, int64_t until_ms);

/* Closed, as if nothing had ever failed; the dependency is asked again at once. */
void breaker_reset(struct breaker *b);

/* Until it may be asked again, 0 when it may now. */
int64_t breaker_wait_ms(const struct breaker *b, int64_t now_ms);

const char *breaker_state_name(enum breaker_state state); /* "closed", "open", "half_open" */
