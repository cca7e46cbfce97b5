/* gather: writes that wait become one transaction, and each has its own outcome. */
#include <stdlib.h>
#include <string.h>

#include "keep_fixture.h"
#include "line.h"

#define A_GROUP 20

static void one_alone_goes_with_this_turn(void **state)
{
	(void)state;
	keep_row(0);
	event_base_loop(base, EVLOOP_NONBLOCK);        /* no time passes */
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
	assert_int_equal(pool_stats(pool).retries, 0); /* they were never in one group */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SEVERAL(one_alone_goes_with_this_turn),
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
	};

	return cmocka_run_group_tests_name("gather", tests, set_up, tear_down);
}
