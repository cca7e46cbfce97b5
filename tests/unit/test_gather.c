/* gather: writes that wait become one transaction, and each has its own outcome. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line.h"
#include "pool_fixture.h"

#define A_GROUP 20

static struct pool *pool;
static struct waiting w[MANY];

/* What SQL_keep returned for one. */
struct kept {
	int64_t number, transaction;
	char mark[32];
};

static int with_pool(void **state, const struct pool_config *config)
{
	(void)state;
	pool = make(config);
	run(pool, SQL_keep_drop, -1);
	return run(pool, SQL_keep_make, -1) != DB_OK;
}

static int with_one_connection(void **state)
{
	const struct pool_config config = usual(1);

	return with_pool(state, &config);
}

static int with_several_connections(void **state)
{
	struct pool_config config = usual(6);

	config.least = 6;
	if (with_pool(state, &config) != 0)
		return 1;
	WAIT_FOR(open_connections(pool) == 6);
	return 0;
}

static int without_pool(void **state)
{
	(void)state;
	pool_free(pool);
	return 0;
}

static void prepare_keep(struct waiting *k, int id, const char *label, int number)
{
	unsigned char uuid[16] = {1};

	memcpy(uuid + 12, &id, sizeof(id));
	prepare(k, SQL_keep, -1);
	k->q.namespace = "a";
	query_uuid(&k->q, uuid);
	query_text(&k->q, label, strlen(label));
	query_int4(&k->q, number);
}

static void keep(struct waiting *k, int id, const char *label, int number)
{
	prepare_keep(k, id, label, number);
	ask(pool, k);
}

/* Row i of those that are sent one after the other. */
static void keep_row(int i)
{
	keep(&w[i], i, "plain", i);
}

/* While it lasts, everything waits. */
static void hold(struct waiting *holder)
{
	start(pool, holder, SQL_doze, 100);
}

static struct kept read_kept(const struct waiting *k)
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

/* Each has its own outcome; how many transactions it took. */
static int finish_rows(int count)
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

static void assert_stored(int count)
{
	assert_int_equal(run_for_number(pool, SQL_keep_count, -1), count);
}

static void one_alone_goes_at_once(void **state)
{
	(void)state;
	keep_row(0);
	assert_int_equal(pool_stats(pool).waiting, 0); /* it is under way already */
	assert_int_equal(pool_stats(pool).busy, 1);
	assert_int_equal(finish_rows(1), 1);
	assert_int_equal(pool_stats(pool).gathered, 0);
	assert_stored(1);
}

static void many_become_few(void **state)
{
	uint64_t before = pool_stats(pool).transactions;

	(void)state;
	for (int i = 0; i < MANY; i++)
		keep_row(i);
	/* One each on its own at first, then those that gathered meanwhile. */
	int transactions = finish_rows(MANY);

	assert_in_range(transactions, 4, 12);
	assert_int_equal(pool_stats(pool).transactions - before, transactions);
	assert_true(pool_stats(pool).gathered >= MANY - LINE_GROUPS);
	assert_stored(MANY);
}

static void groups_of_every_size_are_whole(void **state)
{
	static const int sizes[] = {1, 2, 3, 4, 5, 15, 16, 17, 63, 64};
	int stored = 0;

	(void)state;
	for (size_t n = 0; n < sizeof(sizes) / sizeof(*sizes); n++) {
		struct waiting holder;

		hold(&holder);
		for (int i = 0; i < sizes[n]; i++)
			keep(&w[i], 1000 * (int)n + i, "plain", i);
		finish(&holder);
		assert_int_equal(finish_rows(sizes[n]), 1);
		stored += sizes[n];
		assert_stored(stored); /* the rows that fill it up are nobody's */
	}
}

static void a_bad_row_fails_alone(void **state)
{
	struct waiting holder;

	(void)state;
	hold(&holder);
	for (int i = 0; i < A_GROUP; i++)
		keep(&w[i], i, "plain", i == 7 ? -1 : i);
	finish(&holder);
	for (int i = 0; i < A_GROUP; i++) {
		await(&w[i]);
		if (i == 7) {
			assert_int_equal(w[i].error.kind, DB_REJECTED);
			assert_string_equal(w[i].error.sqlstate, "23514");
		} else {
			assert_int_equal(read_kept(&w[i]).number, i);
		}
		finish(&w[i]);
	}
	assert_stored(A_GROUP - 1);
	assert_int_equal(pool_stats(pool).retries, A_GROUP);
}

/* One that takes its connection with it does so once more, alone; nobody else's is lost twice. */
static void a_fatal_row_fails_alone(void **state)
{
	struct waiting holder;

	(void)state;
	hold(&holder);
	for (int i = 0; i < A_GROUP; i++)
		keep(&w[i], i, i == 7 ? "fatal" : "plain", i);
	finish(&holder);
	for (int i = 0; i < A_GROUP; i++) {
		await(&w[i]);
		if (i == 7)
			assert_int_equal(w[i].error.kind, DB_UNCERTAIN);
		else
			assert_int_equal(read_kept(&w[i]).number, i);
		finish(&w[i]);
	}
	assert_stored(A_GROUP - 1);
}

static void keys_that_come_twice_are_stored_once(void **state)
{
	struct waiting holder;

	(void)state;
	hold(&holder);
	keep(&w[0], 1, "plain", 5);
	keep(&w[1], 1, "plain", 5); /* the same again */
	keep(&w[2], 1, "plain", 6); /* the same key for something else */
	keep(&w[3], 2, "plain", 7);
	finish(&holder);
	for (int i = 0; i < 4; i++) {
		await(&w[i]);
		assert_int_equal(w[i].error.kind, DB_OK);
		assert_int_equal(rows_count(w[i].rows), i == 2 ? 0 : 1);
	}
	assert_int_equal(read_kept(&w[0]).number, 5);
	assert_int_equal(read_kept(&w[1]).number, 5);
	assert_int_equal(read_kept(&w[3]).number, 7);
	for (int i = 0; i < 4; i++)
		finish(&w[i]);
	assert_stored(2);
}

/* A group whose second row takes 300 ms, running now. */
static void start_slow_group(void)
{
	struct waiting holder;

	hold(&holder);
	for (int i = 0; i < A_GROUP; i++)
		keep(&w[i], i, i == 1 ? "slow" : "plain", i);
	finish(&holder);
	WAIT_FOR(pool_stats(pool).running == A_GROUP);
}

static void who_leaves_a_group_harms_nobody(void **state)
{
	(void)state;
	start_slow_group();
	cancel(pool, &w[0]);
	cancel(pool, &w[A_GROUP - 1]);
	cancel(pool, &w[1]); /* the slow one itself */
	for (int i = 2; i < A_GROUP - 1; i++) {
		await(&w[i]);
		assert_int_equal(read_kept(&w[i]).number, i);
		finish(&w[i]);
	}
	assert_false(w[0].done || w[1].done || w[A_GROUP - 1].done);
	assert_int_equal(pool_stats(pool).cancels, 0);
	assert_stored(A_GROUP); /* they were under way */
}

/* The first that is told ends another one of its group, which then hears nothing. */
static void cancel_last_on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	pool_cancel(pool, &w[A_GROUP - 1].q);
	on_done(arg, rows, error);
}

static void who_is_told_may_end_the_others(void **state)
{
	struct waiting holder;

	(void)state;
	hold(&holder);
	prepare_keep(&w[0], 0, "plain", 0);
	assert_true(pool_run(pool, &w[0].q, cancel_last_on_done, &w[0], &w[0].error));
	for (int i = 1; i < A_GROUP; i++)
		keep_row(i);
	finish(&holder);
	assert_int_equal(finish_rows(A_GROUP - 1), 1);
	assert_false(w[A_GROUP - 1].done);
	query_fini(&w[A_GROUP - 1].q);
	assert_stored(A_GROUP);
}

static void a_group_that_all_leave_is_stopped(void **state)
{
	(void)state;
	start_slow_group();
	for (int i = 0; i < A_GROUP; i++)
		cancel(pool, &w[i]);
	assert_int_equal(pool_stats(pool).busy, 0);
	assert_int_equal(pool_stats(pool).cancels, 1);
	assert_stored(0);
}

static void a_group_that_lost_its_backend_is_stored_once(void **state)
{
	struct pool *other = make_usual(1);
	int64_t backend = run_for_number(pool, SQL_backend, -1);

	(void)state;
	start_slow_group();
	assert_int_equal(run_for_number(other, SQL_end_one, (int)backend), 1);
	assert_int_equal(finish_rows(A_GROUP), A_GROUP); /* each by itself this time */
	assert_int_equal(pool_stats(pool).retries, A_GROUP);
	assert_stored(A_GROUP);
	pool_free(other);
}

/* Again and again, at whatever moment: never lost, never twice. */
static void groups_survive_a_killer(void **state)
{
	struct pool *other = make_usual(1);
	struct waiting kill;

	(void)state;
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < MANY; i++)
			keep(&w[i], 1000 * round + i, "plain", i);
		pass_ms(round);
		start(other, &kill, SQL_end_backend, -1);
		for (int i = 0; i < MANY; i++) {
			finish(&w[i]);
			assert_int_equal(w[i].error.kind, DB_OK);
		}
		finish(&kill);
		assert_stored(MANY * (round + 1));
	}
	pool_free(other);
}

static void long_rows_make_shorter_groups(void **state)
{
	const size_t len = 100 * 1000;
	char *label = malloc(len + 1);
	struct waiting holder;

	(void)state;
	memset(label, 'x', len);
	label[len] = '\0';
	hold(&holder);
	for (int i = 0; i < 40; i++)
		keep(&w[i], i, label, i);
	finish(&holder);
	assert_in_range(finish_rows(40), 4, 5); /* ten to a megabyte */
	free(label);
}

/* --- settings --- */

static void keep_with_mark(int i, const char *mark)
{
	prepare_keep(&w[i], i, "plain", i);
	query_setting(&w[i].q, "sage_test.mark", mark);
	ask(pool, &w[i]);
}

static void assert_no_mark(void)
{
	struct waiting seen;

	start(pool, &seen, SQL_mark, -1);
	await(&seen);
	assert_int_equal(seen.error.kind, DB_OK);
	assert_string_equal(rows_text(seen.rows, 0, 0, NULL), "");
	assert_string_equal(rows_text(seen.rows, 0, 1, NULL), "");
	finish(&seen);
}

static void settings_last_for_their_statement(void **state)
{
	struct waiting seen;

	(void)state;
	assert_no_mark();
	for (int i = 0; i < 3; i++) {
		prepare(&seen, SQL_mark, -1);
		query_setting(&seen.q, "sage_test.mark", "one");
		query_setting(&seen.q, "sage_test.other", "two"); /* the same statement twice */
		ask(pool, &seen);
		await(&seen);
		assert_int_equal(seen.error.kind, DB_OK);
		assert_string_equal(rows_text(seen.rows, 0, 0, NULL), "one");
		assert_string_equal(rows_text(seen.rows, 0, 1, NULL), "two");
		finish(&seen);
		assert_no_mark(); /* on the same connection: there is only one */
	}
	assert_int_equal(pool_stats(pool).connects, 1);
}

static void settings_of_a_failed_statement_are_gone(void **state)
{
	(void)state;
	keep_with_mark(0, "set");
	keep_with_mark(1, "set");
	keep(&w[2], 2, "plain", -1);
	for (int i = 0; i < 3; i++)
		finish(&w[i]);
	prepare_keep(&w[3], 3, "plain", -1);
	query_setting(&w[3].q, "sage_test.mark", "failed");
	ask(pool, &w[3]);
	finish(&w[3]);
	assert_int_equal(w[3].error.kind, DB_REJECTED);
	assert_no_mark();
}

static void a_group_has_one_set_of_settings(void **state)
{
	struct waiting holder;

	(void)state;
	hold(&holder);
	for (int i = 0; i < A_GROUP; i++)
		keep_with_mark(i, i % 2 == 0 ? "even" : "odd");
	finish(&holder);
	for (int i = 0; i < A_GROUP; i++) {
		await(&w[i]);
		assert_string_equal(read_kept(&w[i]).mark, i % 2 == 0 ? "even" : "odd");
	}
	assert_int_equal(finish_rows(A_GROUP), 2);
	assert_no_mark();
}

static void a_bad_setting_is_told(void **state)
{
	(void)state;
	prepare_keep(&w[0], 0, "plain", 0);
	query_setting(&w[0].q, "no_such_setting", "x");
	ask(pool, &w[0]);
	finish(&w[0]);
	assert_int_equal(w[0].error.kind, DB_FAILED);
	keep_row(1);
	finish(&w[1]);
	assert_int_equal(w[1].error.kind, DB_OK);
	assert_stored(1);
}

/* --- without prepared statements --- */

static int without_prepared_statements(void **state)
{
	struct pool_config config = usual(1);

	config.unprepared = true;
	return with_pool(state, &config);
}

static void count_prepared(void *arg, const struct connection_info *info)
{
	*(int *)arg += info->prepared;
}

static void groups_need_no_prepared_statements(void **state)
{
	struct waiting holder;
	int prepared = 0;

	(void)state;
	hold(&holder);
	for (int i = 0; i < A_GROUP; i++)
		keep_with_mark(i, "set");
	finish(&holder);
	assert_int_equal(finish_rows(A_GROUP), 1);
	assert_no_mark();
	pool_connections(pool, count_prepared, &prepared);
	assert_int_equal(prepared, 0);
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, with_one_connection, without_pool)
#define SEVERAL(name)                                                                          \
	cmocka_unit_test_setup_teardown(name, with_several_connections, without_pool)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SEVERAL(one_alone_goes_at_once),
	    SEVERAL(many_become_few),
	    ONE(groups_of_every_size_are_whole),
	    ONE(a_bad_row_fails_alone),
	    ONE(a_fatal_row_fails_alone),
	    ONE(keys_that_come_twice_are_stored_once),
	    ONE(who_leaves_a_group_harms_nobody),
	    ONE(who_is_told_may_end_the_others),
	    ONE(a_group_that_all_leave_is_stopped),
	    ONE(a_group_that_lost_its_backend_is_stored_once),
	    SEVERAL(groups_survive_a_killer),
	    ONE(long_rows_make_shorter_groups),
	    ONE(settings_last_for_their_statement),
	    ONE(settings_of_a_failed_statement_are_gone),
	    ONE(a_group_has_one_set_of_settings),
	    ONE(a_bad_setting_is_told),
	    cmocka_unit_test_setup_teardown(
	        groups_need_no_prepared_statements, without_prepared_statements, without_pool),
	};

	return cmocka_run_group_tests_name("gather", tests, set_up, tear_down);
}
