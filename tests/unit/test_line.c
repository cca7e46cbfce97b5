/* line: whose turn it is, and how many run at once. */
#include <stdio.h>
#include <string.h>

#include "line_fixture.h"

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
	struct query *late = add(READ, "a"), *first = make(READ, "a"),
	             *second = make(READ, "a");

	(void)state;
	assert_true(
	    line_add(&line, second, true)); /* the last of them first, as the pool does */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LINE_TEST(an_empty_line_has_nobody),
	    LINE_TEST(one_namespace_is_served_in_its_order),
	    LINE_TEST(who_comes_back_comes_first),
	    LINE_TEST(namespaces_take_turns),
	    LINE_TEST(a_newcomer_is_next_after_one_round),
	    LINE_TEST(one_namespace_has_only_so_many),
	    LINE_TEST(reads_and_writes_share_one_cap),
	    LINE_TEST(the_server_itself_has_no_cap),
	    LINE_TEST(writes_never_have_all),
	    LINE_TEST(reads_and_writes_take_turns),
	    LINE_TEST(a_lane_alone_does_not_wait_for_the_other),
	    LINE_TEST(the_oldest_is_the_oldest_of_all),
	    LINE_TEST(who_is_removed_is_forgotten),
	    LINE_TEST(a_namespace_lives_as_long_as_its_lease),
	    LINE_TEST(thousands_of_namespaces_take_turns),
	    LINE_TEST(the_longest_name_fits),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
