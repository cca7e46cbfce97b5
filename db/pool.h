/*
 * pool: a few connections to one database, shared by many queries.
 *
 * A query gets the connection that was used last (LIFO), for itself, for one
 * round trip: prepare if need be, execute, sync, in one pipeline. When all are
 * busy it waits in line, first come first served, until wait_ms. Connections
 * are opened on demand up to size, and after a failure again with exponential
 * backoff and full jitter. Idle ones beyond least go after idle_ms; every one is replaced
 * after its lifetime, while it is idle. Nothing in here blocks.
 *
 * The pool starts closed: queries are refused with DB_UNAVAILABLE until
 * pool_open(), so that nothing runs against a schema that is not there yet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "query.h"

struct event_base;
struct pool;

struct pool_config {
	const char *conninfo; /* libpq key=value string or URI; copied */
	int size;             /* connections at the most */
	int least;            /* kept open while the database is there */
	int idle_ms;          /* an idle one beyond least is closed; 0: never */
	int lifetime_ms;      /* about how long a connection is used; 0: for ever */
	int queue_limit;      /* queries waiting at the most; over it: DB_BUSY */
	int connect_ms;       /* deadline for one connection attempt, name lookup included */
	int wait_ms;          /* deadline in line */
	int query_ms;         /* deadline once sent; also statement_timeout, a little shorter */
	/* Told about connections made, lost and refused, for the log. May be NULL. */
	void (*report)(void *arg, bool healthy, const char *text);
	void *report_arg;
};

struct pool_stats {
	int size, idle, busy, connecting, waiting;
	bool open;
	bool reachable;       /* the last attempt to connect or query reached the database */
	char last_error[256]; /* "" when reachable */
};

/* NULL when conninfo does not parse; then error says why. */
struct pool *pool_new(
    struct event_base *base, const struct pool_config *config, char *error, size_t error_len);

/* From now on queries run. */
void pool_open(struct pool *pool);

/*
 * Runs q; done(arg, ...) comes later, from the loop, never before this
 * returns. False: refused at once, error filled, done will not come. q belongs
 * to the pool until then; the caller keeps its memory.
 */
bool pool_run(struct pool *pool, struct query *q, query_done done, void *arg,
    struct db_error *error) __attribute__((warn_unused_result));

/*
 * Ends q without its callback. If it was already sent, its connection is closed
 * and replaced, so PostgreSQL stops working on it (client_connection_check_interval).
 * A query that is neither waiting nor running is left alone.
 */
void pool_cancel(struct pool *pool, struct query *q);

struct pool_stats pool_stats(const struct pool *pool);

/* Closes every connection. Queries still in it are dropped without callback. NULL is fine. */
void pool_free(struct pool *pool);
