/*
 * cancel: what is given up stops in PostgreSQL, and its connection hurts nobody.
 *
 * With libpq 17 and newer the connection is kept, with an older one it is closed and replaced. The
 * program is run with both (CMakeLists.txt).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"
#include "pool_fixture.h"

#define LONG_MS   20000
#define RACES     300
#define LONG_LEN  (20 * 1000 * 1000)
#define CANCEL_MS 3000

static struct pool *pool, *other;
static bool keeps; /* the connection */

static int with_pools(void **state)
{
	struct pool_config config = usual(1);

	(void)state;
	config.query_ms = LONG_MS;
	config.cancel_ms = CANCEL_MS;
	pool = make(&config);
	other = make_usual(1);
	keeps = library_libpq_version() >= 170000;
	assert_int_equal(run(other, SQL_echo, 1), DB_OK);
	return 0;
}

static int without_pools(void **state)
{
	(void)state;
	pool_free(pool);
	pool_free(other);
	return 0;
}

static int64_t backend(void)
{
	return run_for_number(pool, SQL_backend, -1);
}

static int64_t dozing(void)
{
	return run_for_number(other, SQL_count_dozing, -1);
}

/* A statement that PostgreSQL is busy with. */
static void start_dozing(struct waiting *w)
{
	WAIT_FOR(dozing() == 0); /* the last one, if its connection was closed */
	start(pool, w, SQL_doze, LONG_MS);
	WAIT_FOR(dozing() == 1);
}

static void the_connection_serves_on_or_is_replaced(void **state)
{
	int64_t before = backend();
	struct waiting w;

	(void)state;
	for (int i = 0; i < 5; i++) {
		start_dozing(&w);
		cancel(pool, &w);
		assert_int_equal(pool_stats(pool).busy, 0);
		int64_t after = backend();

		assert_true((before == after) == keeps);
		assert_false(w.done);
		before = after;
	}
	assert_int_equal(pool_stats(pool).cancels, 5);
	assert_int_equal(pool_stats(pool).connects, keeps ? 1 : 6);
	assert_int_equal(pool_stats(pool).timeouts, 0);
	assert_true(pool_stats(pool).reachable);
}

static void postgresql_stops_at_once(void **state)
{
	int64_t quickest = LONG_MS;
	struct waiting w;

	(void)state;
	for (int i = 0; i < 5; i++) {
		start_dozing(&w);
		int64_t began = now_ms();

		cancel(pool, &w);
		WAIT_FOR(dozing() == 0);
		int64_t took = now_ms() - began;

		quickest = took < quickest ? took : quickest;
	}
	assert_in_range(quickest, 0, 100);
}

static void note_state(void *arg, const struct connection_info *info)
{
	snprintf(arg, 32, "%s", info->state);
}

static void it_is_not_used_before_the_cancelling_is_over(void **state)
{
	char said[32] = "";
	struct waiting w, next;

	(void)state;
	start_dozing(&w);
	start(pool, &next, SQL_echo, 7);
	cancel(pool, &w);
	struct pool_stats stats = pool_stats(pool);

	assert_int_equal(stats.cancelling, keeps ? 1 : 0);
	assert_int_equal(stats.busy, 0);
	assert_int_equal(stats.waiting, 1);
	pool_connections(pool, note_state, said);
	assert_string_equal(said, keeps ? "being_canceled" : "login");
	finish(&next);
	assert_int_equal(next.error.kind, DB_OK);
	assert_int_equal(pool_stats(pool).cancelling, 0);
	assert_int_equal(pool_stats(pool).idle, 1);
}

static unsigned next_random(void)
{
	static unsigned seed = 20;

	seed = seed * 1103515245U + 12345U;
	return seed >> 16;
}

/* The result and the cancelling cross; whoever comes next must not be hit. */
static void the_race_with_a_result_hurts_nobody(void **state)
{
	struct pool *busy = make_usual(3);
	struct waiting victim, neighbours[2], next;
	int cancelled = 0;

	(void)state;
	for (int i = 0; i < RACES; i++) {
		start(busy, &victim, SQL_doze, (int)(next_random() % 4));
		start(busy, &neighbours[0], SQL_doze, (int)(next_random() % 4));
		start(busy, &neighbours[1], SQL_doze, (int)(next_random() % 4));
		for (unsigned turns = next_random() % 6; turns > 0 && !victim.done; turns--)
			event_base_loop(base, EVLOOP_ONCE);
		if (victim.done) {
			finish(&victim);
		} else {
			cancel(busy, &victim);
			cancelled++;
		}
		start(busy, &next, SQL_echo, i);
		await(&next);
		assert_int_equal(next.error.kind, DB_OK);
		assert_int_equal(rows_int(next.rows, 0, 0), i);
		finish(&next);
		for (int n = 0; n < 2; n++) {
			finish(&neighbours[n]);
			assert_int_equal(neighbours[n].error.kind, DB_OK);
		}
	}
	assert_in_range(cancelled, RACES / 4, RACES);
	WAIT_FOR(pool_stats(busy).cancelling == 0);
	assert_int_equal(pool_stats(busy).timeouts, 0);
	assert_int_equal(pool_stats(busy).retries, 0);
	pool_free(busy);
}

/* Cancelled before PostgreSQL has all of it: nothing to wait for. */
static void half_a_statement_hurts_nobody(void **state)
{
	char *text = malloc(LONG_LEN);
	int64_t began = now_ms();
	struct waiting w;

	(void)state;
	memset(text, 'y', LONG_LEN);
	assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	for (int i = 0; i < 3; i++) {
		prepare(&w, SQL_long_text, -1);
		query_text(&w.q, text, LONG_LEN);
		ask(pool, &w);
		pass_ms(i);
		cancel(pool, &w);
		assert_int_equal(run(pool, SQL_echo, 1), DB_OK);
	}
	assert_in_range(now_ms() - began, 0, 3 * CANCEL_MS - 1);
	free(text);
}

static void the_servers_own_deadline_keeps_the_connection(void **state)
{
	struct pool_config config = usual(1);
	struct waiting w;

	(void)state;
	config.query_ms = 1300; /* PostgreSQL's is 800 */
	struct pool *short_of_time = make(&config);

	start(short_of_time, &w, SQL_doze, LONG_MS);
	finish(&w);
	assert_int_equal(w.error.kind, DB_TIMEOUT);
	assert_string_equal(w.error.sqlstate, "57014");
	assert_int_equal(run(short_of_time, SQL_echo, 1), DB_OK);
	assert_int_equal(pool_stats(short_of_time).connects, 1);
	assert_int_equal(pool_stats(short_of_time).timeouts, 1);
	pool_free(short_of_time);
}

/* Neither the statement nor its cancelling is answered: the connection is given up. */
static void a_frozen_backend_is_given_up(void **state)
{
	struct pool_config config = usual(1);
	struct waiting w, next;

	(void)state;
	config.query_ms = 300;
	config.cancel_ms = 200;
	struct pool *hasty = make(&config);
	pid_t frozen = (pid_t)run_for_number(hasty, SQL_backend, -1);

	assert_int_equal(kill(frozen, SIGSTOP), 0);
	int64_t began = now_ms();

	start(hasty, &w, SQL_doze_write, 0);
	finish(&w);
	start(hasty, &next, SQL_backend, -1);
	await(&next);
	int64_t took = now_ms() - began;

	kill(frozen, SIGCONT);
	assert_int_equal(w.error.kind, DB_TIMEOUT);
	assert_string_equal(w.error.sqlstate, ""); /* nobody knows */
	assert_int_equal(next.error.kind, DB_OK);
	assert_int_not_equal(rows_int(next.rows, 0, 0), frozen);
	finish(&next);
	assert_in_range(took, 300, 3000);
	pool_free(hasty);
}

static void a_pool_may_be_freed_while_it_cancels(void **state)
{
	struct pool *leaving = make_usual(2);
	struct waiting w;

	(void)state;
	assert_int_equal(run(leaving, SQL_echo, 1), DB_OK);
	start(leaving, &w, SQL_doze, LONG_MS);
	pass_ms(20);
	cancel(leaving, &w);
	pool_free(leaving);
	assert_false(w.done);
	WAIT_FOR(dozing() == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, with_pools, without_pools)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_connection_serves_on_or_is_replaced),
	    TEST(postgresql_stops_at_once),
	    TEST(it_is_not_used_before_the_cancelling_is_over),
	    TEST(the_race_with_a_result_hurts_nobody),
	    TEST(half_a_statement_hurts_nobody),
	    TEST(the_servers_own_deadline_keeps_the_connection),
	    TEST(a_frozen_backend_is_given_up),
	    TEST(a_pool_may_be_freed_while_it_cancels),
	};

	return cmocka_run_group_tests_name("cancel", tests, set_up, tear_down);
}
