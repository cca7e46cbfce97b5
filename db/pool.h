/*
 * pool: a few connections to one database, shared by many queries.
 *
 * A query gets the connection that was used last (LIFO), for itself, for one round trip:
 * prepare if need be, settings, execute, sync, in one pipeline. When all are busy it waits in
 * line (line.h: fair between namespaces, reads beside writes) until wait_ms. Gathered writes
 * (gather.h) of one namespace share a connection and a commit.
 *
 * Connections are opened on demand up to size, and after a failure again with exponential
 * backoff and full jitter (breaker.h). Idle ones beyond least go after idle_ms; every one is
 * replaced after its lifetime, while it is idle, and asked for a round trip when it was idle
 * for check_ms. A connection that broke makes the idle ones prove that they live.
 * Nothing in here blocks.
 *
 * The pool starts closed: queries are refused with DB_UNAVAILABLE until
 * pool_open(), so that nothing runs against a schema that is not there yet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "breaker.h"
#include "histogram.h"
#include "query.h"

struct event_base;
struct pool;

struct pool_config {
	const char *name;     /* "primary", "replica db2:5432": for people; copied */
	const char *conninfo; /* libpq key=value string or URI; copied */
	const char *role;    /* target_session_attrs of libpq, whatever conninfo says; static */
	int host;            /* only this one of conninfo's hosts, from 0; -1: all of them */
	bool lazy;           /* no connection before the first query wants one */
	bool unprepared;     /* for poolers that lose prepared statements */
	bool wants_lsn;      /* writes tell how far the log was written (query.lsn) */
	int size;            /* connections at the most */
	int least;           /* kept open while the database is there */
	int idle_ms;         /* an idle one beyond least is closed; 0: never */
	int lifetime_ms;     /* about how long a connection is used; 0: for ever */
	int check_ms;        /* idle for so long: a round trip shows that it lives; 0: never */
	int namespace_limit; /* connections one namespace may have; 0: three quarters */
	int queue_limit;     /* queries waiting at the most; over it: DB_BUSY */
	int connect_ms;      /* deadline for one connection attempt, name lookup included */
	int wait_ms;         /* deadline in line */
	int query_ms;        /* deadline once sent; also statement_timeout, a little shorter */
	int cancel_ms;       /* deadline for cancelling one */
	int retry_most_ms;   /* longest wait between attempts while the database is away */
	/* Told about connections made, lost and refused, for the log. May be NULL. */
	void (*report)(void *arg, const char *pool, bool healthy, const char *text);
	void *report_arg;
};

/* How things stand. Connections are in exactly one state, so the counts add up. */
struct pool_stats {
	const char *name;
	int size;
	int idle, busy, testing, cancelling, connecting;
	int waiting; /* queries in line */
	int running; /* queries on busy connections; a gathered write counts singly */
	int64_t oldest_wait_us; /* of who waits longest; 0: nobody waits */
	bool open, paused;
	bool reachable;       /* the last attempt to connect or query reached the database */
	char last_error[256]; /* "" when reachable */

	/* Since the start. */
	uint64_t connects, connect_failures;
	uint64_t transactions; /* sync groups that were sent */
	uint64_t queries;      /* that ended with an outcome of the database */
	uint64_t gathered;     /* of them: writes that shared a transaction */
	uint64_t retries;      /* run once more after a fault */
	uint64_t cancels, timeouts;
	uint64_t refused_full, refused_late; /* the line was full; the deadline in it passed */
	uint64_t bytes_sent;                 /* of parameters */
	int64_t query_us;                    /* all transactions together */
	struct histogram wait;               /* from pool_run() to the sending */
};

/* One statement of db/sql/, since the start. */
struct statement_stats {
	struct histogram took; /* from the sending to the outcome */
	uint64_t errors;
};

/* One connection, as SHOW SERVERS of pgBouncer has it. */
struct connection_info {
	const char *pool;
	const char *state;     /* active, idle, tested, being_canceled, login */
	const char *statement; /* running now, or NULL */
	char host[128], port[8];
	const char *user, *database; /* "" before the login */
	int backend_pid;             /* 0 before the login */
	bool tls;
	bool close_needed;    /* after what runs now */
	int prepared;         /* statements */
	int running;          /* queries */
	int64_t connected_ms; /* how long ago; -1: not yet */
	int64_t request_ms;   /* the last query was sent so long ago; -1: never */
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
 * Ends q without its callback. What was already sent is cancelled (cancel.h), and its
 * connection is not used again before that is over; a write gathered with others goes on for them.
 * A query that is neither waiting nor running is left alone.
 */
void pool_cancel(struct pool *pool, struct query *q);

/* New limits; what exceeds them goes as it becomes idle. name, conninfo, role and host stay. */
void pool_configure(struct pool *pool, const struct pool_config *config);

/*
 * For want of a better one: with a role that is less strict than its own, and a lazy pool looks for
 * its database although no query wants one. Afterwards connections of that role are closed.
 */
void pool_want(struct pool *pool, const char *role);
void pool_want_no_longer(struct pool *pool);

/* Queries wait until pool_resume(); what runs goes on. */
void pool_pause(struct pool *pool);
void pool_resume(struct pool *pool);

/* Every connection is replaced, those in use once they are idle. */
void pool_reconnect(struct pool *pool);

/* Closes every connection now, whatever it runs, and pauses. */
void pool_kill(struct pool *pool);

/* Did the last attempt to connect or query reach the database, and may queries run? */
bool pool_reachable(const struct pool *pool);

/* Refuses queries, or tries to connect, or does not: the state of this. */
struct breaker *pool_breaker(struct pool *pool);
void pool_reset_breaker(struct pool *pool);

struct pool_stats pool_stats(const struct pool *pool);
const struct statement_stats *pool_statements(const struct pool *pool); /* SQL_COUNT of them */
void pool_connections(const struct pool *pool,
    void (*each)(void *arg, const struct connection_info *info), void *arg);

/* Closes every connection. Queries still in it are dropped without callback. NULL is fine. */
void pool_free(struct pool *pool);
