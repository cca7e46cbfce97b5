/*
 * conn_impl: the connection's own state, shared by conn.c, conn_send.c and conn_read.c.
 */
#pragma once

#include <libpq-fe.h>

#include "conn.h"
#include "sql.h"

/* What the next result on the wire will be. */
enum answer {
	ANSWER_PREPARED, /* of the statement in its size class */
	ANSWER_SETTING,
	ANSWER_GUARD, /* has the replica replayed enough? */
	ANSWER_ROWS,
	ANSWER_SYNC, /* the transaction is over */
	ANSWER_LSN,
};

struct expected {
	enum answer answer;
	enum sql_id sql; /* PREPARED */
	int class_index;
};

/* Two for each of: settings, guard, statement, position; and two syncs. */
#define MAX_EXPECTED (2 * (QUERY_MAX_SETTINGS + 3) + 2)

struct cancel;

struct conn {
	struct event_base *base;
	enum conn_state state;
	const struct conn_config *config;
	const struct conn_events *events;
	void *arg;
	struct attempt *attempt; /* CONNECTING */
	PGconn *pg;
	struct event *readable, *writable, *deadline;
	struct cancel *cancel; /* CANCELLING, until it is over */
	struct event *again_cancel;

	/* Statement n is prepared here (or is about to be) in this generation, under a name that carries it. */
	unsigned prepared[SQL_COUNT][SQL_CLASSES];
	unsigned generation;
	int prepared_count;

	/* What was sent, and how far its answers are. */
	const struct query_list *queries; /* BUSY; NULL in a test */
	struct expected expected[MAX_EXPECTED];
	int expected_count, expected_next;
	struct rows *rows;
	struct db_error error;
	uint64_t written;
	bool
	    settled; /* its own sync was answered: whatever comes behind cannot change the outcome */
	bool again; /* prepared anew once for this transaction */
};

/* conn_send.c: false: the connection broke. */
bool conn_send(struct conn *conn);
bool conn_send_sync(struct conn *conn);
bool conn_flush(struct conn *conn);

/* conn_read.c: takes one result; true when everything that was sent has been answered. */
bool conn_take_result(struct conn *conn, PGresult *result);
