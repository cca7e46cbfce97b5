/*
 * conn: one open connection of the pool, running one transaction at a time.
 *
 *	CONNECTING -> IDLE <-> BUSY -> CANCELLING
 *	                ^  \-> TESTING <--/
 *	                 `-------'            any of them -> CLOSED
 *
 * A transaction travels as one pipeline: settings, prepare if this connection has not yet,
 * execute, sync. Afterwards the connection is IDLE only when it is provably
 * clean: the sync was answered and no transaction is open. A cancelled one is IDLE again once the
 * cancelling is over and a round trip of its own has shown it. Anything else closes it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "query.h"

struct connector;
struct conn;
struct connection_info;
struct event_base;

enum conn_state {
	CONN_CONNECTING,
	CONN_IDLE,
	CONN_BUSY,
	CONN_TESTING,
	CONN_CANCELLING,
	CONN_CLOSED,
	CONN_STATE_COUNT
};

/* What a connection tells its owner, always from the loop and as its last act there. */
struct conn_events {
	/* IDLE: for the first time, or again after a test or a cancel. */
	void (*ready)(void *arg, struct conn *conn);
	/* CLOSED without a query: could not connect, or the server ended it. */
	void (*lost)(void *arg, struct conn *conn, const char *error);
	/*
	 * What ran ended; rows (NULL on error) belong to the callee. IDLE, CLOSED, or after the
	 * deadline CANCELLING now. written: the log position, where that was wanted.
	 */
	void (*ended)(void *arg, struct conn *conn, struct rows *rows,
	    const struct db_error *error, uint64_t written);
};

struct conn_config {
	int connect_ms, cancel_ms;
	bool unprepared; /* statements without names */
	bool wants_lsn;  /* after a write, ask how far the log reaches */
};

/* Starts connecting. config is borrowed for as long as it lives. NULL: out of memory. */
struct conn *conn_new(struct event_base *base, struct connector *connector,
    const struct conn_config *config, const struct conn_events *events, void *arg);

enum conn_state conn_state(const struct conn *conn);

/* IDLE only: sends what is in the list, one query or some gathered ones, which end within query_ms. */
void conn_run(struct conn *conn, const struct query_list *queries, int query_ms);

/* IDLE only: a round trip, within test_ms. */
void conn_test(struct conn *conn, int test_ms);

/* BUSY only: stops what runs, without ended. CANCELLING after it, or CLOSED where libpq cannot. */
void conn_cancel(struct conn *conn);

/* CLOSED at once, without a callback. */
void conn_kill(struct conn *conn);

/* For SHOW SERVERS: host, port, user, database, pid, TLS, prepared statements. */
void conn_describe(const struct conn *conn, struct connection_info *info);

/* Closes and frees it in any state; no callback. What it ran is simply gone. NULL is fine. */
void conn_free(struct conn *conn);
