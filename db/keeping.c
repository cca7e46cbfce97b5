/* keeping: the statements of housekeeping. */
#include "keeping.h"

#include "text.h"

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
	struct terms terms = {0};
	unsigned char id[16];
	bool ok = true;

	for (int col = 1; ok && col <= 2; col++) {
		size_t len;
		const char *text = rows_text(unindexed, row, col, &len);

		ok = terms_add_text(&terms, text, len);
	}
	rows_uuid_bytes(unindexed, row, 0, id);
	query_init(q, SQL_keep_index);
	query_uuid(q, id);
	query_int4(q, (int32_t)rows_int(unindexed, row, 3));
	query_int4_array(q, terms.items, terms.count);
	terms_fini(&terms);
	return ok;
}

void keep_vectors_ask(struct query *q, int32_t limit)
{
	init_limited(q, SQL_keep_vectors, limit);
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
