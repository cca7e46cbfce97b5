/* once: a loop and a pool of one connection that live for one statement. */
#include "once.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "options.h"
#include "pool.h"
#include "rows.h"

#define UNDEFINED_TABLE "42P01"
#define RETRY_MOST_MS   200 /* a person waits */

struct once {
	struct event_base *base;
	struct rows *rows;
	struct db_error error;
};

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct once *once = arg;

	once->error = *error;
	if (error->kind == DB_OK)
		once->rows = rows;
	event_base_loopbreak(once->base);
}

static void explain(const struct db_error *error)
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

struct rows *once_query(const struct options *options, struct query *q)
{
	struct once once = {.base = event_base_new()};
	char *conninfo = options_conninfo(options);
	struct pool_config config = {
	    .name = "database",
	    .conninfo = conninfo,
	    .role = "read-write",
	    .host = -1,
	    .size = 1,
	    .queue_limit = 1,
	    .connect_ms = (int)option_number(options, OPT_DB_CONNECT_TIMEOUT_MS),
	    .wait_ms = (int)option_number(options, OPT_DB_WAIT_TIMEOUT_MS),
	    .query_ms = (int)option_number(options, OPT_DB_QUERY_TIMEOUT_MS),
	    .cancel_ms = (int)option_number(options, OPT_DB_CANCEL_TIMEOUT_MS),
	    .retry_most_ms = RETRY_MOST_MS,
	};
	struct pool *pool = NULL;

	if (once.base != NULL && conninfo != NULL)
		pool = pool_new(once.base, &config, once.error.text, sizeof(once.error.text));
	if (pool != NULL) {
		pool_open(pool);
		if (pool_run(pool, q, on_done, &once, &once.error))
			event_base_dispatch(once.base);
	}
	if (once.rows == NULL)
		explain(&once.error);
	pool_free(pool);
	query_fini(q);
	free(conninfo);
	if (once.base != NULL)
		event_base_free(once.base);
	return once.rows;
}
