/* breaker: when it opens, how long it waits, and how it closes. The time is the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "breaker.h"

#define FIRST_MS    50
#define MOST_MS     1000
#define FAILURES    5
#define PATIENCE_MS 2000

static const struct breaker_limits limits = {.failures = FAILURES,
    .patience_ms = PATIENCE_MS,
    .first_wait_ms = FIRST_MS,
    .most_wait_ms = MOST_MS};

static struct breaker b;
static int64_t now;

static int set_up(void **state)
{
	(void)state;
	now = 1000000;
	breaker_init(&b, "primary", &limits);
	return 0;
}

/* One attempt that took no time and failed, as soon as it was permitted. */
static void fail_once(void)
{
	now += breaker_wait_ms(&b, now);
	assert_true(breaker_permits(&b, now));
	breaker_failed(&b, now, now);
}

static void open_it(void)
{
	while (b.state != BREAKER_OPEN)
		fail_once();
}

static void is_closed_in_the_beginning(void **state)
{
	(void)state;
	assert_string_equal(b.name, "primary");
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_true(breaker_permits(&b, now));
	assert_true(breaker_permits(&b, now)); /* as often as one likes */
	assert_false(breaker_refuses(&b, now));
	assert_int_equal(breaker_wait_ms(&b, now), 0);
}

static void waits_between_failures_before_it_opens(void **state)
{
	(void)state;
	breaker_failed(&b, now, now);
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_false(breaker_permits(&b, now));
	assert_false(breaker_refuses(&b, now)); /* whoever wants it may wait for it */
	now += breaker_wait_ms(&b, now) - 1;
	assert_false(breaker_permits(&b, now));
	now++;
	assert_true(breaker_permits(&b, now));
}

static void opens_after_failures_in_a_row(void **state)
{
	(void)state;
	for (int i = 1; i < FAILURES; i++) {
		fail_once();
		assert_int_equal(b.state, BREAKER_CLOSED);
	}
	breaker_succeeded(&b); /* the row begins anew */
	for (int i = 1; i < FAILURES; i++) {
		fail_once();
		assert_int_equal(b.state, BREAKER_CLOSED);
	}
	fail_once();
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(b.failures, FAILURES);
}

/* Attempts that take long: the second says that it has been failing for long enough. */
static void opens_when_patience_ends(void **state)
{
	(void)state;
	breaker_failed(&b, now, now + PATIENCE_MS / 2);
	assert_int_equal(b.state, BREAKER_CLOSED);
	breaker_failed(&b, now + PATIENCE_MS / 2 + 10, now + PATIENCE_MS - 1);
	assert_int_equal(b.state, BREAKER_CLOSED);
	breaker_failed(&b, now + PATIENCE_MS - 1, now + PATIENCE_MS);
	assert_int_equal(b.state, BREAKER_OPEN);
}

static void one_long_failure_is_enough(void **state)
{
	(void)state;
	breaker_failed(&b, now, now + PATIENCE_MS);
	assert_int_equal(b.state, BREAKER_OPEN);
}

static void refuses_while_it_is_open(void **state)
{
	(void)state;
	open_it();
	assert_true(breaker_refuses(&b, now));
	assert_false(breaker_permits(&b, now));
	assert_true(breaker_wait_ms(&b, now) > 0);
	now = b.retry_at_ms;
	assert_false(breaker_refuses(&b, now)); /* the probe decides */
	assert_int_equal(breaker_wait_ms(&b, now), 0);
}

static void lets_one_probe_through(void **state)
{
	(void)state;
	open_it();
	now = b.retry_at_ms;
	assert_true(breaker_permits(&b, now));
	assert_int_equal(b.state, BREAKER_HALF_OPEN);
	assert_false(breaker_permits(&b, now));
	assert_false(breaker_refuses(&b, now)); /* whoever comes now waits for the probe */
	breaker_failed(&b, now, now + 1);
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_true(breaker_refuses(&b, now + 1));
	now = b.retry_at_ms;
	assert_true(breaker_permits(&b, now));
	breaker_succeeded(&b);
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_int_equal(b.failures, 0);
	assert_true(breaker_permits(&b, now));
}

static void a_probe_that_never_tells_is_not_the_last(void **state)
{
	(void)state;
	open_it();
	now = b.retry_at_ms;
	assert_true(breaker_permits(&b, now));
	now += MOST_MS - 1;
	assert_false(breaker_permits(&b, now));
	assert_true(breaker_permits(&b, now + 1));
}

/* Full jitter: anything up to the doubled wait, and all of that range. */
static void waits_grow_at_random_up_to_the_most(void **state)
{
	(void)state;
	for (int failures = 1; failures < 40; failures++) {
		int64_t bound = FIRST_MS, longest = 0, shortest = MOST_MS;

		for (int i = 1; i < failures && bound < MOST_MS; i++)
			bound *= 2;
		bound = bound < MOST_MS ? bound : MOST_MS;
		for (int i = 0; i < 300; i++) {
			b.failures = failures - 1;
			breaker_failed(&b, now, now);
			int64_t wait = breaker_wait_ms(&b, now);

			longest = wait > longest ? wait : longest;
			shortest = wait < shortest ? wait : shortest;
		}
		assert_in_range(shortest, 1, bound / 4);
		assert_in_range(longest, bound * 3 / 4, bound);
	}
}

static void the_smallest_limits_work(void **state)
{
	const struct breaker_limits smallest = {.failures = 1};

	(void)state;
	breaker_init(&b, "other", &smallest);
	fail_once();
	assert_int_equal(b.state, BREAKER_OPEN);
	assert_int_equal(breaker_wait_ms(&b, now), 1);
}

static void a_reset_forgets_everything_but_the_counts(void **state)
{
	(void)state;
	open_it();
	assert_true(breaker_refuses(&b, now));
	breaker_reset(&b);
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_int_equal(b.failures, 0);
	assert_int_equal(breaker_wait_ms(&b, now), 0);
	assert_true(breaker_permits(&b, now));
	assert_false(breaker_refuses(&b, now));
	assert_int_equal(b.failed_total, FAILURES);
	assert_int_equal(b.opened, 1);
	assert_int_equal(b.refused_total, 1);
	fail_once(); /* the shortest wait again */
	assert_int_equal(b.state, BREAKER_CLOSED);
	assert_in_range(breaker_wait_ms(&b, now), 1, FIRST_MS);
}

static void counts_what_happened(void **state)
{
	(void)state;
	open_it();
	for (int i = 0; i < 3; i++)
		assert_true(breaker_refuses(&b, now));
	for (int i = 0; i < 4; i++)
		fail_once(); /* probes: it stays open */
	assert_int_equal(b.opened, 1);
	assert_int_equal(b.failed_total, FAILURES + 4);
	assert_int_equal(b.refused_total, 3);
	breaker_succeeded(&b);
	open_it();
	assert_int_equal(b.opened, 2);
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(breaker_state_name(BREAKER_CLOSED), "closed");
	assert_string_equal(breaker_state_name(BREAKER_OPEN), "open");
	assert_string_equal(breaker_state_name(BREAKER_HALF_OPEN), "half_open");
}

static void long_names_are_cut(void **state)
{
	char name[2 * BREAKER_NAME_BYTES];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	breaker_init(&b, name, &limits);
	assert_int_equal(strlen(b.name), BREAKER_NAME_BYTES - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(is_closed_in_the_beginning, set_up),
	    cmocka_unit_test_setup(waits_between_failures_before_it_opens, set_up),
	    cmocka_unit_test_setup(opens_after_failures_in_a_row, set_up),
	    cmocka_unit_test_setup(opens_when_patience_ends, set_up),
	    cmocka_unit_test_setup(one_long_failure_is_enough, set_up),
	    cmocka_unit_test_setup(refuses_while_it_is_open, set_up),
	    cmocka_unit_test_setup(lets_one_probe_through, set_up),
	    cmocka_unit_test_setup(a_probe_that_never_tells_is_not_the_last, set_up),
	    cmocka_unit_test_setup(waits_grow_at_random_up_to_the_most, set_up),
	    cmocka_unit_test_setup(the_smallest_limits_work, set_up),
	    cmocka_unit_test_setup(a_reset_forgets_everything_but_the_counts, set_up),
	    cmocka_unit_test_setup(counts_what_happened, set_up),
	    cmocka_unit_test_setup(states_have_names, set_up),
	    cmocka_unit_test_setup(long_names_are_cut, set_up),
	};

	return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
