/* line: whose turn it is, how many at once, and which go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"

#define READ       SQL_echo
#define WRITE      SQL_doze_write
#define GATHERED   SQL_keep
#define MANY_BYTES ((size_t)1 << 20)
#define MANY       200

static struct line line;
static struct query queries[MANY];
static int used;
static struct query_list taken;

static const struct line_limits wide = {.leases = 1000, .writes = 1000};

static int set_up(void **state)
{
	(void)state;
	line_init(&line);
	used = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	line_fini(&line);
	return 0;
}

static struct query *make(enum sql_id sql, const char *namespace)
{
	struct query *q = &queries[used++];

	assert_true(used <= MANY);
	query_init(q, sql);
	q->namespace = namespace;
	return q;
}

static struct query *add(enum sql_id sql, const char *namespace)
{
	struct query *q = make(sql, namespace);

	assert_true(line_add(&line, q, false));
	return q;
}

static int length(void)
{
	struct query *q;
	int count = 0;

	TAILQ_FOREACH (q, &taken, link)
		count++;
	return count;
}

static struct lease take(struct query *q)
{
	return line_take(&line, q, MANY_BYTES, &taken);
}

/* Takes whose turn it is, which must be this one, alone. */
static struct lease take_next(const struct query *expected, const struct line_limits *limits)
{
	struct query *q = line_next(&line, limits);

	assert_ptr_equal(q, expected);
	struct lease lease = take(q);

	assert_ptr_equal(TAILQ_FIRST(&taken), expected);
	assert_int_equal(length(), 1);
	assert_int_equal(q->place, QUERY_RUNNING);
	return lease;
}

static void take_and_give_back(const struct query *expected, const struct line_limits *limits)
{
	struct lease lease = take_next(expected, limits);

	line_give_back(&line, &lease);
}

static void an_empty_line_has_nobody(void **state)
{
	(void)state;
	assert_null(line_next(&line, &wide));
	assert_null(line_oldest(&line));
	assert_int_equal(line_demand(&line, &wide), 0);
	assert_null(line_surplus(&line, "a"));
}

static void one_namespace_is_served_in_its_order(void **state)
{
	struct query *q[10];

	(void)state;
	for (int i = 0; i < 10; i++)
		q[i] = add(READ, "a");
	for (int i = 0; i < 10; i++)
		take_and_give_back(q[i], &wide);
	assert_null(line_next(&line, &wide));
}

static void who_comes_back_comes_first(void **state)
{
	struct query *late = add(READ, "a"), *first = make(READ, "a"), *second = make(READ, "a");

	(void)state;
	assert_true(line_add(&line, second, true)); /* the last of them first, as the pool does */
	assert_true(line_add(&line, first, true));
	take_and_give_back(first, &wide);
	take_and_give_back(second, &wide);
	take_and_give_back(late, &wide);
}

static void namespaces_take_turns(void **state)
{
	struct query *a[5], *b[2], *c[1];

	(void)state;
	for (int i = 0; i < 5; i++)
		a[i] = add(READ, "a");
	for (int i = 0; i < 2; i++)
		b[i] = add(READ, "b");
	c[0] = add(READ, "c");
	struct query *const order[] = {a[0], b[0], c[0], a[1], b[1], a[2], a[3], a[4]};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		take_and_give_back(order[i], &wide);
}

static void a_newcomer_is_next_after_one_round(void **state)
{
	struct query *a[4], *b;

	(void)state;
	for (int i = 0; i < 4; i++)
		a[i] = add(READ, "a");
	take_and_give_back(a[0], &wide);
	b = add(READ, "b");
	take_and_give_back(a[1], &wide);
	take_and_give_back(b, &wide);
	take_and_give_back(a[2], &wide);
}

static void one_namespace_has_only_so_many(void **state)
{
	const struct line_limits limits = {.leases = 2, .writes = 10};
	struct query *a[4], *b;

	(void)state;
	for (int i = 0; i < 4; i++)
		a[i] = add(READ, "a");
	struct lease first = take_next(a[0], &limits), second = take_next(a[1], &limits);

	assert_null(line_next(&line, &limits));
	b = add(READ, "b");
	take_and_give_back(b, &limits);
	assert_null(line_next(&line, &limits));
	line_give_back(&line, &first);
	first = take_next(a[2], &limits); /* it kept its place */
	assert_null(line_next(&line, &limits));
	line_give_back(&line, &second);
	take_and_give_back(a[3], &limits);
	line_give_back(&line, &first);
}

static void reads_and_writes_share_one_cap(void **state)
{
	const struct line_limits limits = {.leases = 2, .writes = 10};
	struct query *r = add(READ, "a"), *w = add(WRITE, "a");

	(void)state;
	add(READ, "a");
	struct lease first = take_next(r, &limits), second = take_next(w, &limits);

	assert_null(line_next(&line, &limits));
	line_give_back(&line, &second);
	assert_non_null(line_next(&line, &limits));
	line_give_back(&line, &first);
}

static void the_server_itself_has_no_cap(void **state)
{
	const struct line_limits limits = {.leases = 1, .writes = 1};
	struct lease leases[6];

	(void)state;
	for (int i = 0; i < 3; i++)
		add(READ, ""), add(WRITE, "");
	for (int i = 0; i < 6; i++)
		leases[i] = take(line_next(&line, &limits));
	assert_null(line_next(&line, &limits));
	for (int i = 0; i < 6; i++)
		line_give_back(&line, &leases[i]);
	assert_int_equal(line.writes, 0);
}

static void writes_never_have_all(void **state)
{
	const struct line_limits limits = {.leases = 10, .writes = 2};
	struct query *w[3], *r;

	(void)state;
	w[0] = add(WRITE, "a");
	w[1] = add(WRITE, "b");
	w[2] = add(WRITE, "c");
	struct lease first = take_next(w[0], &limits), second = take_next(w[1], &limits);

	assert_null(line_next(&line, &limits));
	r = add(READ, "d");
	take_and_give_back(r, &limits);
	line_give_back(&line, &first);
	take_and_give_back(w[2], &limits);
	line_give_back(&line, &second);
}

static void reads_and_writes_take_turns(void **state)
{
	struct query *r[4], *w[4];
	bool read;

	(void)state;
	for (int i = 0; i < 4; i++)
		w[i] = add(WRITE, i % 2 == 0 ? "a" : "b");
	for (int i = 0; i < 4; i++)
		r[i] = add(READ, i % 2 == 0 ? "a" : "b");
	read = line_next(&line, &wide) == r[0];
	for (int i = 0; i < 4; i++) {
		take_and_give_back(read ? r[i] : w[i], &wide);
		take_and_give_back(read ? w[i] : r[i], &wide);
	}
}

static void a_lane_alone_does_not_wait_for_the_other(void **state)
{
	struct query *w[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		w[i] = add(WRITE, "a");
	for (int i = 0; i < 3; i++)
		take_and_give_back(w[i], &wide);
}

/* --- gathering --- */

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
	add(WRITE, "a");               /* another statement */
	add(GATHERED, "a");            /* without the setting */
	add_for("one", "a", true);     /* to be alone */
	add_for("two", "a", false);    /* another setting */
	second = add_for("one", "a", false);
	add_for("one", "b", false);    /* another namespace */
	third = add_for("one", "a", false);

	struct lease lease = take(line_next(&line, &wide));

	assert_int_equal(length(), 3);
	assert_ptr_equal(TAILQ_FIRST(&taken), first);
	assert_ptr_equal(TAILQ_NEXT(first, link), second);
	assert_ptr_equal(TAILQ_NEXT(second, link), third);
	assert_int_equal(line.count, 5);
	line_give_back(&line, &lease);
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
	assert_int_equal(group_size(300), 3); /* exactly full */
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

/* --- age and removal --- */

static void the_oldest_is_the_oldest_of_all(void **state)
{
	struct query *a = add(WRITE, "a"), *b = add(READ, "b"), *c = add(READ, "a");

	(void)state;
	assert_ptr_equal(line_oldest(&line), a);
	take_and_give_back(b, &wide);
	assert_ptr_equal(line_oldest(&line), a);
	line_remove(&line, a);
	assert_ptr_equal(line_oldest(&line), c);
	line_remove(&line, c);
	assert_null(line_oldest(&line));
}

static void assert_forgotten(void)
{
	assert_int_equal(line.count, 0);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		assert_true(TAILQ_EMPTY(&line.turns[lane]));
	for (int i = 0; i < LINE_BUCKETS; i++)
		assert_true(LIST_EMPTY(&line.buckets[i]));
}

static void who_is_removed_is_forgotten(void **state)
{
	struct query *q[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		q[i] = add(i % 2 == 0 ? GATHERED : READ, i < 4 ? "a" : "b");
	for (int i = 0; i < 6; i++) {
		line_remove(&line, q[(i * 5) % 6]);
		assert_int_equal(q[(i * 5) % 6]->place, QUERY_NOWHERE);
		assert_int_equal(line.count, 5 - i);
	}
	assert_forgotten();
}

static void a_namespace_lives_as_long_as_its_lease(void **state)
{
	const struct line_limits limits = {.leases = 1, .writes = 1};
	struct query *q = add(READ, "a"), *other;
	struct lease lease = take_next(q, &limits);

	(void)state;
	other = add(READ, "a");
	assert_null(line_next(&line, &limits)); /* its lease still counts */
	line_remove(&line, other);
	other = add(READ, "a");
	assert_null(line_next(&line, &limits));
	line_remove(&line, other);
	line_give_back(&line, &lease);
	assert_forgotten();
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

		used = 0;
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

/* --- many --- */

#define NAMESPACES 5000
#define EACH       3

static void thousands_of_namespaces_take_turns(void **state)
{
	static char names[NAMESPACES][16];
	static struct query many[NAMESPACES * EACH];
	static bool seen[NAMESPACES];

	(void)state;
	for (int i = 0; i < NAMESPACES * EACH; i++) {
		/* The first has all of its before the last has any. */
		int n = i / EACH;

		snprintf(names[n], sizeof(names[n]), "namespace %d", n);
		query_init(&many[i], READ);
		many[i].namespace = names[n];
		assert_true(line_add(&line, &many[i], false));
	}
	assert_int_equal(line_demand(&line, &wide), NAMESPACES * EACH);
	for (int round = 0; round < EACH; round++) {
		memset(seen, 0, sizeof(seen));
		for (int i = 0; i < NAMESPACES; i++) {
			struct query *q = line_next(&line, &wide);
			long n = (q - many) / EACH;

			assert_false(seen[n]);
			seen[n] = true;
			assert_int_equal((q - many) % EACH, round);
			struct lease lease = take(q);

			line_give_back(&line, &lease);
		}
	}
	assert_forgotten();
}

static void the_longest_name_fits(void **state)
{
	char name[LINE_NAMESPACE_BYTES], other[LINE_NAMESPACE_BYTES];
	struct query *q, *o;

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memcpy(other, name, sizeof(name));
	other[sizeof(name) - 2] = 'm';
	q = add(READ, name);
	o = add(READ, other);
	assert_ptr_not_equal(q->tenant, o->tenant);
	take_and_give_back(q, &wide);
	take_and_give_back(o, &wide);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_empty_line_has_nobody),
	    TEST(one_namespace_is_served_in_its_order),
	    TEST(who_comes_back_comes_first),
	    TEST(namespaces_take_turns),
	    TEST(a_newcomer_is_next_after_one_round),
	    TEST(one_namespace_has_only_so_many),
	    TEST(reads_and_writes_share_one_cap),
	    TEST(the_server_itself_has_no_cap),
	    TEST(writes_never_have_all),
	    TEST(reads_and_writes_take_turns),
	    TEST(a_lane_alone_does_not_wait_for_the_other),
	    TEST(only_what_belongs_together_is_gathered),
	    TEST(who_is_to_be_alone_goes_alone),
	    TEST(what_is_not_gathered_goes_one_by_one),
	    TEST(a_group_has_a_largest_size),
	    TEST(a_group_has_a_largest_length),
	    TEST(one_that_is_too_long_goes_alone),
	    TEST(few_groups_of_one_namespace_run_at_once),
	    TEST(the_oldest_is_the_oldest_of_all),
	    TEST(who_is_removed_is_forgotten),
	    TEST(a_namespace_lives_as_long_as_its_lease),
	    TEST(demand_counts_what_could_run),
	    TEST(demand_keeps_writes_within_their_limit),
	    TEST(demand_is_enough_for_what_can_be_taken),
	    TEST(the_longest_has_the_surplus),
	    TEST(reads_and_writes_both_count_for_the_surplus),
	    TEST(thousands_of_namespaces_take_turns),
	    TEST(the_longest_name_fits),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
