/*
 * line: the queries that wait for a connection, and whose turn it is.
 *
 * Fair in several ways. Namespaces take turns (round robin), so one that asks for a thousand
 * things does not make another wait for all of them. One namespace has at most so many
 * connections at once, so another finds one free. Reads and writes take turns, and writes
 * never have all connections, so writers do not starve searches. Within its namespace a query waits
 * behind those of its kind that came before. Who fills the line makes room first (line_surplus).
 *
 * A lease is one connection for one transaction. Queries of the server itself have the
 * namespace "", which has no limit. Pure: no clock, no connection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "query.h"

#define LINE_NAMESPACE_BYTES 128
#define LINE_BUCKETS         256
#define LINE_GROUPS          2 /* gathered writes of one namespace under way at once; the next gather */

enum lane { LANE_READ, LANE_WRITE, LANE_COUNT };

/* A namespace that waits for something or has a lease. */
struct tenant {
	char namespace[LINE_NAMESPACE_BYTES];
	struct query_list waiting[LANE_COUNT];
	int single[LANE_COUNT], gatherable[LANE_COUNT]; /* how many wait of either kind */
	int leases, groups;
	bool in_turn[LANE_COUNT];
	TAILQ_ENTRY(tenant) turn[LANE_COUNT];
	LIST_ENTRY(tenant) bucket;
};

TAILQ_HEAD(tenant_turns, tenant);
LIST_HEAD(tenant_bucket, tenant);

struct line {
	struct tenant_bucket buckets[LINE_BUCKETS];
	struct tenant_turns turns[LANE_COUNT]; /* who has queries waiting, next one first */
	struct query_list by_age;              /* all queries in line, oldest first */
	int count;
	int writes; /* leases of writes */
	enum lane next;
};

struct line_limits {
	int leases; /* of one namespace */
	int writes; /* leases of writes, of all namespaces */
};

/* What was taken, and must be given back. */
struct lease {
	struct tenant *tenant;
	enum lane lane;
	bool gathered;
};

void line_init(struct line *line);
void line_fini(struct line *line); /* queries still in it are forgotten */

/* At the end of its namespace's queue, or at its head. False: out of memory. */
bool line_add(struct line *line, struct query *q, bool first)
    __attribute__((warn_unused_result));
void line_remove(struct line *line, struct query *q);

struct query *line_oldest(const struct line *line); /* NULL: nobody waits */

/* Whose turn it is among those whom the limits allow another lease, or NULL. It stays in line. */
struct query *line_next(struct line *line, const struct line_limits *limits);

/*
 * Takes q, which line_next() gave, and the waiting ones that may be gathered with it: of the
 * same namespace, statement and settings, in their order, at most SQL_GATHERED_MAX and max_bytes
 * of parameters.
 */
struct lease line_take(
    struct line *line, struct query *q, size_t max_bytes, struct query_list *taken);
void line_give_back(struct line *line, const struct lease *lease);

/* How many leases could be taken now; what may be gathered counts as one. */
int line_demand(const struct line *line, const struct line_limits *limits);

/*
 * The last query of the namespace that waits for the most, if that is more than what this
 * one waits for and its next query; else NULL. It stays in line.
 */
struct query *line_surplus(struct line *line, const char *namespace);
