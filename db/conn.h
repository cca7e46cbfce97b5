/*
 * conn: one open connection of the pool, running one query at a time.
 *
 *	CONNECTING -> IDLE <-> BUSY
 *	     \          |       /
 *	      `----> CLOSED <--'
 *
 * A query travels as one pipeline: prepare if this connection has not yet,
 * execute, sync. Afterwards the connection is IDLE only when it is provably
 * clean: the sync was answered and no transaction is open. Anything else closes it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "error.h"
#include "query.h"

struct connector;
struct event_base;

enum conn_state { CONN_CONNECTING, CONN_IDLE, CONN_BUSY, CONN_CLOSED, CONN_STATE_COUNT };

/* What a connection tells its owner, always from the loop and as its last act there. */
struct conn_events {
	/* Connected: IDLE for the first time. */
	void (*ready)(void *arg, struct conn *conn);
	/* CLOSED without a query: could not connect, or the server ended it. */
	void (*lost)(void *arg, struct conn *conn, const char *error);
	/* A query ended; rows (NULL on error) belong to the callee. IDLE or CLOSED now. */
	void (*ended)(void *arg, struct conn *conn, struct query *q, struct rows *rows,
	    const struct db_error *error);
};

/* Starts connecting. NULL: out of memory. */
struct conn *conn_new(struct event_base *base, struct connector *connector, int connect_ms,
    const struct conn_events *events, void *arg);

enum conn_state conn_state(const struct conn *conn);

/* IDLE only: sends q, which must end within query_ms. */
void conn_run(struct conn *conn, struct query *q, int query_ms);

/* Closes and frees it in any state; no callback. What it ran is simply gone. NULL is fine. */
void conn_free(struct conn *conn);
