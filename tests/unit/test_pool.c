/*
 * pool: order, limits, deadlines, cancelling, and connections that break.
 *
 * The pool runs statements of tests/unit/sql/ here, on the cluster of SAGE_TEST_DATABASE_URL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool_fixture.h"

/* One that gives up soon. */
static struct pool *make_hasty(
    const char *conninfo, int size, int queue, int wait_ms, int query_ms)
{
	struct pool_config config = usual(size);

	config.conninfo = conninfo;
	config.queue_limit = queue;
	config.connect_ms = 1000;
	config.wait_ms = wait_ms;
	config.query_ms = query_ms;
	return make(&config);
}

static void many_on_a_few(void **state)
{
	static struct waiting w[MANY];
	struct pool *pool = make_usual(4);

	(void)state;
	for (int i = 0; i < MANY; i++)
		start(pool, &w[i], SQL_echo, i);
	for (int i = 0; i < MANY; i++) {
		await(&w[i]);
		assert_int_equal(w[i].error.kind, DB_OK);
		assert_int_equal(rows_int(w[i].rows, 0, 0), i);
		finish(&w[i]);
	}
	assert_true(pool_stats(pool).idle >= 1 && pool_stats(pool).idle <= 4);
	assert_int_equal(pool_stats(pool).busy + pool_stats(pool).waiting, 0);
	pool_free(pool);
}

static void first_come_first_served(void **state)
{
	struct waiting w[20];
	struct pool *pool = make_usual(1);

	(void)state;
	ended = 0;
	for (int i = 0; i < 20; i++)
		start(pool, &w[i], SQL_echo, i);
	for (int i = 0; i < 20; i++) {
		finish(&w[i]);
		assert_int_equal(w[i].number, i);
	}
	pool_free(pool);
}

static void the_line_is_bounded(void **state)
{
	struct waiting w[4];
	struct pool *pool = make_hasty(url, 1, 2, 200, 5000);

	(void)state;
	assert_int_equal(run(pool, SQL_echo, 0), DB_OK);
	start(pool, &w[0], SQL_doze, 600);
	start(pool, &w[1], SQL_echo, 1);
	start(pool, &w[2], SQL_echo, 2);
	start(pool, &w[3], SQL_echo, 3);
	assert_true(w[3].done); /* refused at once */
	assert_int_equal(w[3].error.kind, DB_BUSY);
	for (int i = 0; i < 4; i++)
		finish(&w[i]);
	assert_int_equal(w[0].error.kind, DB_OK);
	assert_int_equal(w[1].error.kind, DB_BUSY); /* waited too long */
	assert_int_equal(w[2].error.kind, DB_BUSY);
	pool_free(pool);
}

static void deadlines_hold(void **state)
{
	struct pool *pool = make_hasty(url, 1, 10, 5000, 300);
	int64_t began = now_ms();

	(void)state;
	assert_int_equal(run(pool, SQL_doze, 3000), DB_TIMEOUT);
	assert_true(now_ms() - began < 1500);
	assert_int_equal(
	    run(pool, SQL_echo, 1), DB_OK); /* on a new connection, or a clean one */
	pool_free(pool);
}

static void errors_are_told_apart(void **state)
{
	struct pool *pool = make_usual(1);

	(void)state;
	assert_int_equal(run(pool, SQL_divide, 0), DB_REJECTED); /* 22012 */
	assert_int_equal(run(pool, SQL_divide, 1), DB_OK);       /* prepared all the same */
	assert_int_equal(run(pool, SQL_shape_drop, -1), DB_OK);
	assert_int_equal(run(pool, SQL_shape, -1), DB_FAILED); /* 42P01 */
	assert_int_equal(pool_stats(pool).idle, 1);            /* the connection is clean */
	pool_free(pool);
}

/* The statement has returned its rows; only the commit behind it is refused. */
static void a_commit_that_fails_is_told(void **state)
{
	struct pool *pool = make_usual(1);
	struct waiting w;

	(void)state;
	run(pool, SQL_late_drop, -1);
	assert_int_equal(run(pool, SQL_late_make, -1), DB_OK);
	assert_int_equal(run(pool, SQL_late_add, 1), DB_OK);
	for (int i = 0; i < 2; i++) {
		start(pool, &w, SQL_late_add, 1);
		finish(&w);
		assert_int_equal(w.error.kind, DB_REJECTED);
		assert_string_equal(w.error.sqlstate, "23505");
		assert_int_equal(run(pool, SQL_late_add, 2 + i), DB_OK);
	}
	assert_int_equal(pool_stats(pool).connects, 1);
	assert_int_equal(run(pool, SQL_late_drop, -1), DB_OK);
	pool_free(pool);
}

static void a_changed_table_is_prepared_anew(void **state)
{
	struct pool *pool = make_usual(1);

	(void)state;
	assert_int_equal(run(pool, SQL_shape_make, -1), DB_OK);
	assert_int_equal(run(pool, SQL_shape, -1), DB_OK);
	assert_int_equal(run(pool, SQL_shape_widen, -1), DB_OK);
	assert_int_equal(run(pool, SQL_shape, -1), DB_OK); /* 0A000 inside, and again */
	assert_int_equal(run(pool, SQL_shape_drop, -1), DB_OK);
	pool_free(pool);
}

static void long_values_pass(void **state)
{
	const size_t len = 5 * 1000 * 1000;
	struct pool *pool = make_usual(1);
	char *text = malloc(len);
	struct waiting w = {.done = false};

	(void)state;
	memset(text, 'y', len);
	query_init(&w.q, SQL_long_text);
	query_text(&w.q, text, len);
	assert_true(pool_run(pool, &w.q, on_done, &w, &w.error));
	await(&w);
	assert_int_equal(w.error.kind, DB_OK);
	assert_int_equal(rows_int(w.rows, 0, 0), len);
	finish(&w);
	free(text);
	pool_free(pool);
}

static void broken_connections_are_replaced(void **state)
{
	struct pool *pool = make_usual(1), *other = make_usual(1);
	struct waiting w;

	(void)state;
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	run(other, SQL_end_backend, -1); /* while idle: not noticed by the next query */
	pass_ms(50);
	assert_int_equal(run(pool, SQL_echo, 2), DB_OK);

	start(pool, &w, SQL_doze, 300); /* a read runs again */
	pass_ms(100);
	run(other, SQL_end_backend, -1);
	finish(&w);
	assert_int_equal(w.error.kind, DB_OK);

	start(pool, &w, SQL_doze_write, 300); /* a write does not */
	pass_ms(100);
	run(other, SQL_end_backend, -1);
	finish(&w);
	assert_int_equal(w.error.kind, DB_UNCERTAIN);
	assert_int_equal(run(pool, SQL_echo, 3), DB_OK);
	pool_free(pool);
	pool_free(other);
}

static void cancelled_queries_stop(void **state)
{
	struct pool *pool = make_usual(1), *other = make_usual(1);
	struct waiting running, waiting;

	(void)state;
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	start(pool, &running, SQL_doze, 4000);
	start(pool, &waiting, SQL_doze, 4000);
	pass_ms(100);
	cancel(pool, &waiting);
	cancel(pool, &running);
	cancel(pool, &running);                          /* twice is harmless */
	assert_int_equal(run(pool, SQL_echo, 2), DB_OK); /* its place is free */
	WAIT_FOR(run_for_number(other, SQL_count_dozing, -1) == 0);
	assert_false(running.done || waiting.done);
	pool_free(pool);
	pool_free(other);
}

static int ticks;

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	ticks++;
}

/* Whatever cannot be reached: told in time, in words, and without holding up the loop. */
static void unreachable_databases_are_told(void **state)
{
	char refusing[100];
	const struct {
		const char *conninfo, *words;
	} cases[] = {
	    {"host=/nonexistent dbname=x", "nonexistent"}, {refusing, "refused"},
	    {"host=no-such-host.invalid dbname=x", "no-such-host.invalid"},
	    {"host=192.0.2.1 dbname=x", ""}, /* TEST-NET: silence, or no route */
	};
	static const struct timeval each = {0, 10000};
	struct event *ticker = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	int port, fd = make_refusing_host(&port);

	(void)state;
	snprintf(refusing, sizeof(refusing), "host=127.0.0.1 port=%d dbname=x", port);
	event_add(ticker, &each);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool *pool = make_hasty(cases[i].conninfo, 2, 10, 5000, 5000);
		int64_t began = now_ms();
		struct waiting w;

		ticks = 0;
		start(pool, &w, SQL_echo, 1);
		finish(&w);
		assert_int_equal(w.error.kind, DB_UNAVAILABLE);
		if (strstr(w.error.text, cases[i].words) == NULL)
			fail_msg("'%s' does not contain '%s'", w.error.text, cases[i].words);
		int64_t took = now_ms() - began;

		assert_true(took < 2000);
		assert_true(ticks >= took / 10 / 2); /* the loop went on all the time */
		assert_false(pool_stats(pool).reachable);
		pool_free(pool);
	}
	event_free(ticker);
	close(fd);
}

static void passwords_stay_out_of_errors(void **state)
{
	const struct pool_config config = {
	    .name = "test", .conninfo = "host=x passwort=hunter2", .host = -1, .size = 1};
	char error[256];

	(void)state;
	assert_null(pool_new(base, &config, error, sizeof(error)));
	assert_non_null(strstr(error, "passwort"));
	assert_null(strstr(error, "hunter2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(many_on_a_few),
	    cmocka_unit_test(first_come_first_served),
	    cmocka_unit_test(the_line_is_bounded),
	    cmocka_unit_test(deadlines_hold),
	    cmocka_unit_test(errors_are_told_apart),
	    cmocka_unit_test(a_commit_that_fails_is_told),
	    cmocka_unit_test(a_changed_table_is_prepared_anew),
	    cmocka_unit_test(long_values_pass),
	    cmocka_unit_test(broken_connections_are_replaced),
	    cmocka_unit_test(cancelled_queries_stop),
	    cmocka_unit_test(unreachable_databases_are_told),
	    cmocka_unit_test(passwords_stay_out_of_errors),
	};

	return cmocka_run_group_tests_name("pool", tests, set_up, tear_down);
}
