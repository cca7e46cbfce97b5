/*
 * conn_send: one transaction as a pipeline, so that all of it is one round trip.
 *
 *	settings -> guard -> prepare, execute -> sync [-> log position -> sync]
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "conn_impl.h"

#define STATEMENT_NAME_BYTES 80
#define MAX_WIRE_PARAMS      (QUERY_MAX_PARAMS * SQL_GATHERED_MAX)

/* The parameters of one execution. */
struct params {
	int count;
	const char *const *values;
	const int *lengths;
	const int *formats;
};

static void expect(struct conn *conn, enum answer answer, enum sql_id sql, int class_index)
{
	conn->expected[conn->expected_count++] =
	    (struct expected){.answer = answer, .sql = sql, .class_index = class_index};
}

/* Execute, and prepare before when it is new here. */
static bool send_statement(struct conn *conn, enum answer answer, enum sql_id sql,
    int class_index, int row_params, const struct params *params)
{
	const char *text = sql_text_rows(sql, class_index, row_params);
	char name[STATEMENT_NAME_BYTES];

	if (conn->config->unprepared) {
		expect(conn, answer, sql, class_index);
		return PQsendQueryParams(conn->pg, text, params->count, NULL, params->values,
		           params->lengths, params->formats, 1) != 0;
	}
	snprintf(name, sizeof(name), "%s_%d_%u", sql_name(sql), sql_class_rows(class_index),
	    conn->generation);
	if (conn->prepared[sql][class_index] != conn->generation) {
		/* Now, for it may be executed twice in one transaction. */
		conn->prepared[sql][class_index] = conn->generation;
		expect(conn, ANSWER_PREPARED, sql, class_index);
		if (PQsendPrepare(conn->pg, name, text, 0, NULL) == 0)
			return false;
	}
	expect(conn, answer, sql, class_index);
	return PQsendQueryPrepared(conn->pg, name, params->count, params->values,
	           params->lengths, params->formats, 1) != 0;
}

static bool send_settings(struct conn *conn, const struct query *q)
{
	static const int formats[2] = {0, 0};

	for (int i = 0; i < q->setting_count; i++) {
		const char *values[2] = {q->settings[i].name, q->settings[i].value};
		const struct params params = {2, values, formats, formats};

		if (!send_statement(conn, ANSWER_SETTING, SQL_setting, 0, 2, &params))
			return false;
	}
	return true;
}

/* An error here keeps a replica that is behind from answering. */
static bool send_guard(struct conn *conn, const struct query *q)
{
	static const int length = sizeof(uint64_t), format = 1;
	uint64_t wire = htobe64(q->must_see);
	const char *value = (const char *)&wire;
	const struct params params = {1, &value, &length, &format};

	return q->must_see == 0 ||
	       send_statement(conn, ANSWER_GUARD, SQL_replayed, 0, 1, &params);
}

/* The parameters of all queries, one after the other; rows that are missing are NULL. */
static bool send_queries(struct conn *conn)
{
	const char *values[MAX_WIRE_PARAMS];
	int lengths[MAX_WIRE_PARAMS], formats[MAX_WIRE_PARAMS];
	const struct query *first = TAILQ_FIRST(conn->queries), *q;
	int count = 0, rows = 0;

	TAILQ_FOREACH (q, conn->queries, link) {
		for (int i = 0; i < first->count; i++, count++) {
			values[count] = q->values[i];
			lengths[count] = q->lengths[i];
			formats[count] = 1;
		}
		rows++;
	}
	int class_index = sql_class_for(rows);

	for (int all = sql_class_rows(class_index) * first->count; count < all; count++) {
		values[count] = NULL;
		lengths[count] = 0;
		formats[count] = 1;
	}
	const struct params params = {count, values, lengths, formats};

	return send_statement(
	    conn, ANSWER_ROWS, first->sql, class_index, first->count, &params);
}

static bool send_position(struct conn *conn)
{
	static const struct params none = {0, NULL, NULL, NULL};

	if (!conn->config->wants_lsn || sql_is_read(TAILQ_FIRST(conn->queries)->sql))
		return true;
	conn->written = QUERY_WRITTEN_UNKNOWN;
	return send_statement(conn, ANSWER_LSN, SQL_written, 0, 0, &none) &&
	       conn_send_sync(conn);
}

bool conn_send_sync(struct conn *conn)
{
	expect(conn, ANSWER_SYNC, 0, 0);
	return PQpipelineSync(conn->pg) != 0;
}

/* Sends what libpq has buffered; the rest goes when the socket takes more. */
bool conn_flush(struct conn *conn)
{
	int left = PQflush(conn->pg);

	if (left == 1)
		event_add(conn->writable, NULL);
	return left >= 0;
}

bool conn_send(struct conn *conn)
{
	const struct query *q = TAILQ_FIRST(conn->queries);

	conn->expected_count = conn->expected_next = 0;
	conn->settled = false;
	return send_settings(conn, q) && send_guard(conn, q) && send_queries(conn) &&
	       conn_send_sync(conn) && send_position(conn) && conn_flush(conn);
}
