/* conn: the state machine of one connection. */
#include "conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "cancel.h"
#include "conn_impl.h"
#include "connector.h"
#include "pool.h"
#include "rows.h"

#define CANCEL_AGAIN_MS 50

/* clang-format off */
static const bool allowed[CONN_STATE_COUNT][CONN_STATE_COUNT] = {
	[CONN_CONNECTING] = { [CONN_IDLE] = true, [CONN_CLOSED] = true },
	[CONN_IDLE]       = { [CONN_BUSY] = true, [CONN_TESTING] = true, [CONN_CLOSED] = true },
	[CONN_BUSY]       = { [CONN_IDLE] = true, [CONN_CANCELLING] = true, [CONN_CLOSED] = true },
	[CONN_CANCELLING] = { [CONN_TESTING] = true, [CONN_CLOSED] = true },
	[CONN_TESTING]    = { [CONN_IDLE] = true, [CONN_CLOSED] = true },
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

struct conn *conn_new(struct event_base *base, struct connector *connector,
    const struct conn_config *config, const struct conn_events *events, void *arg)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->base = base;
	conn->state = CONN_CONNECTING;
	conn->config = config;
	conn->events = events;
	conn->arg = arg;
	conn->generation = 1;
	conn->deadline = evtimer_new(base, on_deadline, conn);
	if (conn->deadline != NULL)
		conn->attempt =
		    connector_start(connector, config->connect_ms, on_connected, conn);
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
	cancel_free(conn->cancel);
	conn->cancel = NULL;
	if (conn->again_cancel != NULL)
		event_free(conn->again_cancel);
	conn->again_cancel = NULL;
	if (conn->readable != NULL)
		event_free(conn->readable);
	if (conn->writable != NULL)
		event_free(conn->writable);
	conn->readable = conn->writable = NULL;
	event_del(conn->deadline);
	PQfinish(conn->pg);
	conn->pg = NULL;
}

/* The first line of what libpq says; the later ones repeat it. */
static void copy_error(char text[], size_t size, const char *error)
{
	if (*error == '\0')
		error = "the connection broke";
	snprintf(text, size, "%.*s", (int)strcspn(error, "\n"), error);
}

static void conn_lost(struct conn *conn, const char *error)
{
	char text[sizeof(conn->error.text)];

	copy_error(text, sizeof(text), error);
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

static void set_deadline(struct conn *conn, int ms)
{
	const struct timeval deadline = {ms / 1000, (ms % 1000) * 1000};

	event_add(conn->deadline, &deadline);
}

static void note_broken(struct conn *conn)
{
	conn->error.kind = DB_UNCERTAIN;
	if (*conn->error.text == '\0')
		copy_error(
		    conn->error.text, sizeof(conn->error.text), PQerrorMessage(conn->pg));
}

/*
 * What could not be sent ends from the loop, as always. Until then libpq may have closed its
 * descriptor, which is soon another one's.
 */
static void end_soon(struct conn *conn)
{
	event_del(conn->readable);
	event_del(conn->writable);
	set_deadline(conn, 0);
}

void conn_run(struct conn *conn, const struct query_list *queries, int query_ms)
{
	conn_move(conn, CONN_BUSY);
	conn->queries = queries;
	conn->again = false;
	conn->written = 0;
	conn->error = (struct db_error){.kind = DB_OK};
	set_deadline(conn, query_ms);
	if (!conn_send(conn)) {
		note_broken(conn);
		end_soon(conn);
	}
}

/* Sends a sync alone. */
void conn_test(struct conn *conn, int test_ms)
{
	conn_move(conn, CONN_TESTING);
	conn->expected_count = conn->expected_next = 0;
	set_deadline(conn, test_ms);
	if (!conn_send_sync(conn) || !conn_flush(conn))
		end_soon(conn);
}

/* What ran has its outcome; clean connections become idle, others close. */
static void conn_ended(struct conn *conn, bool clean)
{
	struct rows *rows = conn->rows;
	struct db_error error = conn->error;

	conn->queries = NULL;
	conn->rows = NULL;
	if (conn->state == CONN_BUSY && clean) {
		event_del(conn->deadline);
		conn_move(conn, CONN_IDLE);
	} else if (conn->state == CONN_BUSY) {
		conn_close(conn);
	}
	if (error.kind == DB_OK && rows == NULL)
		error =
		    (struct db_error){.kind = DB_UNCERTAIN, .text = "out of memory for rows"};
	if (error.kind != DB_OK) {
		rows_free(rows);
		rows = NULL;
	}
	conn->events->ended(conn->arg, conn, rows, &error, conn->written);
}

static void conn_broke(struct conn *conn)
{
	if (conn->state != CONN_BUSY) {
		conn_lost(conn, PQerrorMessage(conn->pg));
		return;
	}
	/* A FATAL result just before the end says more than the end itself. */
	if (!conn->settled && (conn->error.kind == DB_OK || conn->error.kind == DB_FAILED))
		note_broken(conn);
	conn_ended(conn, false);
}

/* --- cancelling --- */

/* The cancelling is over and what was cancelled has been answered: a round trip proves that it is clean. */
static void test_when_over(struct conn *conn)
{
	if (conn->cancel != NULL || conn->expected_next < conn->expected_count)
		return;
	rows_free(conn->rows);
	conn->rows = NULL;
	event_free(conn->again_cancel);
	conn->again_cancel = NULL;
	conn_test(conn, conn->config->cancel_ms);
}

/*
 * PostgreSQL drops a cancel that finds the backend before its statement, so one that had no
 * effect is sent again.
 */
static void on_cancel_over(void *arg)
{
	static const struct timeval again = {0, CANCEL_AGAIN_MS * 1000};
	struct conn *conn = arg;

	cancel_free(conn->cancel);
	conn->cancel = NULL;
	if (conn->expected_next < conn->expected_count)
		event_add(conn->again_cancel, &again);
	test_when_over(conn);
}

static void on_cancel_again(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	conn->cancel = cancel_start(conn->base, conn->pg, on_cancel_over, conn);
}

void conn_cancel(struct conn *conn)
{
	conn->queries = NULL;
	conn->again_cancel = evtimer_new(conn->base, on_cancel_again, conn);
	/* What PostgreSQL does not have yet, it cannot stop: it would run when the rest has come. */
	if (conn->again_cancel != NULL && !event_pending(conn->writable, EV_WRITE, NULL))
		conn->cancel = cancel_start(conn->base, conn->pg, on_cancel_over, conn);
	if (conn->cancel == NULL) {
		conn_close(conn);
		return;
	}
	conn_move(conn, CONN_CANCELLING);
	set_deadline(conn, conn->config->cancel_ms);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (conn->state != CONN_BUSY) {
		conn_lost(conn, "no answer before the deadline");
		return;
	}
	if (conn->settled ||
	    conn->error.kind == DB_UNCERTAIN) { /* or it could not even be sent */
		conn_ended(conn, false);
		return;
	}
	conn->error.kind = DB_TIMEOUT;
	snprintf(conn->error.text, sizeof(conn->error.text), "no answer before the deadline");
	conn_cancel(conn);
	conn_ended(conn, false);
}

/* --- reading --- */

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *conn = arg;

	(void)fd;
	(void)what;
	if (!conn_flush(conn))
		conn_broke(conn);
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

/* Everything that was sent has been answered. */
static void conn_answered(struct conn *conn)
{
	bool clean = PQtransactionStatus(conn->pg) == PQTRANS_IDLE;

	if (conn->state == CONN_CANCELLING) {
		test_when_over(conn);
	} else if (conn->state == CONN_TESTING && !clean) {
		conn_lost(conn, "a transaction was left open");
	} else if (conn->state == CONN_TESTING) {
		event_del(conn->deadline);
		conn_move(conn, CONN_IDLE);
		conn->events->ready(conn->arg, conn);
	} else if (is_stale(conn)) {
		conn->again = true;
		conn->generation++;
		conn->prepared_count = 0;
		conn->error = (struct db_error){.kind = DB_OK};
		if (!conn_send(conn))
			conn_broke(conn);
	} else {
		conn_ended(conn, clean);
	}
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
	while (
	    conn->expected_next < conn->expected_count && ends < 2 && PQisBusy(conn->pg) == 0) {
		PGresult *result = PQgetResult(conn->pg);

		ends = result == NULL ? ends + 1 : 0;
		if (result != NULL && conn_take_result(conn, result)) {
			conn_answered(conn);
			return;
		}
	}
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		conn_broke(conn);
}

void conn_kill(struct conn *conn)
{
	conn_close(conn);
}

void conn_describe(const struct conn *conn, struct connection_info *info)
{
	const char *host = conn->pg != NULL ? PQhost(conn->pg) : NULL;
	const char *port = conn->pg != NULL ? PQport(conn->pg) : NULL;

	snprintf(info->host, sizeof(info->host), "%s", host != NULL ? host : "");
	snprintf(info->port, sizeof(info->port), "%s", port != NULL ? port : "");
	info->user = conn->pg != NULL ? PQuser(conn->pg) : "";
	info->database = conn->pg != NULL ? PQdb(conn->pg) : "";
	info->backend_pid = conn->pg != NULL ? PQbackendPID(conn->pg) : 0;
	info->tls = conn->pg != NULL && PQsslInUse(conn->pg) != 0;
	info->prepared = conn->prepared_count;
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
