/*
 * query: one statement with its parameters, from the asking to the outcome.
 *
 * The struct is embedded in its owner (a call, a command), so that waiting
 * allocates nothing. Parameters travel in binary. Texts and bytes are borrowed
 * and must live until the query has ended; numbers, uuids and arrays are copied.
 *
 *	query_init -> query_text/int/... in the order $1, $2, ... -> database_run
 *	  -> done() or database_cancel() -> query_fini
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "error.h"
#include "sql.h"

#define QUERY_MAX_PARAMS   32
#define QUERY_MAX_SETTINGS 4

#define QUERY_WRITTEN_UNKNOWN                                                                  \
	UINT64_MAX /* committed, but how far the log reaches was not told */

struct database;
struct pool;
struct rows;
struct query;
struct tenant;
TAILQ_HEAD(query_list, query);

/*
 * The outcome: rows when error->kind is DB_OK (the callee's: rows_free() them),
 * NULL otherwise. error is borrowed.
 */
typedef void (*query_done)(void *arg, struct rows *rows, const struct db_error *error);

/* Where the pool has it. */
enum query_place { QUERY_NOWHERE, QUERY_IN_LINE, QUERY_RUNNING, QUERY_ENDING };

struct query {
	enum sql_id sql;
	const char
	    *namespace; /* who it is for: queries of one share what is fair; "" the server */
	int count;
	const char *values[QUERY_MAX_PARAMS];
	int lengths[QUERY_MAX_PARAMS];
	union {
		unsigned char bytes[16];
		void *owned; /* freed by query_fini when owns says so */
	} scratch[QUERY_MAX_PARAMS];
	bool owns[QUERY_MAX_PARAMS];
	struct {
		const char *name, *value;
	} settings[QUERY_MAX_SETTINGS];
	int setting_count;

	/* Log positions (LSN), 0: none. What a replica must have replayed; after a write: how far
	 * the log reaches, where the pool was told to ask. */
	uint64_t must_see, written;

	/* The pool's own. */
	query_done done;
	void *done_arg;
	struct pool *pool;
	struct tenant *tenant;
	enum query_place place;
	int64_t deadline_ms; /* in line; CLOCK_MONOTONIC */
	int64_t queued_us;
	int tries;
	bool lost;  /* a write that a broken connection swallowed: it may have been executed */
	bool alone; /* not to be gathered: it may be the one that spoiled a group */
	void *slot; /* QUERY_RUNNING: the connection */
	struct query_list *list; /* RUNNING and ENDING: with whom */
	TAILQ_ENTRY(query) link; /* in list, or in its namespace's queue */
	TAILQ_ENTRY(query) age; /* QUERY_IN_LINE: among all, the one that waits longest first */

	/* The database's own. */
	struct database *database;
	query_done outer_done;
	void *outer_arg;
	int routed; /* how often it went to another pool */
};

void query_init(struct query *q, enum sql_id sql);

/* The same for a statement whose $1 is the namespace it is for; borrowed until it has ended. */
void query_init_for(struct query *q, enum sql_id sql, const char *namespace);

/*
 * A setting (GUC) for this statement alone, like SET LOCAL, in the same round trip. Both texts are
 * borrowed. One too many is a programming error (abort).
 */
void query_setting(struct query *q, const char *name, const char *value);

/* Each adds the next parameter. A parameter too many is a programming error (abort). */
void query_null(struct query *q);
void query_text(struct query *q, const char *text,
    size_t len); /* NULL text: SQL NULL; also for jsonb given as $n::text::jsonb */
void query_string(struct query *q, const char *text); /* the same, up to its NUL */
void query_bytes(struct query *q, const void *bytes, size_t len);
/* The same, copied. */
void query_bytes_copy(struct query *q, const void *bytes, size_t len);
void query_bool(struct query *q, bool value);
void query_int4(struct query *q, int32_t value);
void query_int8(struct query *q, int64_t value);
void query_float8(struct query *q, double value);
void query_uuid(struct query *q, const unsigned char uuid[16]); /* NULL: SQL NULL */
void query_time(struct query *q, int64_t unix_us);              /* ROWS_NO_TIME: SQL NULL */
/* Borrowed texts, copied. NULL items: SQL NULL. */
void query_text_array(struct query *q, const char *const *items, size_t count);
void query_int4_array(struct query *q, const int32_t *items, size_t count);
void query_float4_array(struct query *q, const float *items, size_t count);
void query_uuid_array(struct query *q, const unsigned char (*items)[16], size_t count);
void query_vector(
    struct query *q, const float *items, size_t count); /* pgvector; NULL: SQL NULL */
/* pgvector's sparsevec: the entries that are not 0, by their places from 0 up. */
void query_sparse_vector(struct query *q, int32_t dimensions, const int32_t *places,
    const float *values, size_t count);

/* Frees what the query owns. It must not be waiting or running. */
void query_fini(struct query *q);
