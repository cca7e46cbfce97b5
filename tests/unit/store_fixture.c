/* store_fixture: psql makes the database, the product's own migrations fill it. */
#include "store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "migrate.h"
#include "pool.h"
#include "rows.h"

#define URL_BYTES 512

int applied_first = -1, applied;

static char url[URL_BYTES]; /* of the database of these tests */
static struct event_base *base;
static struct pool *pool;

/* --- waiting for one query --- */

static bool inside; /* a call into the pool is on the stack: no callback may come */

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct outcome *outcome = arg;

	assert_false(inside);
	outcome->done = true;
	outcome->rows = rows;
	outcome->error = *error;
}

void start(struct query *q, struct outcome *outcome)
{
	*outcome = (struct outcome){.done = false};
	inside = true;
	if (!pool_run(pool, q, on_done, outcome, &outcome->error))
		outcome->done = true;
	inside = false;
}

void finish(struct query *q, struct outcome *outcome)
{
	while (!outcome->done)
		event_base_loop(base, EVLOOP_ONCE);
	query_fini(q);
}

struct rows *run(struct query *q)
{
	struct outcome outcome;

	start(q, &outcome);
	finish(q, &outcome);
	if (outcome.error.kind != DB_OK)
		fail_msg("%s: %s", sql_name(q->sql), outcome.error.text);
	return outcome.rows;
}

/* --- set-up: a database, migrated twice --- */

static char migrate_error[512];

static void on_migrated(void *arg, enum migrate_outcome outcome, int count, const char *error)
{
	(void)arg;
	applied = outcome == MIGRATE_DONE ? count : -1;
	snprintf(migrate_error, sizeof(migrate_error), "%s", error);
	event_base_loopbreak(base);
}

void migrate(void)
{
	struct migrate_config config = {
	    .conninfo = url, .connect_ms = 5000, .done = on_migrated};
	char error[256];
	struct migration_run *run = migrate_start(base, &config, error, sizeof(error));

	assert_non_null(run);
	event_base_dispatch(base);
	migrate_free(run);
}

int set_up(void **state)
{
	const char *cluster = getenv("SAGE_TEST_DATABASE_URL");
	struct pool_config config = {.name = "test",
	    .conninfo = url,
	    .host = -1,
	    .cancel_ms = 1000,
	    .retry_most_ms = 200,
	    .size = 4,
	    .queue_limit = 10,
	    .connect_ms = 5000,
	    .wait_ms = 5000,
	    .query_ms = 10000};
	char error[256], command[URL_BYTES + 200];

	(void)state;
	if (cluster == NULL) {
		print_message(
		    "skipped: SAGE_TEST_DATABASE_URL is not set; tests/run.sh sets it\n");
		exit(77);
	}
	/* psql makes the database; its name takes the place of the cluster's own in the URL. */
	snprintf(command, sizeof(command),
	    "psql -qX '%s' -c 'DROP DATABASE IF EXISTS test_store' -c 'CREATE DATABASE "
	    "test_store'",
	    cluster);
	if (system(command) != 0) // NOLINT: a test, with a command of its own
		return -1;
	const char *host = strchr(cluster, '?');
	const char *path =
	    strstr(cluster, "//") != NULL ? strchr(strstr(cluster, "//") + 2, '/') : NULL;

	snprintf(url, sizeof(url), "%.*s/test_store%s", (int)(path - cluster), cluster, host);
	base = event_base_new();
	migrate();
	applied_first = applied;
	pool = pool_new(base, &config, error, sizeof(error));
	if (applied < 0 || pool == NULL) {
		print_error("%s %s\n", migrate_error, error);
		return -1;
	}
	pool_open(pool);
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	pool_free(pool);
	event_base_free(base);
	return 0;
}
