/* pool: how many connections there are, and for how long. Needs SAGE_TEST_DATABASE_URL. */
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

/* The process that serves the connection used last. */
static int64_t backend(struct pool *pool)
{
	return run_for_number(pool, SQL_backend, -1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_warm_before_the_first_query),
	    cmocka_unit_test(closes_what_nobody_needs),
	    cmocka_unit_test(keeps_what_has_no_limits),
	    cmocka_unit_test(replaces_old_ones),
	};

	return cmocka_run_group_tests_name("pool_life", tests, set_up, tear_down);
}
