/* conn_read: the answers to a pipeline, each to what it answers. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "conn_impl.h"
#include "rows.h"
#include "rows_impl.h"

static enum db_error_kind kind_of(const char *sqlstate)
{
	static const struct {
		const char *prefix;
		enum db_error_kind kind;
	} kinds[] = {
	    {"57014", DB_TIMEOUT},   /* statement_timeout */
	    {"57P0", DB_UNCERTAIN},  /* the server shuts down */
	    {"08", DB_UNCERTAIN},    /* connection failure */
	    {"25006", DB_READ_ONLY}, /* a standby, or a primary that was demoted */
	    {"40", DB_CONFLICT},     /* serialisation failure, deadlock */
	    {"53", DB_EXHAUSTED},    /* disk full, out of memory */
	    {"22", DB_REJECTED},     /* data exception */
	    {"23", DB_REJECTED},     /* integrity constraint */
	    {"21", DB_REJECTED},     /* two rows of a group with one key */
	    {"54", DB_REJECTED},     /* too large for an index or a row */
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strncmp(sqlstate, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].kind;
	}
	return DB_FAILED;
}

static void note_error(struct conn *conn, const PGresult *result, enum answer answer)
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
	if (answer == ANSWER_GUARD && conn->error.kind == DB_REJECTED)
		conn->error.kind = DB_BEHIND;
}

/* It lasts, even when the rest of the transaction fails; if it failed itself, it is sent again. */
static void note_prepared(struct conn *conn, const struct expected *expected, bool ok)
{
	if (ok)
		conn->prepared_count++;
	else
		conn->prepared[expected->sql][expected->class_index] = 0;
}

static void note_position(struct conn *conn, const PGresult *result)
{
	uint64_t wire;

	memcpy(&wire, PQgetvalue(result, 0, 0), sizeof(wire));
	conn->written = be64toh(wire);
}

/* Tuples, of whichever statement it was. Takes the result. */
static void take_tuples(struct conn *conn, enum answer answer, PGresult *result)
{
	if (answer == ANSWER_ROWS) {
		rows_free(conn->rows);
		conn->rows = rows_new(result);
		return;
	}
	if (answer == ANSWER_LSN && PQntuples(result) == 1)
		note_position(conn, result);
	PQclear(result);
}

static void take_error(struct conn *conn, enum answer answer, PGresult *result)
{
	if (!conn->settled)
		note_error(conn, result, answer);
	PQclear(result);
}

bool conn_take_result(struct conn *conn, PGresult *result)
{
	const struct expected *expected = &conn->expected[conn->expected_next];
	ExecStatusType status = PQresultStatus(result);

	/* No switch: newer versions of libpq have more, none of which is asked for. */
	if (status == PGRES_PIPELINE_SYNC)
		conn->settled = true;
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) /* prepared, or no rows */
		take_tuples(conn, expected->answer, result);
	else if (status == PGRES_PIPELINE_SYNC || status == PGRES_PIPELINE_ABORTED)
		PQclear(result);
	else
		take_error(conn, expected->answer, result);
	if (expected->answer == ANSWER_PREPARED)
		note_prepared(conn, expected, status == PGRES_COMMAND_OK);
	/* A commit that fails is an error before its sync. */
	if (expected->answer != ANSWER_SYNC || status == PGRES_PIPELINE_SYNC)
		conn->expected_next++;
	return conn->expected_next == conn->expected_count;
}
