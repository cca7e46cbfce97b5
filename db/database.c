/*
 * database: chooses the pool for a query, and another one when that turns out to be wrong.
 *
 *	database_run -> choose -> pool_run -> on_done -> the caller's done
 *	                  ^                      |
 *	                  `-- behind, or away ---'
 */
#include "database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connector.h"
#include "fnv.h"
#include "rows.h"

#define POSITION_SLOTS   4096
#define MAX_ROUTES       2 /* a query goes to another pool at most so often */
#define REPLICA_LEAST    1
#define PRIMARY_RETRY_MS 1500 /* so that a primary that is back is found within two seconds */
#define REPLICA_RETRY_MS 5000

struct replica {
	struct pool *pool;
	uint64_t replayed; /* as far as its answers have shown */
};

struct database {
	struct database_config config;
	struct pool *primary;
	struct replica replicas[DATABASE_MAX_REPLICAS];
	size_t replica_count, next_replica;
	/* How far each namespace has written; those that share a slot wait for the farthest. */
	uint64_t written[POSITION_SLOTS];
};

static void on_report(void *arg, const char *name, bool healthy, const char *text);
static void on_replica_report(void *arg, const char *name, bool healthy, const char *text);

/* --- building --- */

static struct pool_config primary_config(struct database *db)
{
	struct pool_config config = db->config.pool;

	config.name = "primary";
	config.role = "read-write";
	config.host = -1;
	config.retry_most_ms = PRIMARY_RETRY_MS;
	config.wants_lsn = db->config.read_from_replicas;
	config.report = on_report;
	config.report_arg = db;
	return config;
}

/* What replicas need besides the primary's limits. */
static struct pool_config replica_config(struct database *db)
{
	struct pool_config config = db->config.pool;

	config.report = on_replica_report;
	config.report_arg = db;
	config.role = "standby"; /* what only refuses writes may be a former primary */
	config.wants_lsn = false;
	config.lazy = !db->config.read_from_replicas;
	config.least = REPLICA_LEAST;
	config.retry_most_ms = REPLICA_RETRY_MS;
	return config;
}

static bool add_replica(struct database *db, struct event_base *base, int host,
    const char *host_name, char *error, size_t error_len)
{
	struct pool_config config = replica_config(db);
	char name[96];

	snprintf(name, sizeof(name), "replica %.80s", host_name);
	config.name = name;
	config.host = host;
	struct pool *pool = pool_new(base, &config, error, error_len);

	if (pool == NULL)
		return false;
	db->replicas[db->replica_count++].pool = pool;
	return true;
}

/* Every host may be the primary or a replica, and change; so each has a pool for reads. */
static bool add_replicas(
    struct database *db, struct event_base *base, char *error, size_t error_len)
{
	const struct connector_config config = {
	    .conninfo = db->config.pool.conninfo, .options = "", .host = -1};
	struct connector *hosts = connector_new(base, &config, error, error_len);
	bool ok = hosts != NULL;
	char name[96];

	for (int i = 0; ok && i < connector_host_count(hosts) && i < DATABASE_MAX_REPLICAS;
	     i++) {
		connector_host_name(hosts, i, name, sizeof(name));
		ok = add_replica(db, base, i, name, error, error_len);
	}
	connector_free(hosts);
	return ok;
}

struct database *database_new(struct event_base *base, const struct database_config *config,
    char *error, size_t error_len)
{
	struct database *db = calloc(1, sizeof(*db));

	snprintf(error, error_len, "out of memory");
	if (db == NULL)
		return NULL;
	db->config = *config;
	const struct pool_config primary = primary_config(db);

	db->primary = pool_new(base, &primary, error, error_len);
	if (db->primary == NULL || !add_replicas(db, base, error, error_len)) {
		database_free(db);
		return NULL;
	}
	db->config.pool.conninfo = NULL; /* the pools have their own copies */
	return db;
}

void database_open(struct database *db)
{
	pool_open(db->primary);
	for (size_t i = 0; i < db->replica_count; i++)
		pool_open(db->replicas[i].pool);
}

void database_free(struct database *db)
{
	if (db == NULL)
		return;
	pool_free(db->primary);
	for (size_t i = 0; i < db->replica_count; i++)
		pool_free(db->replicas[i].pool);
	free(db);
}

void database_configure(struct database *db, const struct database_config *config)
{
	db->config = *config;
	db->config.pool.conninfo = NULL;
	const struct pool_config primary = primary_config(db);

	pool_configure(db->primary, &primary);
	for (size_t i = 0; i < db->replica_count; i++) {
		struct pool_config replica = replica_config(db);

		replica.host = (int)i;
		pool_configure(db->replicas[i].pool, &replica);
	}
}

static void report(struct database *db, const char *name, bool healthy, const char *text)
{
	if (db->config.pool.report != NULL)
		db->config.pool.report(db->config.pool.report_arg, name, healthy, text);
}

/* What a host has replayed says nothing about the one that answers there next. */
static void on_replica_report(void *arg, const char *name, bool healthy, const char *text)
{
	struct database *db = arg;

	for (size_t i = 0; i < db->replica_count; i++)
		db->replicas[i].replayed = 0;
	report(db, name, healthy, text);
}

/* While there is no primary, whoever answers reads is looked for. */
static void on_report(void *arg, const char *name, bool healthy, const char *text)
{
	struct database *db = arg;

	for (size_t i = 0; i < db->replica_count; i++) {
		if (pool_reachable(db->primary))
			pool_want_no_longer(db->replicas[i].pool);
		else
			pool_want(db->replicas[i].pool, "read-only");
	}
	report(db, name, healthy, text);
}

/* --- which pool --- */

static uint64_t *written_of(struct database *db, const char *namespace)
{
	return &db->written[fnv_text(namespace) % POSITION_SLOTS];
}

/* The next one in turn that answers, or NULL. */
static struct replica *choose_replica(struct database *db)
{
	for (size_t i = 0; i < db->replica_count; i++) {
		struct replica *replica = &db->replicas[db->next_replica++ % db->replica_count];

		if (pool_reachable(replica->pool))
			return replica;
	}
	return NULL;
}

/* The server's own reads (credentials, sessions, tasks) must see what other processes wrote. */
static bool suits_replicas(struct database *db, const struct query *q)
{
	return db->config.read_from_replicas && *q->namespace != '\0' &&
	       *written_of(db, q->namespace) != QUERY_WRITTEN_UNKNOWN;
}

static struct pool *choose(struct database *db, struct query *q)
{
	bool primary_there = pool_reachable(db->primary);
	struct replica *replica;

	q->must_see = 0;
	if (!sql_is_read(q->sql) || (primary_there && !suits_replicas(db, q)) ||
	    (replica = choose_replica(db)) == NULL)
		return db->primary;
	/* Without a primary an older answer is better than none. */
	if (primary_there && *written_of(db, q->namespace) > replica->replayed)
		q->must_see = *written_of(db, q->namespace);
	return replica->pool;
}

/* --- running --- */

static void on_done(void *arg, struct rows *rows, const struct db_error *error);

/* Without a primary a refused write is not the database's absence. */
static void tell_mode(const struct database *db, const struct query *q, struct db_error *error)
{
	if (error->kind == DB_BEHIND)
		error->kind = DB_UNAVAILABLE;
	if (error->kind == DB_UNAVAILABLE && !sql_is_read(q->sql) &&
	    database_mode(db) == DATABASE_READ_ONLY)
		error->kind = DB_READ_ONLY;
}

bool database_run(
    struct database *db, struct query *q, query_done done, void *arg, struct db_error *error)
{
	struct pool *pool = choose(db, q);

	q->database = db;
	q->outer_done = done;
	q->outer_arg = arg;
	q->routed = 0;
	if (pool != db->primary && pool_run(pool, q, on_done, q, error))
		return true;
	q->must_see = 0;
	if (pool_run(db->primary, q, on_done, q, error))
		return true;
	tell_mode(db, q, error);
	return false;
}

/* To where it should have gone, if there is such a place. */
static bool goes_elsewhere(struct database *db, struct query *q, const struct db_error *error)
{
	struct replica *replica = NULL;
	struct db_error ignored;

	if (!sql_is_read(q->sql) || q->routed >= MAX_ROUTES)
		return false;
	q->routed++;
	q->must_see = 0;
	if (q->pool != db->primary)
		return pool_run(db->primary, q, on_done, q, &ignored);
	if (error->kind == DB_UNAVAILABLE || error->kind == DB_UNCERTAIN)
		replica = choose_replica(db);
	return replica != NULL && pool_run(replica->pool, q, on_done, q, &ignored);
}

static void note_positions(struct database *db, const struct query *q)
{
	uint64_t *written = written_of(db, q->namespace);

	/* A position that is known is beyond one that was not told before. */
	if (q->written > *written || (*written == QUERY_WRITTEN_UNKNOWN && q->written > 0))
		*written = q->written;
	for (size_t i = 0; i < db->replica_count && q->must_see > 0; i++) {
		struct replica *replica = &db->replicas[i];

		if (replica->pool == q->pool && q->must_see > replica->replayed)
			replica->replayed = q->must_see;
	}
}

static bool is_uncertain(const struct db_error *error)
{
	return error->kind == DB_UNCERTAIN || error->kind == DB_TIMEOUT;
}

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct query *q = arg;
	struct database *db = q->database;
	struct db_error outcome = *error;

	if (outcome.kind == DB_OK)
		note_positions(db, q);
	else if (!sql_is_read(q->sql) && is_uncertain(&outcome))
		*written_of(db, q->namespace) = QUERY_WRITTEN_UNKNOWN;
	else if (outcome.kind != DB_REJECTED && outcome.kind != DB_TIMEOUT &&
	         goes_elsewhere(db, q, &outcome))
		return;
	tell_mode(db, q, &outcome);
	q->outer_done(q->outer_arg, rows, &outcome);
}

void database_cancel(struct database *db, struct query *q)
{
	(void)db;
	if (q->pool != NULL)
		pool_cancel(q->pool, q);
}

enum database_mode database_mode(const struct database *db)
{
	if (pool_reachable(db->primary))
		return DATABASE_READY;
	for (size_t i = 0; i < db->replica_count; i++) {
		if (pool_reachable(db->replicas[i].pool))
			return DATABASE_READ_ONLY;
	}
	return DATABASE_AWAY;
}

size_t database_pool_count(const struct database *db)
{
	return 1 + db->replica_count;
}

struct pool *database_pool(struct database *db, size_t i)
{
	return i == 0 ? db->primary : db->replicas[i - 1].pool;
}
