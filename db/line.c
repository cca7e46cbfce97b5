/* line: namespaces by name, a turn list for each lane, and one list by age. */
#include "line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static enum lane lane_of(const struct query *q)
{
	return sql_is_read(q->sql) ? LANE_READ : LANE_WRITE;
}

static bool may_gather(const struct query *q)
{
	return !q->alone && sql_is_gathered(q->sql);
}

/* FNV-1a. */
static struct tenant_bucket *bucket_of(struct line *line, const char *namespace)
{
	uint32_t hash = 2166136261U;

	for (; *namespace != '\0'; namespace++)
		hash = (hash ^ (unsigned char)*namespace) * 16777619U;
	return &line->buckets[hash % LINE_BUCKETS];
}

void line_init(struct line *line)
{
	memset(line, 0, sizeof(*line));
	for (int i = 0; i < LINE_BUCKETS; i++)
		LIST_INIT(&line->buckets[i]);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		TAILQ_INIT(&line->turns[lane]);
	TAILQ_INIT(&line->by_age);
}

void line_fini(struct line *line)
{
	struct tenant *tenant;

	for (int i = 0; i < LINE_BUCKETS; i++) {
		while ((tenant = LIST_FIRST(&line->buckets[i])) != NULL) {
			LIST_REMOVE(tenant, bucket);
			free(tenant);
		}
	}
	line_init(line);
}

static struct tenant *tenant_for(struct line *line, const char *namespace)
{
	struct tenant_bucket *bucket = bucket_of(line, namespace);
	struct tenant *tenant;

	LIST_FOREACH (tenant, bucket, bucket) {
		if (strcmp(tenant->namespace, namespace) == 0)
			return tenant;
	}
	tenant = calloc(1, sizeof(*tenant));
	if (tenant == NULL)
		return NULL;
	assert(strlen(namespace) < sizeof(tenant->namespace));
	strcpy(tenant->namespace, namespace);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		TAILQ_INIT(&tenant->waiting[lane]);
	LIST_INSERT_HEAD(bucket, tenant, bucket);
	return tenant;
}

static void forget_if_unused(struct tenant *tenant)
{
	if (tenant->leases > 0 || tenant->in_turn[LANE_READ] || tenant->in_turn[LANE_WRITE])
		return;
	LIST_REMOVE(tenant, bucket);
	free(tenant);
}

bool line_add(struct line *line, struct query *q, bool first)
{
	struct tenant *tenant = tenant_for(line, q->namespace);
	enum lane lane = lane_of(q);

	if (tenant == NULL)
		return false;
	if (first)
		TAILQ_INSERT_HEAD(&tenant->waiting[lane], q, link);
	else
		TAILQ_INSERT_TAIL(&tenant->waiting[lane], q, link);
	if (!tenant->in_turn[lane])
		TAILQ_INSERT_TAIL(&line->turns[lane], tenant, turn[lane]);
	tenant->in_turn[lane] = true;
	TAILQ_INSERT_TAIL(&line->by_age, q, age);
	if (may_gather(q))
		tenant->gatherable[lane]++;
	else
		tenant->single[lane]++;
	q->tenant = tenant;
	q->place = QUERY_IN_LINE;
	line->count++;
	return true;
}

static void leave(struct line *line, struct query *q)
{
	enum lane lane = lane_of(q);
	struct tenant *tenant = q->tenant;

	TAILQ_REMOVE(&tenant->waiting[lane], q, link);
	TAILQ_REMOVE(&line->by_age, q, age);
	if (may_gather(q))
		tenant->gatherable[lane]--;
	else
		tenant->single[lane]--;
	q->tenant = NULL;
	q->place = QUERY_NOWHERE;
	line->count--;
	if (TAILQ_EMPTY(&tenant->waiting[lane])) {
		TAILQ_REMOVE(&line->turns[lane], tenant, turn[lane]);
		tenant->in_turn[lane] = false;
	}
}

void line_remove(struct line *line, struct query *q)
{
	struct tenant *tenant = q->tenant;

	leave(line, q);
	forget_if_unused(tenant);
}

struct query *line_oldest(const struct line *line)
{
	return TAILQ_FIRST(&line->by_age);
}

/* Another lease for it? */
static bool is_allowed(
    const struct line *line, const struct tenant *tenant, enum lane lane, const struct line_limits *limits)
{
	if (*tenant->namespace == '\0')
		return true;
	if (tenant->leases >= limits->leases)
		return false;
	if (lane == LANE_READ)
		return true;
	return line->writes < limits->writes && !(may_gather(TAILQ_FIRST(&tenant->waiting[lane])) &&
	                                           tenant->groups >= LINE_GROUPS);
}

static struct tenant *next_in_lane(
    const struct line *line, enum lane lane, const struct line_limits *limits)
{
	struct tenant *tenant;

	TAILQ_FOREACH (tenant, &line->turns[lane], turn[lane]) {
		if (is_allowed(line, tenant, lane, limits))
			return tenant;
	}
	return NULL;
}

struct query *line_next(struct line *line, const struct line_limits *limits)
{
	for (int i = 0; i < LANE_COUNT; i++) {
		enum lane lane = (enum lane)((line->next + (unsigned)i) % LANE_COUNT);
		struct tenant *tenant = next_in_lane(line, lane, limits);

		if (tenant != NULL)
			return TAILQ_FIRST(&tenant->waiting[lane]);
	}
	return NULL;
}

static size_t bytes_of(const struct query *q)
{
	size_t bytes = 0;

	for (int i = 0; i < q->count; i++)
		bytes += q->values[i] != NULL ? (size_t)q->lengths[i] : 0;
	return bytes;
}

struct lease line_take(
    struct line *line, struct query *q, size_t max_bytes, struct query_list *taken)
{
	struct lease lease = {q->tenant, lane_of(q), may_gather(q)};
	struct tenant *tenant = q->tenant;
	size_t bytes = bytes_of(q);
	int count = 0;

	TAILQ_INIT(taken);
	/* To the end of the turns, also when it still has others waiting. */
	TAILQ_REMOVE(&line->turns[lease.lane], tenant, turn[lease.lane]);
	TAILQ_INSERT_TAIL(&line->turns[lease.lane], tenant, turn[lease.lane]);
	line->next = lease.lane == LANE_READ ? LANE_WRITE : LANE_READ;
	while (q != NULL) {
		struct query *next = TAILQ_NEXT(q, link);

		leave(line, q);
		TAILQ_INSERT_TAIL(taken, q, link);
		q->place = QUERY_RUNNING;
		if (!lease.gathered || ++count == SQL_GATHERED_MAX)
			break;
		while (next != NULL && (!may_gather(next) || next->sql != q->sql))
			next = TAILQ_NEXT(next, link);
		q = next;
		bytes += q != NULL ? bytes_of(q) : 0;
		if (bytes > max_bytes)
			break;
	}
	tenant->leases++;
	tenant->groups += lease.gathered;
	line->writes += lease.lane == LANE_WRITE;
	return lease;
}

void line_give_back(struct line *line, const struct lease *lease)
{
	lease->tenant->leases--;
	lease->tenant->groups -= lease->gathered;
	line->writes -= lease->lane == LANE_WRITE;
	forget_if_unused(lease->tenant);
}

/* Of one namespace in one lane. */
static int demand_of(const struct tenant *tenant, enum lane lane)
{
	return tenant->single[lane] +
	       (tenant->gatherable[lane] > 0 && tenant->groups < LINE_GROUPS);
}

int line_demand(const struct line *line, const struct line_limits *limits)
{
	const struct tenant *tenant;
	int all = 0;

	for (int lane = 0; lane < LANE_COUNT; lane++) {
		TAILQ_FOREACH (tenant, &line->turns[lane], turn[lane]) {
			int demand = demand_of(tenant, (enum lane)lane);
			int room = *tenant->namespace == '\0' ? demand : limits->leases - tenant->leases;

			all += demand < room ? demand : room > 0 ? room : 0;
		}
	}
	return all;
}
