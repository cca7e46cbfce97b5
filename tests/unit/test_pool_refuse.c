/* pool: who is refused, when, and with which words. */
#include <stdio.h>
#include <string.h>

#include "pool_fixture.h"

static char nowhere[100]; /* everyone is refused there */
static char reported[512];
static int reports;

static void on_report(void *arg, const char *name, bool healthy, const char *text)
{
	(void)arg;
	(void)name;
	(void)healthy;
	snprintf(reported, sizeof(reported), "%s", text);
	reports++;
}

static int with_nowhere(void **state)
{
	int port;

	make_refusing_host(&port);
	snprintf(nowhere, sizeof(nowhere), "host=127.0.0.1 port=%d dbname=x", port);
	return set_up(state);
}

static int reset_reports(void **state)
{
	(void)state;
	*reported = '\0';
	reports = 0;
	return 0;
}

static void start_for(struct pool *pool, struct waiting *w, const char *namespace, int doze_ms)
{
	prepare(w, SQL_doze, doze_ms);
	w->q.namespace = namespace;
	ask(pool, w);
}

/* --- a full line --- */

static struct pool *make_narrow(int size, int queue_limit, int wait_ms)
{
	struct pool_config config = usual(size);

	config.queue_limit = queue_limit;
	config.wait_ms = wait_ms;
	return make(&config);
}

static void a_full_line_says_when_to_come_again(void **state)
{
	struct pool *pool = make_narrow(1, 0, 700);
	struct waiting w[2];

	(void)state;
	start(pool, &w[0], SQL_doze, 50);
	start(pool, &w[1], SQL_doze, 50);
	assert_true(w[1].done);
	assert_int_equal(w[1].error.kind, DB_BUSY);
	assert_int_equal(w[1].error.retry_ms, 700);
	assert_string_equal(w[1].error.text, "too many statements wait for a connection");
	finish(&w[0]);
	assert_int_equal(w[0].error.kind, DB_OK);
	assert_int_equal(pool_stats(pool).refused_full, 1);
	assert_int_equal(pool_stats(pool).refused_late, 0);
	pool_free(pool);
}

static void who_waits_too_long_is_told_when_to_come_again(void **state)
{
	struct pool *pool = make_narrow(1, 10, 100);
	struct waiting w[2];

	(void)state;
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	start(pool, &w[0], SQL_doze, 400);
	start(pool, &w[1], SQL_doze, 50);
	finish(&w[1]);
	assert_false(w[0].done);
	assert_int_equal(w[1].error.kind, DB_BUSY);
	assert_int_equal(w[1].error.retry_ms, 100);
	finish(&w[0]);
	assert_int_equal(pool_stats(pool).refused_late, 1);
	pool_free(pool);
}

/* Whoever gets a connection that is still to be opened does not wait in this sense. */
static void without_a_line_a_pool_still_grows(void **state)
{
	struct pool *pool = make_narrow(3, 0, 5000);
	struct waiting w[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		start(pool, &w[i], SQL_doze, 200);
	assert_true(w[3].done);
	for (int i = 0; i < 4; i++) {
		finish(&w[i]);
		assert_int_equal(w[i].error.kind, i < 3 ? DB_OK : DB_BUSY);
	}
	assert_int_equal(open_connections(pool), 3);
	pool_free(pool);
}

static void nobody_fills_the_line_for_others(void **state)
{
	struct pool *pool = make_narrow(1, 4, 5000);
	struct waiting greedy[6], modest[3];

	(void)state;
	for (int i = 0; i < 6; i++)
		start_for(pool, &greedy[i], "greedy", 20);
	assert_true(greedy[5].done); /* one runs, four wait */
	assert_int_equal(greedy[5].error.kind, DB_BUSY);
	start_for(pool, &modest[0], "modest", 0);
	start_for(pool, &modest[1], "modest", 0);
	assert_false(modest[0].done || modest[1].done);
	start_for(pool, &modest[2], "modest", 0); /* two each: that is fair */
	assert_true(modest[2].done);
	assert_false(greedy[4].done || greedy[3].done); /* told from the loop */
	for (int i = 0; i < 6; i++) {
		finish(&greedy[i]);
		assert_int_equal(greedy[i].error.kind, i < 3 ? DB_OK : DB_BUSY);
	}
	for (int i = 0; i < 3; i++) {
		finish(&modest[i]);
		assert_int_equal(modest[i].error.kind, i < 2 ? DB_OK : DB_BUSY);
	}
	assert_int_equal(pool_stats(pool).refused_full, 4);
	pool_free(pool);
}

static void who_is_pushed_out_may_leave_before_it_is_told(void **state)
{
	struct pool *pool = make_narrow(1, 2, 5000);
	struct waiting greedy[3], modest;

	(void)state;
	for (int i = 0; i < 3; i++)
		start_for(pool, &greedy[i], "greedy", 20);
	start_for(pool, &modest, "modest", 0);
	cancel(pool, &greedy[2]);
	finish(&modest);
	finish(&greedy[0]);
	finish(&greedy[1]);
	assert_false(greedy[2].done);
	assert_int_equal(modest.error.kind, DB_OK);
	pool_free(pool);
}

/* --- a server that lets no more in --- */

/* As a role that may have two connections. */
static struct pool *make_few(int size)
{
	struct pool_config config = usual(size);
	char conninfo[600];

	snprintf(conninfo, sizeof(conninfo), "%s&user=pool_few", url);
	config.conninfo = conninfo;
	config.report = on_report;
	return make(&config);
}

static int with_few(void **state)
{
	struct pool *pool = make_usual(1);

	run(pool, SQL_few_drop, -1);
	enum db_error_kind made = run(pool, SQL_few_make, -1);

	pool_free(pool);
	reset_reports(state);
	return made != DB_OK;
}

static int without_few(void **state)
{
	struct pool *pool = make_usual(1);

	(void)state;
	run(pool, SQL_few_drop, -1);
	pool_free(pool);
	return 0;
}

static void a_server_that_is_full_serves_those_it_let_in(void **state)
{
	struct pool *pool = make_few(5);
	struct waiting w[20];

	(void)state;
	for (int i = 0; i < 20; i++)
		start(pool, &w[i], SQL_doze, 30);
	for (int i = 0; i < 20; i++) {
		finish(&w[i]);
		assert_int_equal(w[i].error.kind, DB_OK);
	}
	struct pool_stats stats = pool_stats(pool);

	assert_int_equal(stats.connects, 2);
	assert_in_range(
	    stats.connect_failures, 1, 6); /* asked again after a while, not all the time */
	assert_true(stats.reachable);
	assert_int_equal(pool_breaker(pool)->state, BREAKER_CLOSED);
	assert_int_equal(reports, 2); /* connected, and that there are no more */
	assert_non_null(strstr(reported, "no further connection: "));
	assert_non_null(strstr(reported, "too many connections for role"));
	pool_free(pool);
}

static void a_server_that_is_full_from_the_start_is_away(void **state)
{
	struct pool *first = make_few(2), *second;
	struct waiting w[2];

	(void)state;
	start(first, &w[0], SQL_doze, 10);
	start(first, &w[1], SQL_doze, 10);
	finish(&w[0]);
	finish(&w[1]);
	WAIT_FOR(open_connections(first) == 2);
	second = make_few(2);
	start(second, &w[0], SQL_echo, 1);
	finish(&w[0]);
	assert_int_equal(w[0].error.kind, DB_UNAVAILABLE);
	assert_non_null(strstr(w[0].error.text, "too many connections"));
	assert_non_null(strstr(w[0].error.text, "DB_POOL_SIZE")); /* what to do */
	pool_free(first);
	WAIT_FOR(pool_stats(second).reachable);
	assert_int_equal(run(second, SQL_echo, 1), DB_OK);
	pool_free(second);
}

/* --- no server --- */

static struct pool *make_nowhere(void)
{
	struct pool_config config = usual(2);

	config.conninfo = nowhere;
	config.report = on_report;
	config.retry_most_ms = 60000; /* nothing happens by itself */
	return make(&config);
}

static void an_open_breaker_refuses_at_once(void **state)
{
	struct pool *pool = make_nowhere();
	const struct breaker *breaker = pool_breaker(pool);
	struct waiting w;

	(void)state;
	start(pool, &w, SQL_echo, 1); /* waits until the breaker opens */
	assert_false(w.done);
	finish(&w);
	assert_int_equal(w.error.kind, DB_UNAVAILABLE);
	assert_int_equal(breaker->state, BREAKER_OPEN);
	start(pool, &w, SQL_echo, 1);
	assert_true(w.done);
	assert_int_equal(w.error.kind, DB_UNAVAILABLE);
	assert_non_null(strstr(w.error.text, "refused"));
	assert_in_range(w.error.retry_ms, 1, 60000);
	assert_int_equal(breaker->refused_total, 1);
	assert_int_equal(breaker->opened, 1);
	assert_int_equal(reports, 1); /* once, however often it was tried */
	pool_free(pool);
}

static void a_reset_breaker_lets_it_be_tried_at_once(void **state)
{
	struct pool *pool = make_nowhere();
	const struct breaker *breaker = pool_breaker(pool);

	(void)state;
	for (int i = 0; i < 3; i++) {
		WAIT_FOR(breaker->state == BREAKER_OPEN);
		/* So far away that nothing is tried by itself. */
		for (int n = 0; n < 200 && breaker_wait_ms(breaker, now_ms()) < 1000; n++)
			pass_ms(5);
		uint64_t before = pool_stats(pool).connect_failures;

		pool_reset_breaker(pool);
		assert_int_equal(breaker->state, BREAKER_CLOSED);
		assert_int_equal(pool_stats(pool).connecting, 1);
		WAIT_FOR(pool_stats(pool).connect_failures > before);
	}
	pool_free(pool);
}

static void a_closed_pool_is_not_ready(void **state)
{
	const struct pool_config config = usual(1);
	char error[256];
	struct pool *pool = pool_new(base, &config, error, sizeof(error));
	struct waiting w;

	(void)state;
	assert_non_null(pool);
	start(pool, &w, SQL_echo, 1);
	assert_true(w.done);
	assert_int_equal(w.error.kind, DB_UNAVAILABLE);
	assert_string_equal(w.error.text, "the database is not ready yet");
	assert_true(w.error.retry_ms > 0);
	assert_false(pool_reachable(pool));
	pool_open(pool);
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	assert_true(pool_reachable(pool));
	pool_free(pool);
}

static void a_pool_may_be_freed_while_it_connects(void **state)
{
	const char *const strings[] = {"host=no-such-host.invalid", "host=192.0.2.1",
	    "host=192.0.2.1,no-such-host.invalid", nowhere};

	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		for (int turns = 0; turns < 3; turns++) {
			struct pool_config config = usual(2);
			struct waiting w;

			config.conninfo = strings[i];
			struct pool *pool = make(&config);

			start(pool, &w, SQL_echo, 1);
			for (int n = 0; n < turns; n++)
				event_base_loop(base, EVLOOP_NONBLOCK);
			pool_free(pool);
			query_fini(&w.q);
		}
	}
	pass_ms(50); /* nothing comes for it any more */
}

/* --- connection strings --- */

static void bad_connection_strings_say_what_is_wrong(void **state)
{
	static const struct {
		const char *conninfo, *words;
	} cases[] = {
	    {"host=a,b,c port=1,2", "3 hosts, 2 ports"},
	    {"host=a,b hostaddr=127.0.0.1", "2 hosts, 1 ports and 1 addresses"},
	    {"host=a,b,c,d,e,f,g,h,i", "9 hosts; at most 8"},
	    {"postgresql://[::1/x", "does not parse"},
	    {"nonsense=1", "nonsense"},
	};
	struct pool_config config = usual(1);
	char error[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		config.conninfo = cases[i].conninfo;
		assert_null(pool_new(base, &config, error, sizeof(error)));
		if (strstr(error, cases[i].words) == NULL)
			fail_msg("'%s' does not contain '%s'", error, cases[i].words);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, reset_reports)
#define FEW(name)  cmocka_unit_test_setup_teardown(name, with_few, without_few)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_full_line_says_when_to_come_again),
	    TEST(who_waits_too_long_is_told_when_to_come_again),
	    TEST(without_a_line_a_pool_still_grows),
	    TEST(nobody_fills_the_line_for_others),
	    TEST(who_is_pushed_out_may_leave_before_it_is_told),
	    FEW(a_server_that_is_full_serves_those_it_let_in),
	    FEW(a_server_that_is_full_from_the_start_is_away),
	    TEST(an_open_breaker_refuses_at_once),
	    TEST(a_reset_breaker_lets_it_be_tried_at_once),
	    TEST(a_closed_pool_is_not_ready),
	    TEST(a_pool_may_be_freed_while_it_connects),
	    TEST(bad_connection_strings_say_what_is_wrong),
	};

	return cmocka_run_group_tests_name("pool_refuse", tests, with_nowhere, tear_down);
}
