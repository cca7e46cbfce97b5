/* command_db: a loop and a pool that live for one command. */
#include "command_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "options.h"
#include "pool.h"
#include "rows.h"

#define UNDEFINED_TABLE "42P01"
#define RETRY_MOST_MS   200 /* a person waits */
#define QUEUE_LIMIT     1000

struct command_db {
	struct event_base *base;
	struct pool *pool;
	struct rows *rows; /* of command_db_query() */
	struct db_error error;
};

void command_db_explain(const struct db_error *error)
{
	if (strcmp(error->sqlstate, UNDEFINED_TABLE) == 0)
		fputs(
		    "sage-mcp: the database has no schema yet; run 'sage-mcp migrate' first\n",
		    stderr);
	else
		fprintf(stderr, "sage-mcp: %s%s\n", error->text,
		    error->kind == DB_UNAVAILABLE
		        ? "\nDATABASE_URL or DB_HOST, DB_PORT, ... say which database to use"
		        : "");
}

static bool open_pool(struct command_db *db, const struct options *options, int connections)
{
	char *conninfo = options_conninfo(options);
	struct pool_config config = {
	    .name = "database",
	    .conninfo = conninfo,
	    .role = "read-write",
	    .host = -1,
	    .size = connections,
	    .queue_limit = QUEUE_LIMIT,
	    .connect_ms = (int)option_number(options, OPT_DB_CONNECT_TIMEOUT_MS),
	    .wait_ms = (int)option_number(options, OPT_DB_WAIT_TIMEOUT_MS),
	    .query_ms = (int)option_number(options, OPT_DB_QUERY_TIMEOUT_MS),
	    .cancel_ms = (int)option_number(options, OPT_DB_CANCEL_TIMEOUT_MS),
	    .retry_most_ms = RETRY_MOST_MS,
	};

	if (db->base != NULL && conninfo != NULL)
		db->pool = pool_new(db->base, &config, db->error.text, sizeof(db->error.text));
	free(conninfo);
	return db->pool != NULL;
}

struct command_db *command_db_open(const struct options *options, int connections)
{
	struct command_db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->base = event_base_new();
	if (!open_pool(db, options, connections)) {
		command_db_explain(&db->error);
		command_db_close(db);
		return NULL;
	}
	pool_open(db->pool);
	return db;
}

struct event_base *command_db_base(struct command_db *db)
{
	return db->base;
}

void command_db_close(struct command_db *db)
{
	if (db == NULL)
		return;
	pool_free(db->pool);
	if (db->base != NULL)
		event_base_free(db->base);
	free(db);
}

bool command_db_start(struct command_db *db, struct query *q, query_done done, void *arg)
{
	if (pool_run(db->pool, q, done, arg, &db->error))
		return true;
	command_db_explain(&db->error);
	return false;
}

void command_db_wait(struct command_db *db)
{
	event_base_dispatch(db->base);
}

void command_db_wake(struct command_db *db)
{
	event_base_loopbreak(db->base);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	command_db_wake(arg);
}

void command_db_wait_ms(struct command_db *db, int64_t ms)
{
	const struct timeval after = {ms / 1000, ms % 1000 * 1000};
	struct event *timer = evtimer_new(db->base, on_wake, db);

	if (timer == NULL)
		return;
	event_add(timer, &after);
	command_db_wait(db);
	event_free(timer);
}

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct command_db *db = arg;

	db->error = *error;
	db->rows = rows;
	command_db_wake(db);
}

struct rows *command_db_query(struct command_db *db, struct query *q)
{
	db->rows = NULL;
	if (command_db_start(db, q, on_done, db)) {
		command_db_wait(db);
		if (db->rows == NULL)
			command_db_explain(&db->error);
	}
	query_fini(q);
	return db->rows;
}

struct rows *once_query(const struct options *options, struct query *q)
{
	struct command_db *db = command_db_open(options, 1);
	struct rows *rows = NULL;

	if (db != NULL)
		rows = command_db_query(db, q);
	else
		query_fini(q);
	command_db_close(db);
	return rows;
}
