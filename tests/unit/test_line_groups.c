/* line: which queries go together, and how many connections they could use. */
#include <string.h>

#include "line_fixture.h"

static struct query *add_for(const char *agent, const char *namespace, bool alone)
{
	struct query *q = make(GATHERED, namespace);

	query_setting(q, "app.agent", agent);
	q->alone = alone;
	assert_true(line_add(&line, q, false));
	return q;
}

static void only_what_belongs_together_is_gathered(void **state)
{
	struct query *first, *second, *third;

	(void)state;
	first = add_for("one", "a", false);
	add(WRITE, "a");            /* another statement */
	add(GATHERED, "a");         /* without the setting */
	add_for("one", "a", true);  /* to be alone */
	add_for("two", "a", false); /* another setting */
	second = add_for("one", "a", false);
	add_for("one", "b", false); /* another namespace */
	third = add_for("one", "a", false);

	struct lease lease = take(line_next(&line, &wide));

	assert_int_equal(length(), 3);
	assert_ptr_equal(TAILQ_FIRST(&taken), first);
	assert_ptr_equal(TAILQ_NEXT(first, link), second);
	assert_ptr_equal(TAILQ_NEXT(second, link), third);
	assert_int_equal(line.count, 5);
	line_give_back(&line, &lease);
}

/* Two rows of one uuid could not be told apart. */
static void no_uuid_comes_twice_in_a_group(void **state)
{
	struct query *first = add(GATHERED, "a"), *twin = make(GATHERED, "a"), *third;
	struct lease lease;

	(void)state;
	memcpy(twin->scratch[0].bytes, first->values[0], SQL_GATHERED_ID_BYTES);
	assert_true(line_add(&line, twin, false));
	third = add(GATHERED, "a");
	lease = take(line_next(&line, &wide));
	assert_int_equal(length(), 2);
	assert_ptr_equal(TAILQ_FIRST(&taken), first);
	assert_ptr_equal(TAILQ_NEXT(first, link), third);
	line_give_back(&line, &lease);
	take_and_give_back(twin, &wide);
}

static void who_is_to_be_alone_goes_alone(void **state)
{
	struct query *alone = make(GATHERED, "a"), *other;

	(void)state;
	alone->alone = true;
	assert_true(line_add(&line, alone, false));
	other = add(GATHERED, "a");
	take_and_give_back(alone, &wide);
	take_and_give_back(other, &wide);
}

static void what_is_not_gathered_goes_one_by_one(void **state)
{
	struct query *first = add(WRITE, "a"), *second = add(WRITE, "a");

	(void)state;
	take_and_give_back(first, &wide);
	take_and_give_back(second, &wide);
}

static void a_group_has_a_largest_size(void **state)
{
	struct query *q[SQL_GATHERED_MAX + 3], *at;
	int i = 0;

	(void)state;
	for (int n = 0; n < SQL_GATHERED_MAX + 3; n++)
		q[n] = add(GATHERED, "a");
	struct lease lease = take(line_next(&line, &wide));

	assert_int_equal(length(), SQL_GATHERED_MAX);
	TAILQ_FOREACH (at, &taken, link)
		assert_ptr_equal(at, q[i++]); /* in their order */
	assert_int_equal(line.count, 3);
	line_give_back(&line, &lease);
	lease = take(line_next(&line, &wide));
	assert_int_equal(length(), 3);
	line_give_back(&line, &lease);
}

static struct query *add_long(size_t len)
{
	static char text[1000];
	struct query *q = make(GATHERED, "a");

	query_text(q, text, len);
	assert_true(line_add(&line, q, false));
	return q;
}

static int group_size(size_t max_bytes)
{
	struct lease lease = line_take(&line, line_next(&line, &wide), max_bytes, &taken);

	line_give_back(&line, &lease);
	return length();
}

static void a_group_has_a_largest_length(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		add_long(100);
	assert_int_equal(group_size(3 * (100 + SQL_GATHERED_ID_BYTES)), 3); /* exactly full */
	assert_int_equal(group_size(199), 1);
	assert_int_equal(group_size(199), 1);
}

static void one_that_is_too_long_goes_alone(void **state)
{
	(void)state;
	add_long(1000);
	add_long(1);
	add_long(1000);
	add_long(1);
	assert_int_equal(group_size(500), 1);
	assert_int_equal(group_size(500), 1); /* not past the long one: the order is kept */
	assert_int_equal(group_size(500), 1);
	assert_int_equal(group_size(500), 1);
}

static void few_groups_of_one_namespace_run_at_once(void **state)
{
	struct lease leases[LINE_GROUPS], other;
	struct query *r;

	(void)state;
	for (int i = 0; i < LINE_GROUPS; i++) {
		add(GATHERED, "a");
		leases[i] = take(line_next(&line, &wide));
	}
	for (int i = 0; i < 5; i++)
		add(GATHERED, "a");
	assert_null(line_next(&line, &wide)); /* they gather */
	r = add(READ, "a");
	take_and_give_back(r, &wide);
	add(GATHERED, "b");
	other = take(line_next(&line, &wide));
	line_give_back(&line, &other);
	line_give_back(&line, &leases[0]);
	leases[0] = take(line_next(&line, &wide));
	assert_int_equal(length(), 5);
	for (int i = 0; i < LINE_GROUPS; i++)
		line_give_back(&line, &leases[i]);
}

/* --- how many --- */

static void demand_counts_what_could_run(void **state)
{
	const struct line_limits limits = {.leases = 3, .writes = 4};

	(void)state;
	for (int i = 0; i < 5; i++)
		add(READ, "a");
	assert_int_equal(line_demand(&line, &limits), 3);
	for (int i = 0; i < 9; i++)
		add(GATHERED, "b"); /* one group */
	assert_int_equal(line_demand(&line, &limits), 4);
	add(WRITE, "b");
	assert_int_equal(line_demand(&line, &limits), 5);
	add(WRITE, "a"); /* its reads take all its room */
	assert_int_equal(line_demand(&line, &limits), 5);
	add(WRITE, ""), add(READ, "");
	assert_int_equal(line_demand(&line, &limits), 7);
}

static void demand_keeps_writes_within_their_limit(void **state)
{
	const struct line_limits limits = {.leases = 3, .writes = 2};
	struct lease lease;

	(void)state;
	add(WRITE, "a"), add(WRITE, "b"), add(WRITE, "c");
	assert_int_equal(line_demand(&line, &limits), 2);
	lease = take(line_next(&line, &limits));
	assert_int_equal(line_demand(&line, &limits), 1);
	add(READ, "c");
	assert_int_equal(line_demand(&line, &limits), 2);
	line_give_back(&line, &lease);
}

/* Takes as many as are allowed at once: never more than the demand was, and hardly less. */
static void demand_is_enough_for_what_can_be_taken(void **state)
{
	static const char *const names[] = {"", "a", "b", "c"};
	struct lease leases[MANY];
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		const struct line_limits limits = {
		    .leases = 1 + (int)(seed >> 8) % 4, .writes = 1 + (int)(seed >> 12) % 4};
		int demand, count = 0;

		line_set_up(state);
		for (int i = 0; i < 30; i++) {
			seed = seed * 1103515245U + 12345U;
			add((seed >> 16) % 2 == 0 ? READ : WRITE, names[(seed >> 20) % 4]);
		}
		demand = line_demand(&line, &limits);
		for (struct query *q; (q = line_next(&line, &limits)) != NULL; count++)
			leases[count] = take(q);
		assert_in_range(demand, count, count + limits.writes);
		for (int i = 0; i < count; i++)
			line_give_back(&line, &leases[i]);
		for (struct query *q; (q = line_oldest(&line)) != NULL;)
			line_remove(&line, q);
		assert_forgotten();
		assert_int_equal(line.writes, 0);
	}
}

static void the_longest_has_the_surplus(void **state)
{
	struct query *a[4], *b[2];

	(void)state;
	for (int i = 0; i < 4; i++)
		a[i] = add(READ, "a");
	for (int i = 0; i < 2; i++)
		b[i] = add(READ, "b");
	assert_ptr_equal(line_surplus(&line, "new"), a[3]);
	assert_ptr_equal(line_surplus(&line, "b"), a[3]);
	assert_null(line_surplus(&line, "a")); /* it is the longest itself */
	line_remove(&line, a[3]);
	assert_null(line_surplus(&line, "b")); /* with its next one it would be as long */
	assert_ptr_equal(line_surplus(&line, "new"), a[2]);
	line_remove(&line, a[2]);
	line_remove(&line, a[1]);
	assert_ptr_equal(line_surplus(&line, "new"), b[1]);
	line_remove(&line, b[1]);
	assert_null(line_surplus(&line, "new")); /* nobody has two */
}

static void reads_and_writes_both_count_for_the_surplus(void **state)
{
	struct query *last;

	(void)state;
	add(READ, "a"), add(READ, "a");
	add(READ, "b"), add(GATHERED, "b");
	last = add(READ, "b");
	assert_ptr_equal(line_surplus(&line, "new"), last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LINE_TEST(only_what_belongs_together_is_gathered),
	    LINE_TEST(no_uuid_comes_twice_in_a_group),
	    LINE_TEST(who_is_to_be_alone_goes_alone),
	    LINE_TEST(what_is_not_gathered_goes_one_by_one),
	    LINE_TEST(a_group_has_a_largest_size),
	    LINE_TEST(a_group_has_a_largest_length),
	    LINE_TEST(one_that_is_too_long_goes_alone),
	    LINE_TEST(few_groups_of_one_namespace_run_at_once),
	    LINE_TEST(demand_counts_what_could_run),
	    LINE_TEST(demand_keeps_writes_within_their_limit),
	    LINE_TEST(demand_is_enough_for_what_can_be_taken),
	    LINE_TEST(the_longest_has_the_surplus),
	    LINE_TEST(reads_and_writes_both_count_for_the_surplus),
	};

	return cmocka_run_group_tests_name("line_groups", tests, NULL, NULL);
}
