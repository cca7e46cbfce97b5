/* database_families: what the pools tell about themselves, as metrics. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin/families.h"
#include "admin/prometheus.h"
#include "database.h"
#include "embed/embedder.h"
#include "embed/reranker.h"
#include "service.h"
#include "sql.h"

/* All of them, read once, so that one scrape shows one moment. */
struct pools {
	struct database *db;
	size_t count;
	struct pool_stats *stats;
	const struct breaker *others[3]; /* of providers, NULL behind them */
};

/* clang-format off */
static const struct {
	const char *name;
	size_t at;	/* an int in struct pool_stats */
} states[] = {
	{ "active", offsetof(struct pool_stats, busy) },
	{ "idle", offsetof(struct pool_stats, idle) },
	{ "tested", offsetof(struct pool_stats, testing) },
	{ "being_canceled", offsetof(struct pool_stats, cancelling) },
	{ "login", offsetof(struct pool_stats, connecting) },
};

static const struct {
	const char *name;
	size_t at;	/* a uint64_t in struct pool_stats */
	const char *help;
} counters[] = {
	{ "pg_pool_connects_total", offsetof(struct pool_stats, connects), "Connections made." },
	{ "pg_pool_connect_failures_total", offsetof(struct pool_stats, connect_failures),
	  "Connections that could not be made." },
	{ "pg_pool_transactions_total", offsetof(struct pool_stats, transactions),
	  "Transactions that were sent." },
	{ "pg_pool_queries_total", offsetof(struct pool_stats, queries),
	  "Queries that ended with an outcome of the database." },
	{ "pg_pool_gathered_total", offsetof(struct pool_stats, gathered),
	  "Writes that shared a transaction with others." },
	{ "pg_pool_retries_total", offsetof(struct pool_stats, retries),
	  "Queries that were run once more after a fault." },
	{ "pg_pool_cancels_total", offsetof(struct pool_stats, cancels), "Queries that were cancelled." },
	{ "pg_pool_timeouts_total", offsetof(struct pool_stats, timeouts),
	  "Queries that were not answered in time." },
};

static const struct {
	const char *reason;
	size_t at;
} refusals[] = {
	{ "full", offsetof(struct pool_stats, refused_full) },
	{ "late", offsetof(struct pool_stats, refused_late) },
};
/* clang-format on */

static int int_at(const struct pool_stats *stats, size_t at)
{
	int value;

	memcpy(&value, (const char *)stats + at, sizeof(value));
	return value;
}

static uint64_t count_at(const struct pool_stats *stats, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)stats + at, sizeof(value));
	return value;
}

static void write_connections(FILE *out, const struct pools *pools)
{
	static const char name[] = "pg_pool_connections";
	char labels[PROMETHEUS_LABEL_BYTES + 64];

	prometheus_family(out, name, "gauge", "Database connections now, by what they do.");
	for (size_t i = 0; i < pools->count; i++) {
		for (size_t s = 0; s < sizeof(states) / sizeof(*states); s++) {
			char pool[PROMETHEUS_LABEL_BYTES];

			prometheus_label(pool, "pool", pools->stats[i].name);
			snprintf(
			    labels, sizeof(labels), "%s,state=\"%s\"", pool, states[s].name);
			prometheus_count(out, name, labels,
			    (uint64_t)int_at(&pools->stats[i], states[s].at));
		}
	}
}

static double size_of(const struct pool_stats *s)
{
	return s->size;
}

static double waiting_of(const struct pool_stats *s)
{
	return s->waiting;
}

static double oldest_wait_of(const struct pool_stats *s)
{
	return (double)s->oldest_wait_us / 1e6;
}

static double paused_of(const struct pool_stats *s)
{
	return s->paused;
}

static void write_gauges(FILE *out, const struct pools *pools)
{
	static const struct {
		const char *name;
		double (*value)(const struct pool_stats *stats);
		const char *help;
	} gauges[] = {
	    {"pg_pool_size", size_of, "Database connections at the most."},
	    {"pg_pool_waiting", waiting_of, "Queries that wait for a connection."},
	    {"pg_pool_oldest_wait_seconds", oldest_wait_of,
	        "How long the query has waited that waits longest."},
	    {"pg_pool_paused", paused_of, "1 while POST /pause holds queries back."},
	};
	char labels[PROMETHEUS_LABEL_BYTES];

	for (size_t g = 0; g < sizeof(gauges) / sizeof(*gauges); g++) {
		prometheus_family(out, gauges[g].name, "gauge", gauges[g].help);
		for (size_t i = 0; i < pools->count; i++) {
			prometheus_label(labels, "pool", pools->stats[i].name);
			prometheus_number(
			    out, gauges[g].name, labels, gauges[g].value(&pools->stats[i]));
		}
	}
}

static void write_counters(FILE *out, const struct pools *pools)
{
	char labels[PROMETHEUS_LABEL_BYTES + 64], pool[PROMETHEUS_LABEL_BYTES];

	for (size_t c = 0; c < sizeof(counters) / sizeof(*counters); c++) {
		prometheus_family(out, counters[c].name, "counter", counters[c].help);
		for (size_t i = 0; i < pools->count; i++) {
			prometheus_label(pool, "pool", pools->stats[i].name);
			prometheus_count(out, counters[c].name, pool,
			    count_at(&pools->stats[i], counters[c].at));
		}
	}
	prometheus_family(out, "pg_pool_refused_total", "counter",
	    "Queries that were refused: the line was full, or they were too late in it.");
	for (size_t i = 0; i < pools->count; i++) {
		for (size_t r = 0; r < sizeof(refusals) / sizeof(*refusals); r++) {
			prometheus_label(pool, "pool", pools->stats[i].name);
			snprintf(labels, sizeof(labels), "%s,reason=\"%s\"", pool,
			    refusals[r].reason);
			prometheus_count(out, "pg_pool_refused_total", labels,
			    count_at(&pools->stats[i], refusals[r].at));
		}
	}
}

static void write_waits(FILE *out, const struct pools *pools)
{
	char labels[PROMETHEUS_LABEL_BYTES];

	prometheus_family(out, "pg_pool_wait_seconds", "histogram",
	    "From the asking to the sending of a query.");
	for (size_t i = 0; i < pools->count; i++) {
		prometheus_label(labels, "pool", pools->stats[i].name);
		prometheus_histogram(
		    out, "pg_pool_wait_seconds", labels, &pools->stats[i].wait);
	}
}

/* One statement, through all pools. */
static struct statement_stats statement_total(const struct pools *pools, int id)
{
	struct statement_stats total = {0};

	for (size_t i = 0; i < pools->count; i++) {
		const struct statement_stats *one =
		    &pool_statements(database_pool(pools->db, i))[id];

		histogram_join(&total.took, &one->took);
		total.errors += one->errors;
	}
	return total;
}

static void write_statements(FILE *out, const struct pools *pools)
{
	char labels[PROMETHEUS_LABEL_BYTES];

	prometheus_family(out, "pg_query_duration_seconds", "histogram",
	    "From the sending of a statement to its outcome.");
	for (int id = 0; id < SQL_COUNT; id++) {
		struct statement_stats total = statement_total(pools, id);

		if (total.took.count == 0)
			continue;
		prometheus_label(labels, "statement", sql_name((enum sql_id)id));
		prometheus_histogram(out, "pg_query_duration_seconds", labels, &total.took);
	}
	prometheus_family(
	    out, "pg_query_errors_total", "counter", "Statements that did not succeed.");
	for (int id = 0; id < SQL_COUNT; id++) {
		prometheus_label(labels, "statement", sql_name((enum sql_id)id));
		prometheus_count(
		    out, "pg_query_errors_total", labels, statement_total(pools, id).errors);
	}
}

/* The pools', and the providers' behind them. */
static const struct breaker *breaker_at(const struct pools *pools, size_t i)
{
	if (i < pools->count)
		return pool_breaker(database_pool(pools->db, i));
	return pools->others[i - pools->count];
}

static void write_breakers(FILE *out, const struct pools *pools)
{
	static const int values[] = {
	    [BREAKER_CLOSED] = 0, [BREAKER_HALF_OPEN] = 1, [BREAKER_OPEN] = 2};
	char labels[PROMETHEUS_LABEL_BYTES];
	const struct breaker *b;

	prometheus_family(
	    out, "circuit_breaker_state", "gauge", "0: closed, 1: half-open, 2: open.");
	for (size_t i = 0; (b = breaker_at(pools, i)) != NULL; i++) {
		prometheus_label(labels, "name", b->name);
		prometheus_number(out, "circuit_breaker_state", labels, values[b->state]);
	}
	prometheus_family(
	    out, "circuit_breaker_opened_total", "counter", "How often it opened.");
	for (size_t i = 0; (b = breaker_at(pools, i)) != NULL; i++) {
		prometheus_label(labels, "name", b->name);
		prometheus_count(out, "circuit_breaker_opened_total", labels, b->opened);
	}
}

static void find_others(struct pools *pools, const struct service *service)
{
	size_t count = 0;

	if (service->embedder != NULL)
		pools->others[count++] = provider_breaker(embedder_provider(service->embedder));
	if (service->reranker != NULL)
		pools->others[count++] = reranker_breaker(service->reranker);
}

void families_of_database(FILE *out, struct service *service)
{
	struct pools pools = {.db = service->db, .count = database_pool_count(service->db)};

	find_others(&pools, service);
	pools.stats = calloc(pools.count, sizeof(*pools.stats));
	if (pools.stats == NULL)
		return;
	for (size_t i = 0; i < pools.count; i++)
		pools.stats[i] = pool_stats(database_pool(service->db, i));
	write_connections(out, &pools);
	write_gauges(out, &pools);
	write_counters(out, &pools);
	write_waits(out, &pools);
	write_statements(out, &pools);
	write_breakers(out, &pools);
	free(pools.stats);
}
