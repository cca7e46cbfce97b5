/* pool: how many connections there are, and for how long. Needs SAGE_TEST_DATABASE_URL. */
#include <signal.h>
#include <string.h>

#include "pool_fixture.h"

#define SIZE 4

static struct pool *make_lasting(int least, int idle_ms, int lifetime_ms)
{
	struct pool_config config = usual(SIZE);

	config.least = least;
	config.idle_ms = idle_ms;
	config.lifetime_ms = lifetime_ms;
	return make(&config);
}

/* The process that serves the connection used last. */
static int64_t backend(struct pool *pool)
{
	return run_for_number(pool, SQL_backend, -1);
}

/* Uses all connections at once. */
static void use_all(struct pool *pool)
{
	struct waiting w[SIZE];

	for (int i = 0; i < SIZE; i++)
		start(pool, &w[i], SQL_doze, 200);
	for (int i = 0; i < SIZE; i++) {
		finish(&w[i]);
		assert_int_equal(w[i].error.kind, DB_OK);
	}
}

static void is_warm_before_the_first_query(void **state)
{
	struct pool *pool = make_lasting(3, 0, 0);

	(void)state;
	WAIT_FOR(open_connections(pool) == 3);
	pass_ms(100);
	assert_int_equal(open_connections(pool), 3);
	pool_free(pool);
}

static void closes_what_nobody_needs(void **state)
{
	struct pool *pool = make_lasting(1, 300, 0);

	(void)state;
	use_all(pool);
	assert_int_equal(open_connections(pool), SIZE);
	WAIT_FOR(open_connections(pool) == 1);
	pass_ms(1500);
	assert_int_equal(open_connections(pool), 1);
	pool_free(pool);
}

static void keeps_what_has_no_limits(void **state)
{
	struct pool *pool = make_lasting(0, 0, 0);

	(void)state;
	use_all(pool);
	pass_ms(2500);
	assert_int_equal(open_connections(pool), SIZE);
	pool_free(pool);
}

static void replaces_old_ones(void **state)
{
	struct pool *pool = make_lasting(1, 0, 500);
	int64_t first = backend(pool), second = first;

	(void)state;
	for (int i = 0; i < 50 && second == first; i++) {
		pass_ms(100);
		second = backend(pool);
	}
	assert_int_not_equal(first, second);
	WAIT_FOR(open_connections(pool) == 1);
	pool_free(pool);
}

/* Also when none of them is ever idle. */
static void replaces_old_ones_under_load(void **state)
{
	struct pool *pool = make_lasting(0, 0, 300);
	int64_t began = now_ms();

	(void)state;
	while (now_ms() - began < 1000)
		use_all(pool);
	assert_in_range(pool_stats(pool).connects, 2 * SIZE, 10 * SIZE);
	pool_free(pool);
}

/* --- round trips that show that a connection lives --- */

static struct pool *make_checked(int check_ms, int test_ms, int idle_ms)
{
	struct pool_config config = usual(SIZE);

	config.check_ms = check_ms;
	config.connect_ms = test_ms;
	config.idle_ms = idle_ms;
	return make(&config);
}

static void count_tests(void *arg, const struct connection_info *info)
{
	if (strcmp(info->state, "tested") == 0)
		++*(int *)arg;
}

static void healthy_connections_pass_their_tests(void **state)
{
	struct pool *pool = make_checked(10, 5000, 0);
	int tests = 0;

	(void)state;
	use_all(pool);
	for (int64_t began = now_ms(); now_ms() - began < 2500;) {
		event_base_loop(base, EVLOOP_ONCE);
		pool_connections(pool, count_tests, &tests);
	}
	assert_true(tests >= SIZE); /* seen under way */
	WAIT_FOR(pool_stats(pool).testing == 0);
	assert_int_equal(open_connections(pool), SIZE);
	assert_int_equal(pool_stats(pool).connects, SIZE);
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	pool_free(pool);
}

/* What does not answer is replaced before a query meets it. */
static void a_silent_connection_is_found_by_its_test(void **state)
{
	struct pool *pool = make_checked(100, 300, 0);
	pid_t frozen = (pid_t)backend(pool);

	(void)state;
	assert_int_equal(kill(frozen, SIGSTOP), 0);
	for (int i = 0; i < 500 && open_connections(pool) + pool_stats(pool).testing > 0; i++)
		pass_ms(10);
	int64_t began = now_ms(), second = backend(pool), took = now_ms() - began;

	kill(frozen, SIGCONT);
	assert_int_not_equal(second, frozen);
	assert_in_range(took, 0, 2000);
	assert_int_equal(pool_stats(pool).timeouts, 0);
	pool_free(pool);
}

/* A test is no use: the same connection is used again, and the others grow idle and go. */
static void tests_do_not_change_who_is_next(void **state)
{
	struct pool *pool = make_checked(300, 5000, 2500);
	int64_t hot;

	(void)state;
	use_all(pool);
	hot = backend(pool);
	for (int64_t began = now_ms();
	     now_ms() - began < 5000 && open_connections(pool) != 1;) {
		assert_int_equal(backend(pool), hot);
		pass_ms(50);
	}
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
	    cmocka_unit_test(replaces_old_ones_under_load),
	    cmocka_unit_test(healthy_connections_pass_their_tests),
	    cmocka_unit_test(a_silent_connection_is_found_by_its_test),
	    cmocka_unit_test(tests_do_not_change_who_is_next),
	};

	return cmocka_run_group_tests_name("pool_life", tests, set_up, tear_down);
}
