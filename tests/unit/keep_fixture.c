/* keep_fixture: asks, waits, and compares what came back. */
#include "keep_fixture.h"

#include <stdio.h>
#include <string.h>

struct pool *pool;
struct waiting w[MANY];

int with_keep(void **state, const struct pool_config *config)
{
	(void)state;
	pool = make(config);
	run(pool, SQL_keep_drop, -1);
	return run(pool, SQL_keep_make, -1) != DB_OK;
}

int with_one_connection(void **state)
{
	const struct pool_config config = usual(1);

	return with_keep(state, &config);
}

int with_several_connections(void **state)
{
	struct pool_config config = usual(6);

	config.least = 6;
	if (with_keep(state, &config) != 0)
		return 1;
	WAIT_FOR(open_connections(pool) == 6);
	return 0;
}

int without_pool(void **state)
{
	(void)state;
	pool_free(pool);
	return 0;
}

void prepare_keep(struct waiting *k, int id, const char *label, int number)
{
	unsigned char uuid[16] = {1};

	memcpy(uuid + 12, &id, sizeof(id));
	prepare(k, SQL_keep, -1);
	k->q.namespace = "a";
	query_uuid(&k->q, uuid);
	query_text(&k->q, label, strlen(label));
	query_int4(&k->q, number);
}

void keep(struct waiting *k, int id, const char *label, int number)
{
	prepare_keep(k, id, label, number);
	ask(pool, k);
}

void keep_row(int i)
{
	keep(&w[i], i, "plain", i);
}

void hold(struct waiting *holder)
{
	start(pool, holder, SQL_doze, 100);
}

struct kept read_kept(const struct waiting *k)
{
	struct kept kept = {-1, -1, ""};

	assert_int_equal(k->error.kind, DB_OK);
	assert_int_equal(rows_count(k->rows), 1);
	kept.number = rows_int(k->rows, 0, 1);
	kept.transaction = rows_int(k->rows, 0, 2);
	if (!rows_is_null(k->rows, 0, 3))
		snprintf(kept.mark, sizeof(kept.mark), "%s", rows_text(k->rows, 0, 3, NULL));
	return kept;
}

int finish_rows(int count)
{
	static int64_t transactions[MANY];
	int different = 0;

	for (int i = 0; i < count; i++) {
		await(&w[i]);
		struct kept kept = read_kept(&w[i]);
		int known = 0;

		assert_int_equal(kept.number, i);
		while (known < different && transactions[known] != kept.transaction)
			known++;
		transactions[known] = kept.transaction;
		different += known == different;
		finish(&w[i]);
	}
	return different;
}

void assert_stored(int count)
{
	assert_int_equal(run_for_number(pool, SQL_keep_count, -1), count);
}
