/*
 * database: the primary and its replicas, as one thing to run queries on.
 *
 * Writes go to the primary: whichever host of the connection string takes writes. Reads go
 * there too, or with read_from_replicas to a replica that has all that their namespace wrote
 * (read-your-writes, by LSN). While no host takes writes, reads go to any host that answers;
 * that is the degraded read-only mode (database_mode).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pool.h"

#define DATABASE_MAX_REPLICAS 8

struct database;

struct database_config {
	struct pool_config pool; /* of the primary; replicas take its limits */
	bool read_from_replicas;
};

enum database_mode {
	DATABASE_READY,     /* reads and writes */
	DATABASE_READ_ONLY, /* there is no primary, but reads are answered */
	DATABASE_AWAY,
};

/* NULL when conninfo does not parse; then error says why. */
struct database *database_new(struct event_base *base, const struct database_config *config,
    char *error, size_t error_len);
void database_open(struct database *db);
void database_free(struct database *db); /* NULL is fine */

/* As pool_run() and pool_cancel(), on the pool that suits the query. */
bool database_run(struct database *db, struct query *q, query_done done, void *arg,
    struct db_error *error) __attribute__((warn_unused_result));
void database_cancel(struct database *db, struct query *q);

enum database_mode database_mode(const struct database *db);

/* The pools: the primary's first. For status, metrics and the admin's actions. */
size_t database_pool_count(const struct database *db);
struct pool *database_pool(struct database *db, size_t i);

/* New limits for all pools. */
void database_configure(struct database *db, const struct database_config *config);
