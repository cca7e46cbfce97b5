/* conn: state machine and pipeline of one connection. */
#include "conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <libpq-fe.h>

#include "connector.h"
#include "rows.h"

#define STATEMENT_NAME_BYTES 80

struct conn {
	struct event_base *base;
	enum conn_state state;
	const struct conn_events *events;
	void *arg;
	struct attempt *attempt; /* CONNECTING */
	PGconn *pg;
	struct event *readable, *writable, *deadline;

	/* Statement n is prepared here in this generation, under a name that carries it. */
	unsigned prepared[SQL_COUNT];
	unsigned generation;

	/* BUSY */
	struct query *query;
	struct rows *rows;
	struct db_error error;
	bool preparing; /* the next result is that of the preparing */
	bool again;     /* prepared anew once for this query */
};

/* clang-format off */
static const bool allowed[CONN_STATE_COUNT][CONN_STATE_COUNT] = {
	[CONN_CONNECTING] = { [CONN_IDLE] = true, [CONN_CLOSED] = true },
	[CONN_IDLE]       = { [CONN_BUSY] = true, [CONN_CLOSED] = true },
	[CONN_BUSY]       = { [CONN_IDLE] = true, [CONN_CLOSED] = true },
};
/* clang-format on */

static void conn_move(struct conn *conn, enum conn_state state)
{
	assert(allowed[conn->state][state]);
	conn->state = state;
}

enum conn_state conn_state(const struct conn *conn)
{
	return conn->state;
}

static void on_connected(void *arg, PGconn *pg, const char *error);
static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_deadline(evutil_socket_t fd, short what, void *arg);

struct conn *conn_new(struct event_base *base, struct connector *connector, int connect_ms,
    const struct conn_events *events, void *arg)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->base = base;
	conn->state = CONN_CONNECTING;
	conn->events = events;
	conn->arg = arg;
	conn->generation = 1;
	conn->deadline = evtimer_new(base, on_deadline, conn);
	if (conn->deadline != NULL)
		conn->attempt = connector_start(connector, connect_ms, on_connected, conn);
	if (conn->attempt == NULL) {
		conn_free(conn);
		return NULL;
	}
	return conn;
}

/* Lets go of the socket; the struct stays. */
static void conn_close(struct conn *conn)
{
	conn_move(conn, CONN_CLOSED);
	if (conn->readable != NULL)
		event_free(conn->readable);
	if (conn->writable != NULL)
		event_free(conn->writable);
	conn->readable = conn->writable = NULL;
	event_del(conn->deadline);
	PQfinish(conn->pg);
	conn->pg = NULL;
}

static void conn_lost(struct conn *conn, const char *error)
{
	char text[sizeof(conn->error.text)];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(error, "\n"), error);
	conn_close(conn);
	conn->events->lost(conn->arg, conn, text);
}

static void on_connected(void *arg, PGconn *pg, const char *error)
{
	struct conn *conn = arg;

	conn->attempt = NULL;
	conn->pg = pg;
	if (pg == NULL) {
		conn_lost(conn, error);
		return;
	}
	conn->readable =
	    event_new(conn->base, PQsocket(pg), EV_READ | EV_PERSIST, on_readable, conn);
	conn->writable = event_new(conn->base, PQsocket(pg), EV_WRITE, on_writable, conn);
	if (conn->readable == NULL || conn->writable == NULL ||
	    event_add(conn->readable, NULL) != 0 || PQenterPipelineMode(pg) == 0) {
		conn_lost(conn, "out of memory");
		return;
	}
	conn_move(conn, CONN_IDLE);
	conn->events->ready(conn->arg, conn);
}

/* Sends what libpq has buffered; the rest goes when the socket takes more. */
static bool conn_flush(struct conn *conn)
{
	int left = PQflush(conn->pg);

	if (left == 1)
		event_add(conn->writable, NULL);
	return left >= 0;
}

/* Prepare (when new here), execute, sync: one round trip. */
static bool conn_send(struct conn *conn)
{
	const struct query *q = conn->query;
	char name[STATEMENT_NAME_BYTES];
	int formats[QUERY_MAX_PARAMS];

	snprintf(name, sizeof(name), "%s_%u", sql_name(q->sql), conn->generation);
	for (int i = 0; i < q->count; i++)
		formats[i] = 1;
	conn->preparing = conn->prepared[q->sql] != conn->generation;
	if (conn->preparing && PQsendPrepare(conn->pg, name, sql_text(q->sql), 0, NULL) == 0)
		return false;
	return PQsendQueryPrepared(
	           conn->pg, name, q->count, q->values, q->lengths, formats, 1) != 0 &&
	       PQpipelineSync(conn->pg) != 0 && conn_flush(conn);
}

void conn_run(struct conn *conn, struct query *q, int query_ms)
{
	struct timeval deadline = {query_ms / 1000, (query_ms % 1000) * 1000};

	conn_move(conn, CONN_BUSY);
	conn->query = q;
	conn->again = false;
	conn->error = (struct db_error){.kind = DB_OK};
	if (!conn_send(conn)) { /* the outcome comes from the loop, as always */
		conn->error.kind = DB_UNCERTAIN;
		snprintf(conn->error.text, sizeof(conn->error.text), "%.*s",
		    (int)strcspn(PQerrorMessage(conn->pg), "\n"), PQerrorMessage(conn->pg));
		deadline = (struct timeval){0, 0};
	}
	event_add(conn->deadline, &deadline);
}

/* The query has its outcome; clean connections become idle, others close. */
static void conn_ended(struct conn *conn, bool clean)
{
	struct query *q = conn->query;
	struct rows *rows = conn->rows;
	struct db_error error = conn->error;

	conn->query = NULL;
	conn->rows = NULL;
	if (clean) {
		event_del(conn->deadline);
		conn_move(conn, CONN_IDLE);
	} else {
		conn_close(conn);
	}
	if (error.kind != DB_OK) {
		rows_free(rows);
		rows = NULL;
	}
	conn->events->ended(conn->arg, conn, q, rows, &error);
}

static void conn_broke(struct conn *conn)
{
	const char *why = PQerrorMessage(conn->pg);

	if (conn->state == CONN_IDLE) {
		conn_lost(conn, why);
		return;
	}
	/* A FATAL result just before the end says more than the end itself. */
	if (conn->error.kind == DB_OK || conn->error.kind == DB_FAILED)
		conn->error.kind = DB_UNCERTAIN;
	if (*conn->error.text == '\0')
		snprintf(conn->error.text, sizeof(conn->error.text), "%.*s",
		    (int)strcspn(why, "\n"), why);
	conn_ended(conn, false);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->error.kind == DB_OK) {
		conn->error.kind = DB_TIMEOUT;
		snprintf(conn->error.text, sizeof(conn->error.text),
		    "no answer before the deadline");
	}
	conn_ended(conn, false);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (!conn_flush(conn))
		conn_broke(conn);
}

static enum db_error_kind kind_of(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum db_error_kind kind;
	} kinds[] = {
	    {"57014", DB_TIMEOUT},  /* statement_timeout */
	    {"57P0", DB_UNCERTAIN}, /* the server shuts down */
	    {"08", DB_UNCERTAIN},   /* connection failure */
	    {"22", DB_REJECTED},    /* data exception */
	    {"23", DB_REJECTED},    /* integrity constraint */
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strncmp(sqlstate, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	}
	return DB_FAILED;
}

static void note_error(struct conn *conn, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (conn->error.kind != DB_OK) /* the first error is the cause */
		return;
	snprintf(conn->error.sqlstate, sizeof(conn->error.sqlstate), "%s",
	    sqlstate != NULL ? sqlstate : "");
	snprintf(conn->error.text, sizeof(conn->error.text), "%s",
	    text != NULL ? text : PQresultErrorMessage(result));
	/* Without SQLSTATE it is libpq that speaks, of a broken connection. */
	conn->error.kind = sqlstate != NULL ? kind_of(sqlstate) : DB_UNCERTAIN;
}

/*
 * The statement must be prepared anew: the schema changed under it (0A000), or a pooler in
 * between lost it (26000). Nothing has been executed.
 */
static bool is_stale(const struct conn *conn)
{
	return !conn->again && (strcmp(conn->error.sqlstate, "26000") == 0 ||
	                           strcmp(conn->error.sqlstate, "0A000") == 0);
}

/* The sync was answered: the query is over. */
static void conn_synced(struct conn *conn)
{
	if (is_stale(conn)) {
		conn->again = true;
		conn->generation++;
		conn->error = (struct db_error){.kind = DB_OK};
		if (!conn_send(conn))
			conn_broke(conn);
		return;
	}
	conn_ended(conn, PQtransactionStatus(conn->pg) == PQTRANS_IDLE);
}

/* Takes one result; true when it was the sync. */
static bool take_result(struct conn *conn, PGresult *result)
{
	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
		rows_free(conn->rows);
		conn->rows = (struct rows *)result;
		return false;
	case PGRES_PIPELINE_SYNC:
		PQclear(result);
		return true;
	case PGRES_COMMAND_OK: /* prepared (which lasts, even when the rest fails), or no rows */
		if (conn->preparing)
			conn->prepared[conn->query->sql] = conn->generation;
		break;
	case PGRES_PIPELINE_ABORTED:
		break;
	case PGRES_EMPTY_QUERY:
	case PGRES_COPY_OUT:
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
	case PGRES_SINGLE_TUPLE:
	default: /* newer libpq has more, none of which is asked for */
		note_error(conn, result);
		break;
	}
	conn->preparing = false;
	PQclear(result);
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;
	int ends = 0; /* NULLs in a row: one ends a statement, two mean nothing is left */

	(void)fd;
	(void)what;
	if (PQconsumeInput(conn->pg) == 0) {
		conn_broke(conn);
		return;
	}
	while (conn->state == CONN_BUSY && ends < 2 && PQisBusy(conn->pg) == 0) {
		PGresult *result = PQgetResult(conn->pg);

		ends = result == NULL ? ends + 1 : 0;
		if (result != NULL && take_result(conn, result)) {
			conn_synced(conn);
			return;
		}
	}
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		conn_broke(conn);
}

void conn_free(struct conn *conn)
{
	if (conn == NULL)
		return;
	connector_cancel(conn->attempt);
	if (conn->deadline != NULL && conn->state != CONN_CLOSED)
		conn_close(conn);
	if (conn->deadline != NULL)
		event_free(conn->deadline);
	rows_free(conn->rows);
	free(conn);
}
