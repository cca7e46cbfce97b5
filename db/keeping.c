/* keeping: the statements of housekeeping. */
#include "keeping.h"

#include "embedding.h"
#include "lexicon.h"

static void init_limited(struct query *q, enum sql_id sql, int32_t limit)
{
	query_init(q, sql);
	query_int4(q, limit);
}

void keep_expire_ask(struct query *q, int32_t limit)
{
	init_limited(q, SQL_keep_expire, limit);
}

void keep_unindexed_ask(struct query *q, int32_t limit)
{
	init_limited(q, SQL_keep_unindexed, limit);
}

bool keep_index_ask(struct query *q, const struct rows *unindexed, int row)
{
	struct lexicon_source source = {.event_us = rows_time(unindexed, row, 4)};
	unsigned char id[16];

	source.user_input = rows_text(unindexed, row, 1, &source.user_input_len);
	source.assistant_response =
	    rows_text(unindexed, row, 2, &source.assistant_response_len);
	rows_uuid_bytes(unindexed, row, 0, id);
	query_init(q, SQL_keep_index);
	query_uuid(q, id);
	query_int4(q, (int32_t)rows_int(unindexed, row, 3));
	return lexicon_add(q, rows_text(unindexed, row, 5, NULL), &source);
}

void keep_lexicon_ask(struct query *q, int32_t limit)
{
	init_limited(q, SQL_keep_lexicon, limit);
}

int64_t keep_lexicon_read(const struct rows *rows)
{
	return rows_int(rows, 0, 0);
}

void keep_vectors_ask(struct query *q, int32_t limit)
{
	init_limited(q, SQL_keep_vectors, limit);
	query_float8(q, KURTOSIS_NORMAL);
	query_float8(q, KURTOSIS_UNIFORM);
	query_float8(q, KURTOSIS_NEAR);
}

void keep_feed_ask(struct query *q)
{
	query_init(q, SQL_keep_feed);
}

void retention_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct retention *retention)
{
	query_init_who(q, SQL_retention, who);
	query_time(q, retention->older_us);
	query_time(q, retention->idle_us);
	if (retention->keep_latest < 0)
		query_null(q);
	else
		query_int8(q, retention->keep_latest);
	query_time(q, retention->purge_us);
	query_bool(q, retention->dry);
	query_uuid(q, id);
	query_string(q, retention->json);
}

void retention_read(const struct rows *rows, struct retention_counts *counts)
{
	counts->all = rows_int(rows, 0, 0);
	counts->old = rows_int(rows, 0, 1);
	counts->idle = rows_int(rows, 0, 2);
	counts->beyond = rows_int(rows, 0, 3);
	counts->purged = rows_int(rows, 0, 4);
}
