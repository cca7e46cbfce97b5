/* feed: the statements on changes and notes. */
#include "feed.h"

void feed_ask(struct query *q, const struct principal *who, const struct feed_place *behind,
    int32_t limit)
{
	query_init_who(q, SQL_change_list, who);
	query_int8(q, (int64_t)behind->xid);
	query_int8(q, behind->seq);
	query_uuid(q, behind->id);
	query_int4(q, limit);
	query_int4(q, FEED_SNIPPET_CHARACTERS);
}

bool feed_is_foreign(const struct rows *rows)
{
	return rows_bool(rows, 0, 0);
}

/* One row is always there; it is empty when nothing changed. */
int feed_count(const struct rows *rows)
{
	return rows_is_null(rows, 0, 1) ? 0 : rows_count(rows);
}

void feed_read(const struct rows *rows, int row, struct feed_change *change)
{
	rows_uuid(rows, row, 1, change->id);
	rows_uuid_bytes(rows, row, 1, change->place.id);
	change->place.xid = (uint64_t)rows_int(rows, row, 2);
	change->place.seq = rows_int(rows, row, 3);
	change->kind = rows_text(rows, row, 4, NULL);
	change->agent = rows_text(rows, row, 5, NULL);
	change->session_id = rows_text(rows, row, 6, NULL);
	change->created_us = rows_time(rows, row, 7);
	change->updated_us = rows_time(rows, row, 8);
	change->snippet = rows_text(rows, row, 9, NULL);
}

void handoff_leave_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const char *to_agent, const char *note)
{
	query_init_who(q, SQL_handoff_leave, who);
	query_uuid(q, id);
	query_string(q, to_agent);
	query_string(q, note);
}

void handoff_fetch_ask(struct query *q, const struct principal *who, int32_t limit)
{
	query_init_who(q, SQL_handoff_fetch, who);
	query_int4(q, limit);
}

void handoff_list_ask(struct query *q, const struct principal *who, int32_t limit)
{
	query_init_who(q, SQL_handoff_list, who);
	query_int4(q, limit);
}

void handoff_read(const struct rows *rows, int row, struct handoff *handoff)
{
	rows_uuid(rows, row, 0, handoff->id);
	handoff->from_agent = rows_text(rows, row, 1, NULL);
	handoff->note = rows_text(rows, row, 2, NULL);
	handoff->created_us = rows_time(rows, row, 3);
	handoff->fetched_us = rows_time(rows, row, 4);
}
