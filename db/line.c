/* line: namespaces by name, a turn list for each lane, and one list by age. */
#include "line.h"

#include <stdlib.h>
#include <string.h>

#include "fnv.h"

static enum lane lane_of(const struct query *q)
{
	return sql_is_read(q->sql) ? LANE_READ : LANE_WRITE;
}

static bool may_gather(const struct query *q)
{
	return !q->alone && sql_is_gathered(q->sql);
}

/* Settings are those of a whole transaction. */
static bool same_settings(const struct query *a, const struct query *b)
{
	for (int i = 0; i < a->setting_count && i < b->setting_count; i++) {
		if (strcmp(a->settings[i].name, b->settings[i].name) != 0 ||
		    strcmp(a->settings[i].value, b->settings[i].value) != 0)
			return false;
	}
	return a->setting_count == b->setting_count;
}

static bool may_gather_with(const struct query *first, const struct query *q)
{
	return may_gather(q) && q->sql == first->sql && same_settings(first, q);
}

static struct tenant_bucket *bucket_of(struct line *line, const char *namespace)
{
	return &line->buckets[fnv_text(namespace) % LINE_BUCKETS];
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

static struct tenant *find_tenant(struct line *line, const char *namespace)
{
	struct tenant *tenant;

	LIST_FOREACH (tenant, bucket_of(line, namespace), bucket) {
		if (strcmp(tenant->namespace, namespace) == 0)
			return tenant;
	}
	return NULL;
}

static struct tenant *tenant_for(struct line *line, const char *namespace)
{
	struct tenant *tenant = find_tenant(line, namespace);
	size_t len = strlen(namespace);

	if (tenant != NULL)
		return tenant;
	if (len >= sizeof(tenant->namespace))
		abort();
	tenant = calloc(1, sizeof(*tenant));
	if (tenant == NULL)
		return NULL;
	memcpy(tenant->namespace, namespace, len + 1);
	for (int lane = 0; lane < LANE_COUNT; lane++)
		TAILQ_INIT(&tenant->waiting[lane]);
	LIST_INSERT_HEAD(bucket_of(line, namespace), tenant, bucket);
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
static bool is_allowed(const struct line *line, const struct tenant *tenant, enum lane lane,
    const struct line_limits *limits)
{
	if (*tenant->namespace == '\0')
		return true;
	if (tenant->leases >= limits->leases)
		return false;
	if (lane == LANE_READ)
		return true;
	return line->writes < limits->writes &&
	       !(may_gather(TAILQ_FIRST(&tenant->waiting[lane])) &&
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

/* One row of a group for each uuid, for that is how a row finds its outcome. */
static bool is_among(const struct query_list *taken, const struct query *q)
{
	const struct query *other;

	TAILQ_FOREACH (other, taken, link) {
		if (memcmp(other->values[0], q->values[0], SQL_GATHERED_ID_BYTES) == 0)
			return true;
	}
	return false;
}

/* The first of q and those behind it that can go with what is taken, or NULL. */
static struct query *next_in_group(
    struct query *q, const struct query *head, const struct query_list *taken)
{
	while (q != NULL && (!may_gather_with(head, q) || is_among(taken, q)))
		q = TAILQ_NEXT(q, link);
	return q;
}

struct lease line_take(
    struct line *line, struct query *q, size_t max_bytes, struct query_list *taken)
{
	struct lease lease = {q->tenant, lane_of(q), may_gather(q)};
	struct tenant *tenant = q->tenant;
	const struct query *head = q;
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
		q = next_in_group(next, head, taken);
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

/* --- how many --- */

/* Leases that one namespace could take in one lane; reads have the first claim on its room. */
static int demand_of(
    const struct tenant *tenant, enum lane lane, const struct line_limits *limits)
{
	int demand = tenant->single[lane] +
	             (tenant->gatherable[lane] > 0 && tenant->groups < LINE_GROUPS);
	int room = limits->leases - tenant->leases;

	if (*tenant->namespace == '\0')
		return demand;
	if (lane == LANE_WRITE)
		room -= demand_of(tenant, LANE_READ, limits);
	return demand < room ? demand : room > 0 ? room : 0;
}

int line_demand(const struct line *line, const struct line_limits *limits)
{
	const struct tenant *tenant;
	int room = limits->writes - line->writes, all = 0;

	TAILQ_FOREACH (tenant, &line->turns[LANE_READ], turn[LANE_READ])
		all += demand_of(tenant, LANE_READ, limits);
	TAILQ_FOREACH (tenant, &line->turns[LANE_WRITE], turn[LANE_WRITE]) {
		int demand = demand_of(tenant, LANE_WRITE, limits);

		if (*tenant->namespace != '\0') {
			demand = demand < room ? demand : room > 0 ? room : 0;
			room -= demand;
		}
		all += demand;
	}
	return all;
}

static int waiting_of(const struct tenant *tenant)
{
	int waiting = 0;

	for (int lane = 0; lane < LANE_COUNT; lane++)
		waiting += tenant->single[lane] + tenant->gatherable[lane];
	return waiting;
}

struct query *line_surplus(struct line *line, const char *namespace)
{
	const struct tenant *asking = find_tenant(line, namespace), *tenant;
	int own = asking != NULL ? waiting_of(asking) : 0, most = own + 1;
	struct query *surplus = NULL;

	for (int lane = 0; lane < LANE_COUNT; lane++) {
		TAILQ_FOREACH (tenant, &line->turns[lane], turn[lane]) {
			if (waiting_of(tenant) <= most)
				continue;
			most = waiting_of(tenant);
			surplus = TAILQ_LAST(&tenant->waiting[lane], query_list);
		}
	}
	return surplus;
}
