/* pool: what an operator does to it while it works. */
#include <stdio.h>
#include <string.h>

#include "pool_fixture.h"

#define SIZE 3

static struct pool *pool;

static int with_pool(void **state)
{
	struct pool_config config = usual(SIZE);

	(void)state;
	config.least = SIZE;
	pool = make(&config);
	WAIT_FOR(open_connections(pool) == SIZE);
	return 0;
}

static int without_pool(void **state)
{
	(void)state;
	pool_free(pool);
	return 0;
}

static int64_t backend(void)
{
	return run_for_number(pool, SQL_backend, -1);
}

/* --- pause and resume --- */

static void a_paused_pool_lets_queries_wait(void **state)
{
	struct waiting running, waiting;

	(void)state;
	start(pool, &running, SQL_doze, 100);
	pool_pause(pool);
	start(pool, &waiting, SQL_echo, 3);
	finish(&running); /* what runs goes on */
	assert_int_equal(running.error.kind, DB_OK);
	pass_ms(50);
	assert_false(waiting.done);
	assert_true(pool_stats(pool).paused);
	assert_int_equal(pool_stats(pool).waiting, 1);
	assert_int_equal(pool_stats(pool).busy, 0);
	pool_resume(pool);
	finish(&waiting);
	assert_int_equal(waiting.error.kind, DB_OK);
	assert_false(pool_stats(pool).paused);
}

static void a_pause_does_not_last_longer_than_the_wait(void **state)
{
	struct pool_config config = usual(SIZE);
	struct waiting w;

	(void)state;
	config.wait_ms = 100;
	pool_configure(pool, &config);
	pool_pause(pool);
	start(pool, &w, SQL_echo, 3);
	finish(&w);
	assert_int_equal(w.error.kind, DB_BUSY);
	assert_string_equal(w.error.text, "the pool is paused");
	assert_int_equal(w.error.retry_ms, 100);
	pool_resume(pool);
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
}

static void a_paused_pool_opens_nothing(void **state)
{
	struct pool_config config = usual(2);

	(void)state;
	config.least = 2;
	struct pool *closed = make(&config);

	pool_pause(closed);
	WAIT_FOR(pool_stats(closed).connecting == 0); /* what had begun is finished */
	int before = open_connections(closed);

	pool_reconnect(closed);
	pass_ms(1200);
	assert_int_equal(pool_stats(closed).connects, (uint64_t)before);
	assert_int_equal(open_connections(closed), 0);
	pool_resume(closed);
	WAIT_FOR(open_connections(closed) == 2);
	pool_free(closed);
}

/* --- reconnect --- */

static void reconnecting_replaces_idle_connections(void **state)
{
	int64_t before = backend();

	(void)state;
	pool_reconnect(pool);
	assert_int_equal(pool_stats(pool).idle, 0);
	assert_int_not_equal(backend(), before);
	WAIT_FOR(open_connections(pool) == SIZE);
	assert_int_equal(pool_stats(pool).connects, 2 * SIZE);
}

static void count_close_needed(void *arg, const struct connection_info *info)
{
	*(int *)arg += info->close_needed;
}

static int close_needed(void)
{
	int count = 0;

	pool_connections(pool, count_close_needed, &count);
	return count;
}

static void reconnecting_waits_for_what_runs(void **state)
{
	struct waiting w;

	(void)state;
	start(pool, &w, SQL_doze_write, 200);
	assert_int_equal(close_needed(), 0);
	pool_reconnect(pool);
	assert_int_equal(close_needed(), 1);
	finish(&w);
	assert_int_equal(w.error.kind, DB_OK);
	WAIT_FOR(open_connections(pool) == SIZE);
	assert_int_equal(close_needed(), 0);
	assert_int_equal(pool_stats(pool).connects, 2 * SIZE);
}

/* What becomes ready is of an older generation already. */
static void reconnecting_while_connecting(void **state)
{
	struct pool *fresh = make_usual(2);
	struct waiting w;

	(void)state;
	start(fresh, &w, SQL_echo, 1);
	assert_true(pool_stats(fresh).connecting > 0);
	pool_reconnect(fresh);
	finish(&w);
	assert_int_equal(w.error.kind, DB_OK);
	pool_free(fresh);
}

/* --- kill --- */

static void killing_closes_everything(void **state)
{
	struct waiting read, write, waiting;

	(void)state;
	start(pool, &write, SQL_doze_write, 5000);
	start(pool, &read, SQL_doze, 100);
	pool_kill(pool);
	start(pool, &waiting, SQL_echo, 1);
	assert_int_equal(open_connections(pool), 0);
	assert_int_equal(pool_stats(pool).connecting, 0);
	assert_true(pool_stats(pool).paused);
	finish(&write); /* nobody knows how far it came */
	assert_int_equal(write.error.kind, DB_UNCERTAIN);
	assert_non_null(strstr(write.error.text, "administrator"));
	pass_ms(50);
	assert_false(read.done || waiting.done); /* reads may run again */
	pool_resume(pool);
	finish(&read);
	finish(&waiting);
	assert_int_equal(read.error.kind, DB_OK);
	assert_int_equal(waiting.error.kind, DB_OK);
}

/* Told that it ended, it kills the pool that is telling. */
static void kill_on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	pool_kill(pool);
	on_done(arg, rows, error);
}

static void killing_from_within_a_callback(void **state)
{
	struct waiting first, second, third;

	(void)state;
	prepare(&first, SQL_doze_write, 20);
	assert_true(pool_run(pool, &first.q, kill_on_done, &first, &first.error));
	start(pool, &second, SQL_doze_write, 5000);
	start(pool, &third, SQL_doze_write, 5000);
	finish(&first);
	finish(&second);
	finish(&third);
	assert_int_equal(first.error.kind, DB_OK);
	assert_int_equal(second.error.kind, DB_UNCERTAIN);
	assert_int_equal(third.error.kind, DB_UNCERTAIN);
	pool_resume(pool);
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
}

/* --- new limits --- */

static void configure(int size, int least)
{
	struct pool_config config = usual(size);

	config.least = least;
	pool_configure(pool, &config);
}

static void a_smaller_size_closes_connections(void **state)
{
	(void)state;
	configure(1, 0);
	assert_int_equal(open_connections(pool), 1);
	assert_int_equal(pool_stats(pool).size, 1);
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
}

/* Also when none of them is ever idle. */
static void a_smaller_size_holds_under_load(void **state)
{
	struct waiting w[50];

	(void)state;
	for (int i = 0; i < 50; i++)
		start(pool, &w[i], SQL_doze, 20);
	configure(1, 0);
	assert_int_equal(open_connections(pool), SIZE); /* all are busy */
	for (int i = 0; i < 50; i++) {
		finish(&w[i]);
		assert_int_equal(w[i].error.kind, DB_OK);
		if (i >= SIZE)
			assert_int_equal(open_connections(pool), 1);
	}
}

static void a_larger_size_opens_connections(void **state)
{
	struct waiting w[2 * SIZE];

	(void)state;
	for (int i = 0; i < 2 * SIZE; i++)
		start(pool, &w[i], SQL_doze, 500);
	assert_int_equal(pool_stats(pool).waiting, SIZE);
	configure(2 * SIZE, 0);
	WAIT_FOR(open_connections(pool) == 2 * SIZE);
	assert_int_equal(pool_stats(pool).waiting, 0);
	for (int i = 0; i < 2 * SIZE; i++)
		finish(&w[i]);
}

static void a_larger_minimum_opens_connections(void **state)
{
	(void)state;
	configure(2 * SIZE, SIZE + 2);
	WAIT_FOR(open_connections(pool) == SIZE + 2);
}

static void assert_setting(struct pool *of, const char *name, const char *value)
{
	struct waiting w;

	prepare(&w, SQL_show, -1);
	query_text(&w.q, name, strlen(name));
	ask(of, &w);
	await(&w);
	assert_int_equal(w.error.kind, DB_OK);
	assert_string_equal(rows_text(w.rows, 0, 0, NULL), value);
	finish(&w);
}

static void new_connections_have_the_new_deadline(void **state)
{
	struct pool_config config = usual(SIZE);

	(void)state;
	assert_setting(pool, "statement_timeout", "4500ms");
	config.query_ms = 8000;
	pool_configure(pool, &config);
	assert_setting(pool, "statement_timeout", "4500ms"); /* these are open already */
	pool_reconnect(pool);
	assert_setting(pool, "statement_timeout", "7500ms");
}

/* The operator's own settings in the connection string stand beside ours, and win. */
static void settings_of_the_connection_string_win(void **state)
{
	struct pool_config config = usual(1);
	char conninfo[600];

	(void)state;
	snprintf(conninfo, sizeof(conninfo),
	    "%s&options=-c%%20jit%%3Don%%20-c%%20work_mem%%3D5MB", url);
	config.conninfo = conninfo;
	struct pool *own = make(&config);

	assert_setting(own, "work_mem", "5MB");
	assert_setting(own, "jit", "on");
	assert_setting(own, "statement_timeout", "4500ms");
	assert_setting(own, "TimeZone", "UTC");
	pool_free(own);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_pool, without_pool)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_paused_pool_lets_queries_wait),
	    TEST(a_pause_does_not_last_longer_than_the_wait),
	    TEST(a_paused_pool_opens_nothing),
	    TEST(reconnecting_replaces_idle_connections),
	    TEST(reconnecting_waits_for_what_runs),
	    TEST(reconnecting_while_connecting),
	    TEST(killing_closes_everything),
	    TEST(killing_from_within_a_callback),
	    TEST(a_smaller_size_closes_connections),
	    TEST(a_smaller_size_holds_under_load),
	    TEST(a_larger_size_opens_connections),
	    TEST(a_larger_minimum_opens_connections),
	    TEST(new_connections_have_the_new_deadline),
	    TEST(settings_of_the_connection_string_win),
	};

	return cmocka_run_group_tests_name("pool_admin", tests, set_up, tear_down);
}
