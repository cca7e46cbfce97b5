/* sessions: the statements on sessions. */
#include "sessions.h"

#include <string.h>

/* The columns every session statement starts with. */
static void read_common(const struct rows *rows, int row, struct session *session)
{
	*session = (struct session){.first_us = ROWS_NO_TIME, .last_us = ROWS_NO_TIME};
	session->id = rows_text(rows, row, 0, NULL);
	session->name =
	    rows_is_null(rows, row, 1) ? session->id : rows_text(rows, row, 1, NULL);
	session->created_us = rows_time(rows, row, 2);
	session->active_us = rows_time(rows, row, 3);
}

void session_create_ask(struct query *q, const struct principal *who, const char *id,
    size_t id_len, const char *name, size_t name_len)
{
	query_init_for(q, SQL_session_create, who->namespace);
	query_text(q, id, id_len);
	query_text(q, name, name_len);
}

void session_create_read(const struct rows *rows, struct session *session)
{
	read_common(rows, 0, session);
	session->made = rows_bool(rows, 0, 4);
}

void session_info_ask(
    struct query *q, const struct principal *who, const char *id, size_t id_len)
{
	query_init_for(q, SQL_session_info, who->namespace);
	query_text(q, id, id_len);
}

bool session_info_read(const struct rows *rows, struct session *session)
{
	if (rows_count(rows) == 0)
		return false;
	read_common(rows, 0, session);
	session->memories = rows_int(rows, 0, 4);
	session->first_us = rows_time(rows, 0, 5);
	session->last_us = rows_time(rows, 0, 6);
	return true;
}

void session_list_ask(struct query *q, const struct principal *who, int32_t limit)
{
	query_init_for(q, SQL_session_list, who->namespace);
	query_int4(q, limit);
}

void session_list_read(const struct rows *rows, int row, struct session *session)
{
	read_common(rows, row, session);
	session->memories = rows_int(rows, row, 4);
}

void session_page_ask(struct query *q, const struct principal *who, int64_t behind_us,
    const char *behind_id, int32_t limit)
{
	query_init_for(q, SQL_session_page, who->namespace);
	query_time(q, behind_us);
	query_text(q, behind_id, strlen(behind_id));
	query_int4(q, limit);
}

void session_page_read(const struct rows *rows, int row, struct session *session)
{
	read_common(rows, row, session);
}

void session_prefix_ask(
    struct query *q, const struct principal *who, const char *prefix, size_t len, int32_t limit)
{
	query_init_for(q, SQL_session_prefix, who->namespace);
	query_text(q, prefix, len);
	query_int4(q, limit);
}

const char *session_prefix_read(const struct rows *rows, int row, int64_t *total)
{
	*total = rows_int(rows, row, 1);
	return rows_text(rows, row, 0, NULL);
}
