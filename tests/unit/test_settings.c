/* settings: they last for their statement, and one group has one set of them; also without prepared statements. */
#include "keep_fixture.h"

#define A_GROUP 20

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

static int without_prepared_statements(void **state)
{
	struct pool_config config = usual(1);

	config.unprepared = true;
	return with_keep(state, &config);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ONE(settings_last_for_their_statement),
	    ONE(settings_of_a_failed_statement_are_gone),
	    ONE(a_group_has_one_set_of_settings),
	    ONE(a_bad_setting_is_told),
	    cmocka_unit_test_setup_teardown(
	        groups_need_no_prepared_statements, without_prepared_statements, without_pool),
	};

	return cmocka_run_group_tests_name("settings", tests, set_up, tear_down);
}
