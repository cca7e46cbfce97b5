/* pool: how many connections there are, and for how long. Needs SAGE_TEST_DATABASE_URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "pool.h"
#include "rows.h"

#define SIZE 4

static const char *url;
static struct event_base *base;

static void pass_ms(int ms)
{
	const struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	event_base_loopexit(base, &wait);
	event_base_dispatch(base);
}

static struct pool *make(int least, int idle_ms, int lifetime_ms)
{
	const struct pool_config config = {.name = "test",
	    .conninfo = url,
	    .host = -1,
	    .cancel_ms = 1000,
	    .retry_most_ms = 200,
	    .size = SIZE,
	    .least = least,
	    .idle_ms = idle_ms,
	    .lifetime_ms = lifetime_ms,
	    .queue_limit = 100,
	    .connect_ms = 5000,
	    .wait_ms = 5000,
	    .query_ms = 5000};
	char error[256];
	struct pool *pool = pool_new(base, &config, error, sizeof(error));

	if (pool == NULL)
		fail_msg("%s", error);
	pool_open(pool);
	return pool;
}

static int open_connections(const struct pool *pool)
{
	struct pool_stats stats = pool_stats(pool);

	return stats.idle + stats.busy;
}

static void wait_for(const struct pool *pool, int wanted)
{
	for (int i = 0; i < 500 && open_connections(pool) != wanted; i++)
		pass_ms(10);
	assert_int_equal(open_connections(pool), wanted);
}

static int ended;

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	(void)arg;
	assert_int_equal(error->kind, DB_OK);
	rows_free(rows);
	ended++;
}

/* Uses all connections at once. */
static void use_all(struct pool *pool)
{
	struct query q[SIZE];
	struct db_error error;

	ended = 0;
	for (int i = 0; i < SIZE; i++) {
		query_init(&q[i], SQL_doze);
		query_int4(&q[i], 200);
		assert_true(pool_run(pool, &q[i], on_done, NULL, &error));
	}
	while (ended < SIZE)
		event_base_loop(base, EVLOOP_ONCE);
	for (int i = 0; i < SIZE; i++)
		query_fini(&q[i]);
}

static void is_warm_before_the_first_query(void **state)
{
	struct pool *pool = make(3, 0, 0);

	(void)state;
	wait_for(pool, 3);
	pass_ms(100);
	assert_int_equal(open_connections(pool), 3);
	pool_free(pool);
}

static void closes_what_nobody_needs(void **state)
{
	struct pool *pool = make(1, 300, 0);

	(void)state;
	use_all(pool);
	assert_int_equal(open_connections(pool), SIZE);
	wait_for(pool, 1);
	pass_ms(1500);
	assert_int_equal(open_connections(pool), 1);
	pool_free(pool);
}

static void keeps_what_has_no_limits(void **state)
{
	struct pool *pool = make(0, 0, 0);

	(void)state;
	use_all(pool);
	pass_ms(2500);
	assert_int_equal(open_connections(pool), SIZE);
	pool_free(pool);
}

static int pid;

static void on_pid(void *arg, struct rows *rows, const struct db_error *error)
{
	(void)arg;
	assert_int_equal(error->kind, DB_OK);
	pid = (int)rows_int(rows, 0, 0);
	rows_free(rows);
	ended++;
}

/* The process that serves the connection used last. */
static int backend(struct pool *pool)
{
	struct query q;
	struct db_error error;

	ended = 0;
	query_init(&q, SQL_backend);
	assert_true(pool_run(pool, &q, on_pid, NULL, &error));
	while (ended == 0)
		event_base_loop(base, EVLOOP_ONCE);
	query_fini(&q);
	return pid;
}

static void replaces_old_ones(void **state)
{
	struct pool *pool = make(1, 0, 500);
	int first = backend(pool), second = first;

	(void)state;
	for (int i = 0; i < 50 && second == first; i++) {
		pass_ms(100);
		second = backend(pool);
	}
	assert_int_not_equal(first, second);
	assert_int_equal(open_connections(pool), 1);
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_warm_before_the_first_query),
	    cmocka_unit_test(closes_what_nobody_needs),
	    cmocka_unit_test(keeps_what_has_no_limits),
	    cmocka_unit_test(replaces_old_ones),
	};

	url = getenv("SAGE_TEST_DATABASE_URL");
	if (url == NULL) {
		puts("skipped: SAGE_TEST_DATABASE_URL is not set; tests/run.sh sets it");
		return 77;
	}
	base = event_base_new();
	int failed = cmocka_run_group_tests_name("pool_life", tests, NULL, NULL);

	event_base_free(base);
	return failed;
}
