/* sessions: the statements on sessions. */
#include "sessions.h"

#include <string.h>

#include "lexicon.h"

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

/* And what parts/session_columns.sql adds. */
static void read_state(const struct rows *rows, int row, struct session *session)
{
	read_common(rows, row, session);
	session->status = rows_text(rows, row, 4, NULL);
	session->merged_into = rows_text(rows, row, 5, NULL);
	session->current = rows_bool(rows, row, 6);
}

void session_create_ask(struct query *q, const struct principal *who, const char *id,
    size_t id_len, const char *name, size_t name_len)
{
	query_init_who(q, SQL_session_create, who);
	query_text(q, id, id_len);
	query_text(q, name, name_len);
}

void session_create_read(const struct rows *rows, struct session *session)
{
	read_state(rows, 0, session);
	session->made = rows_bool(rows, 0, 7);
}

void session_info_ask(
    struct query *q, const struct principal *who, const char *id, size_t id_len)
{
	query_init_who(q, SQL_session_info, who);
	query_text(q, id, id_len);
}

bool session_info_read(const struct rows *rows, struct session *session)
{
	if (rows_count(rows) == 0)
		return false;
	read_state(rows, 0, session);
	session->memories = rows_int(rows, 0, 7);
	session->first_us = rows_time(rows, 0, 8);
	session->last_us = rows_time(rows, 0, 9);
	return true;
}

void session_change_ask(struct query *q, const struct principal *who, const char *id,
    const char *name, const char *status, bool enter)
{
	query_init_who(q, SQL_session_change, who);
	query_string(q, id);
	query_string(q, name);
	query_string(q, status);
	query_bool(q, enter);
}

bool session_change_read(const struct rows *rows, struct session *session)
{
	if (rows_count(rows) == 0)
		return false;
	read_state(rows, 0, session);
	return true;
}

void session_list_ask(struct query *q, const struct principal *who, int32_t limit)
{
	query_init_who(q, SQL_session_list, who);
	query_int4(q, limit);
}

void session_list_read(const struct rows *rows, int row, struct session *session)
{
	read_state(rows, row, session);
	session->memories = rows_int(rows, row, 7);
}

/* The words as they are, and as terms. False: out of memory. */
static bool add_words(struct query *q, const struct principal *who, const char *words)
{
	query_string(q, words);
	return lexicon_add_words(q, who->namespace, words, words != NULL ? strlen(words) : 0);
}

bool session_find_ask(struct query *q, const struct principal *who,
    const struct session_filter *filter, int64_t behind_us, const char *behind_id,
    int32_t limit)
{
	query_init_who(q, SQL_session_find, who);
	query_int4(q, limit);
	query_time(q, behind_us);
	query_string(q, behind_id);
	query_string(q, filter->status);
	query_time(q, filter->from_us);
	query_time(q, filter->to_us);
	return add_words(q, who, filter->words);
}

void session_dissolve_ask(
    struct query *q, const struct principal *who, const char *id, const char *into, bool remove)
{
	query_init_who(q, SQL_session_dissolve, who);
	query_string(q, id);
	query_string(q, into);
	query_bool(q, remove);
	query_uuid(q, who->has_key ? who->key_id : NULL);
}

void session_dissolve_read(const struct rows *rows, struct session_dissolved *dissolved)
{
	dissolved->found = rows_bool(rows, 0, 0);
	dissolved->both_found = rows_bool(rows, 0, 1);
	dissolved->memories = rows_int(rows, 0, 2);
	dissolved->removed = rows_bool(rows, 0, 3);
}

void session_page_ask(struct query *q, const struct principal *who, int64_t behind_us,
    const char *behind_id, int32_t limit)
{
	query_init_for(q, SQL_session_page, who->namespace);
	query_time(q, behind_us);
	query_string(q, behind_id);
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
