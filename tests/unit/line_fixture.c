/* line_fixture: one line for the tests of it. */
#include "line_fixture.h"

struct line line;
static struct query queries[MANY];
static int used;
struct query_list taken;

const struct line_limits wide = {.leases = 1000, .writes = 1000};

int line_set_up(void **state)
{
	(void)state;
	line_init(&line);
	used = 0;
	return 0;
}

int line_tear_down(void **state)
{
	(void)state;
	line_fini(&line);
	return 0;
}

void assert_forgotten(void)
{
	assert_int_equal(line.count, 0);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		assert_true(TAILQ_EMPTY(&line.turns[lane]));
	for (int i = 0; i < LINE_BUCKETS; i++)
		assert_true(LIST_EMPTY(&line.buckets[i]));
}

struct query *make(enum sql_id sql, const char *namespace)
{
	struct query *q = &queries[used++];

	assert_true(used <= MANY);
	query_init(q, sql);
	q->namespace = namespace;
	if (sql_is_gathered(sql)) {
		const unsigned char id[16] = {(unsigned char)used};

		query_uuid(q, id);
	}
	return q;
}

struct query *add(enum sql_id sql, const char *namespace)
{
	struct query *q = make(sql, namespace);

	assert_true(line_add(&line, q, false));
	return q;
}

int length(void)
{
	struct query *q;
	int count = 0;

	TAILQ_FOREACH (q, &taken, link)
		count++;
	return count;
}

struct lease take(struct query *q)
{
	return line_take(&line, q, MANY_BYTES, &taken);
}

struct lease take_next(const struct query *expected, const struct line_limits *limits)
{
	struct query *q = line_next(&line, limits);

	assert_ptr_equal(q, expected);
	struct lease lease = take(q);

	assert_ptr_equal(TAILQ_FIRST(&taken), expected);
	assert_int_equal(length(), 1);
	assert_int_equal(q->place, QUERY_RUNNING);
	return lease;
}

void take_and_give_back(const struct query *expected, const struct line_limits *limits)
{
	struct lease lease = take_next(expected, limits);

	line_give_back(&line, &lease);
}
