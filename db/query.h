/*
 * query: one statement with its parameters, from the asking to the outcome.
 *
 * The struct is embedded in its owner (a call, a command), so that waiting
 * allocates nothing. Parameters travel in binary. Texts and bytes are borrowed
 * and must live until the query has ended; numbers, uuids and arrays are copied.
 *
 *	query_init -> query_text/int/... in the order $1, $2, ... -> pool_run
 *	  -> done() or pool_cancel() -> query_fini
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "error.h"
#include "sql.h"

#define QUERY_MAX_PARAMS 16

struct conn;
struct rows;
struct query;

/*
 * The outcome: rows when error->kind is DB_OK (the callee's: rows_free() them),
 * NULL otherwise. error is borrowed.
 */
typedef void (*query_done)(void *arg, struct rows *rows, const struct db_error *error);

struct query {
	enum sql_id sql;
	int count;
	const char *values[QUERY_MAX_PARAMS];
	int lengths[QUERY_MAX_PARAMS];
	union {
		unsigned char bytes[16];
		void *owned; /* freed by query_fini when owns says so */
	} scratch[QUERY_MAX_PARAMS];
	bool owns[QUERY_MAX_PARAMS];

	/* The pool's own. */
	query_done done;
	void *done_arg;
	struct conn *conn;   /* running there, or NULL */
	int64_t deadline_ms; /* CLOCK_MONOTONIC */
	int tries;
	bool waiting;
	TAILQ_ENTRY(query) link;
};

void query_init(struct query *q, enum sql_id sql);

/* Each adds the next parameter. A parameter too many is a programming error (abort). */
void query_null(struct query *q);
void query_text(struct query *q, const char *text,
    size_t len); /* NULL text: SQL NULL; also for jsonb given as $n::text::jsonb */
void query_bytes(struct query *q, const void *bytes, size_t len);
void query_int4(struct query *q, int32_t value);
void query_uuid(struct query *q, const unsigned char uuid[16]); /* NULL: SQL NULL */
void query_time(struct query *q, int64_t unix_us);              /* ROWS_NO_TIME: SQL NULL */
void query_int4_array(struct query *q, const int32_t *items, size_t count);
void query_vector(
    struct query *q, const float *items, size_t count); /* pgvector; NULL: SQL NULL */

/* Frees what the query owns. It must not be waiting or running. */
void query_fini(struct query *q);
