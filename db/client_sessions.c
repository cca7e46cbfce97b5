/* client_sessions: statements and rows. */
#include "client_sessions.h"

void secret_find_ask(struct query *q, const char *name)
{
	query_init(q, SQL_secret_find);
	query_string(q, name);
}

const char *secret_find_read(const struct rows *rows)
{
	return rows_count(rows) > 0 ? rows_text(rows, 0, 0, NULL) : NULL;
}

void client_session_end_ask(
    struct query *q, const struct principal *who, const char *id, int32_t lifetime_s)
{
	query_init(q, SQL_client_session_end);
	query_string(q, id);
	query_string(q, who->namespace);
	query_int4(q, lifetime_s);
}

void client_session_ended_ask(struct query *q, int32_t limit)
{
	query_init(q, SQL_client_session_ended);
	query_int4(q, limit);
}

const char *client_session_ended_read(const struct rows *rows, int row)
{
	return rows_text(rows, row, 0, NULL);
}

void client_session_subscribe_ask(struct query *q, const struct principal *who, const char *id,
    const char *uri, int32_t limit)
{
	query_init(q, SQL_client_session_subscribe);
	query_string(q, id);
	query_string(q, who->namespace);
	query_string(q, uri);
	query_int4(q, limit);
}

bool client_session_subscribe_read(const struct rows *rows)
{
	return rows_count(rows) > 0;
}

void client_session_unsubscribe_ask(struct query *q, const char *id, const char *uri)
{
	query_init(q, SQL_client_session_unsubscribe);
	query_string(q, id);
	query_string(q, uri);
}

void client_session_level_ask(
    struct query *q, const struct principal *who, const char *id, const char *level)
{
	query_init(q, SQL_client_session_level);
	query_string(q, id);
	query_string(q, who->namespace);
	query_string(q, level);
}

void client_session_find_ask(struct query *q, const char *id)
{
	query_init(q, SQL_client_session_find);
	query_string(q, id);
}

void client_session_find_read(
    const struct rows *rows, int row, struct client_session_row *session)
{
	session->log_level = rows_text(rows, row, 0, NULL);
	session->ended = rows_bool(rows, row, 1);
	session->uri = rows_text(rows, row, 2, NULL);
}
