/* gather: from one result to each query's own. */
#include "gather.h"

#include <string.h>
#include <sys/queue.h>

#include "rows.h"
#include "rows_impl.h"

struct db_error gather_error_for(const struct query *q, const struct db_error *error)
{
	struct db_error own = *error;

	if (q->lost && own.kind != DB_OK)
		own.kind = DB_UNCERTAIN;
	return own;
}

static void end(struct query_list *queries, struct query *q, struct rows *rows,
    const struct db_error *error)
{
	TAILQ_REMOVE(queries, q, link);
	q->place = QUERY_NOWHERE;
	const struct db_error own = gather_error_for(q, error);

	q->done(q->done_arg, rows, &own);
}

/* The row that begins with the query's own uuid; in most cases the one where it is looked for first. */
static int find_row(const struct rows *rows, const struct query *q, int likely)
{
	int count = rows_count(rows);
	unsigned char id[16];

	for (int i = 0; i < count; i++) {
		int row = (likely + i) % count;

		rows_uuid_bytes(rows, row, 0, id);
		if (memcmp(id, q->values[0], sizeof(id)) == 0)
			return row;
	}
	return -1;
}

void gather_deliver(
    struct query_list *queries, bool gathered, struct rows *rows, const struct db_error *error)
{
	struct query *q = TAILQ_FIRST(queries);
	static const struct db_error no_memory = {
	    .kind = DB_UNCERTAIN, .text = "out of memory for an outcome"};
	int likely = 0;

	if (q != NULL && !gathered) {
		end(queries, q, rows, error);
		return;
	}
	while ((q = TAILQ_FIRST(queries)) != NULL) {
		struct rows *own = NULL;

		if (rows != NULL) {
			int row = find_row(rows, q, likely);

			own = rows_part(rows, row < 0 ? 0 : row, row >= 0);
			likely = row + 1;
		}
		end(queries, q, own, rows != NULL && own == NULL ? &no_memory : error);
	}
	rows_free(rows);
}
