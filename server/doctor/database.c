/*
 * database: connects as serve does, asks, and judges.
 *
 * The statements are those of db/facts.h; each is waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "database_options.h"
#include "doctor/doctor.h"
#include "doctor/judge.h"
#include "facts.h"
#include "pool.h"
#include "principals.h"
#include "rows.h"

#define RETRY_MOST_MS 200 /* a person waits */

struct connection {
	struct event_base *base;
	struct database *db;
	struct rows *rows;
	struct db_error error;
};

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct connection *c = arg;

	c->rows = rows;
	c->error = *error;
	event_base_loopbreak(c->base);
}

/* NULL: c->error says why. */
static struct rows *ask_pool(struct connection *c, struct pool *pool, struct query *q)
{
	c->rows = NULL;
	if (pool_run(pool, q, on_done, c, &c->error))
		event_base_dispatch(c->base);
	query_fini(q);
	return c->rows;
}

static struct rows *ask_primary(struct connection *c, struct query *q)
{
	return ask_pool(c, database_pool(c->db, 0), q);
}

/* The others are reported with what was found there; the one that is the primary itself is not. */
static void look_at_replicas(struct doctor *doctor, struct connection *c, int64_t written)
{
	size_t count = database_pool_count(c->db);
	int found = 0;

	for (size_t i = 1; i < count; i++) {
		struct pool *pool = database_pool(c->db, i);
		const char *name = pool_stats(pool).name;
		struct query q;

		facts_replica_ask(&q);
		struct rows *rows = ask_pool(c, pool, &q);

		if (rows != NULL) {
			judge_replica(doctor, name, written - facts_replica_read(rows));
			found++;
		} else if (strstr(c->error.text, "not in hot standby mode") == NULL) {
			doctor_say(doctor, DOCTOR_WARN, "replica", "see to that host", "%s: %s",
			    name, c->error.text);
			found++;
		}
		rows_free(rows);
	}
	if (found == 0)
		judge_no_replica(doctor);
}

static void look_at_schema(
    struct doctor *doctor, struct connection *c, const struct facts *facts)
{
	struct facts_schema schema;
	struct query q;
	struct rows *rows = NULL;

	if (!facts->has_migrations) {
		judge_schema(doctor, NULL);
		return;
	}
	facts_migrations_ask(&q);
	rows = ask_primary(c, &q);
	if (rows == NULL) {
		doctor_say(doctor, DOCTOR_FAIL, "schema", "let this user own the tables", "%s",
		    c->error.text);
		return;
	}
	facts_migrations_read(rows, &schema);
	rows_free(rows);
	judge_schema(doctor, &schema);
}

static void look_at_keys(struct doctor *doctor, struct connection *c, const struct facts *facts)
{
	bool exists = false;

	if (facts->has_keys) {
		struct query q;

		key_exists_ask(&q);
		struct rows *rows = ask_primary(c, &q);

		if (rows == NULL)
			return; /* the schema has said why */
		exists = key_exists_read(rows);
		rows_free(rows);
	}
	judge_keys(doctor, exists);
}

static void look(struct doctor *doctor, struct connection *c)
{
	struct facts facts;
	struct query q;

	facts_ask(&q);
	struct rows *rows = ask_primary(c, &q);

	if (rows == NULL) {
		doctor_say(doctor, DOCTOR_FAIL, "database",
		    "DATABASE_URL or DB_HOST, DB_PORT, ... say which database to use", "%s",
		    c->error.text);
		return;
	}
	facts_read(rows, &facts);
	judge_facts(doctor, &facts);
	look_at_schema(doctor, c, &facts);
	look_at_keys(doctor, c, &facts);
	look_at_replicas(doctor, c, facts.written);
	rows_free(rows);
}

static bool open_database(
    const struct options *o, struct connection *c, char *error, size_t error_len)
{
	struct database_config config;
	char *conninfo = options_conninfo(o);

	snprintf(error, error_len, "out of memory");
	if (c->base != NULL && conninfo != NULL &&
	    database_options(o, &config, error, error_len)) {
		config.pool.conninfo = conninfo;
		config.pool.report = NULL;
		config.pool.size = 1;
		config.pool.least = 0;
		config.pool.namespace_limit = 0;
		config.pool.retry_most_ms = RETRY_MOST_MS;
		config.read_from_replicas = false; /* each is asked by name */
		c->db = database_new(c->base, &config, error, error_len);
	}
	free(conninfo);
	return c->db != NULL;
}

void doctor_database(struct doctor *doctor)
{
	struct connection c = {.base = event_base_new()};
	char error[512];

	if (open_database(doctor->options, &c, error, sizeof(error))) {
		database_open(c.db);
		look(doctor, &c);
	} else {
		doctor_say(doctor, DOCTOR_FAIL, "database", "correct DATABASE_URL or DB_*",
		    "%s", error);
	}
	database_free(c.db);
	if (c.base != NULL)
		event_base_free(c.base);
}
