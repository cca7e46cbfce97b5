/*
 * migrate: one connection, a list of stages.
 *
 *	connect -> record table -> what has run -> apply the next, again and again -> done
 *	   ^                                           |
 *	   `------------ somebody else has -----------'
 *
 * One process at a time: each transaction takes a lock first, which goes with it, so every way out
 * is safe, and a pooler in between may give each transaction another session.
 */
#include "migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/util.h>
#include <libpq-fe.h>

#include "connector.h"
#include "hint.h"
#include "migrations.h"

#define RETRY_MOST_MS 2000
#define MENDED_S      5 /* after a failure, until it is looked at whether a person has mended it */
#define LOCK          "SELECT pg_advisory_xact_lock(7310287);" /* nobody else uses this number */

struct migration_run {
	struct event_base *base;
	struct connector *connector;
	struct migrate_config config;
	struct attempt *attempt;
	PGconn *pg;
	struct event *readable, *writable, *retry;
	size_t stage; /* into stages[] */
	size_t next;  /* into migrations[]: what is being applied */
	bool done[MIGRATIONS_COUNT];
	int applied;
	PGresult *rows; /* the last result of this stage */
	bool failed;    /* a statement of this stage failed; error says how */
	bool transient; /* ... because the server went away */
	bool raced;     /* ... because another process was first */
	char error[512];
	char told[512]; /* the last of them that was reported, once */
};

static void start(struct migration_run *run);
static void on_retry(evutil_socket_t fd, short what, void *arg);

static void report(struct migration_run *run, bool healthy, const char *text)
{
	if (run->config.report != NULL)
		run->config.report(run->config.arg, healthy, text);
}

static void disconnect(struct migration_run *run)
{
	if (run->readable != NULL)
		event_free(run->readable);
	if (run->writable != NULL)
		event_free(run->writable);
	run->readable = run->writable = NULL;
	PQclear(run->rows);
	run->rows = NULL;
	PQfinish(run->pg);
	run->pg = NULL;
}

/* The one way out. Whoever mends the database need not know that somebody waits for it. */
static void finish(struct migration_run *run, enum migrate_outcome outcome)
{
	const struct timeval wait = {MENDED_S, 0};

	disconnect(run);
	if (outcome == MIGRATE_FAILED && run->config.keep_trying)
		event_add(run->retry, &wait);
	run->config.done(run->config.arg, outcome, run->applied, run->error);
}

/* The server is away or went away: later again, unless that was not wanted. */
static void try_again(struct migration_run *run)
{
	uint32_t random;

	if (!run->config.keep_trying) {
		finish(run, MIGRATE_FAILED);
		return;
	}
	disconnect(run);
	if (strcmp(run->told, run->error) != 0)
		report(run, false, run->error);
	snprintf(run->told, sizeof(run->told), "%s", run->error);
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	const struct timeval wait = {
	    0, (suseconds_t)(50 + random % (RETRY_MOST_MS / 2)) * 1000};

	event_add(run->retry, &wait);
}

/* --- stages: each has a statement to send and a way to read its answer --- */

static void send_sql(struct migration_run *run, const char *sql)
{
	int left = PQsendQuery(run->pg, sql) != 0 ? PQflush(run->pg) : -1;

	if (left == 1)
		event_add(run->writable, NULL);
	if (left < 0) /* the broken connection is noticed by its reader */
		event_active(run->readable, EV_READ, 0);
}

static void send_record_table(struct migration_run *run)
{
	send_sql(run,
	    "BEGIN;" LOCK "CREATE TABLE IF NOT EXISTS sage_migrations (number INT PRIMARY KEY, "
	    "name TEXT NOT NULL, checksum TEXT NOT NULL, "
	    "applied_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP);COMMIT");
}

static void send_list(struct migration_run *run)
{
	send_sql(run, "SELECT number, checksum FROM sage_migrations ORDER BY number");
}

static void fail(struct migration_run *run, const char *name, const char *why)
{
	run->failed = true;
	snprintf(run->error, sizeof(run->error), "migration %s: %s", name, why);
}

static void read_list(struct migration_run *run, const PGresult *rows)
{
	for (int row = 0; row < PQntuples(rows); row++) {
		long number = strtol(PQgetvalue(rows, row, 0), NULL, 10);
		size_t i;

		switch (migration_state(number, PQgetvalue(rows, row, 1), &i)) {
		case MIGRATION_NEWER:
			report(
			    run, false, "the schema is of a newer version; going on with it");
			continue;
		case MIGRATION_CHANGED:
			fail(run, migrations[i].name, MIGRATION_CHANGED_TEXT);
			break;
		case MIGRATION_SAME:
			break;
		}
		run->done[i] = true;
	}
}

/* Of this database, or else the one that the first migration would take. */
static void send_pgvector(struct migration_run *run)
{
	send_sql(run,
	    "SELECT coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), "
	    "(SELECT default_version FROM pg_available_extensions WHERE name = 'vector'))");
}

/* Where there is none, CREATE EXTENSION says so best. */
static void read_pgvector(struct migration_run *run, const PGresult *rows)
{
	const char *version = PQgetvalue(rows, 0, 0);

	if (PQgetisnull(rows, 0, 0) || pgvector_is_new_enough(version))
		return;
	run->failed = true;
	snprintf(run->error, sizeof(run->error),
	    "pgvector: version %.20s is too old; " PGVECTOR_OLD_TEXT, version);
}

static void send_next(struct migration_run *run)
{
	const struct migration *m;
	char hex[MIGRATION_CHECKSUM_BYTES];
	char *sql = NULL;

	while (run->next < MIGRATIONS_COUNT && run->done[run->next])
		run->next++;
	if (run->next == MIGRATIONS_COUNT) {
		finish(run, MIGRATE_DONE);
		return;
	}
	m = &migrations[run->next];
	migration_checksum(m, hex);
	/* A string of several statements ends at the first that fails; the open transaction goes with
	 * the connection. */
	if (asprintf(&sql,
	        "BEGIN;" LOCK "INSERT INTO sage_migrations (number, name, checksum) VALUES "
	        "(%ld, '%s', '%s');\n%s\n;COMMIT",
	        migration_number(m), m->name, hex, m->text) < 0)
		abort();
	send_sql(run, sql);
	free(sql);
}

static void read_next(struct migration_run *run, const PGresult *rows)
{
	char text[128];

	(void)rows;
	run->done[run->next] = true;
	run->applied++;
	snprintf(text, sizeof(text), "applied %s", migrations[run->next].name);
	report(run, true, text);
}

static const struct stage {
	void (*send)(struct migration_run *run);
	void (*read)(struct migration_run *run, const PGresult *rows); /* may be NULL */
	bool again; /* until send() finishes the run */
} stages[] = {
    {.send = send_record_table},
    {.send = send_list, .read = read_list},
    {.send = send_pgvector, .read = read_pgvector},
    {.send = send_next, .read = read_next, .again = true},
};

/* --- the runner --- */

static void note_error(struct migration_run *run, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
	char why[400];

	if (run->failed)
		return;
	state = state != NULL ? state : "";
	text = text != NULL ? text : PQresultErrorMessage(result);
	run->transient =
	    *state == '\0' || strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0;
	run->raced = table != NULL && strcmp(table, "sage_migrations") == 0 &&
	             strcmp(state, "23505") == 0;
	snprintf(why, sizeof(why), "%.*s%s", (int)strcspn(text, "\n"), text, hint_for(text));
	fail(run, stages[run->stage].again ? migrations[run->next].name : "record", why);
}

static void stage_ended(struct migration_run *run)
{
	const struct stage *stage = &stages[run->stage];

	if (!run->failed && stage->read != NULL)
		stage->read(run, run->rows);
	if (run->failed && run->raced) {
		disconnect(run);
		start(run);
	} else if (run->failed && run->transient) {
		try_again(run);
	} else if (run->failed) {
		finish(run, MIGRATE_FAILED);
	} else {
		if (!stage->again)
			run->stage++;
		stages[run->stage].send(run);
	}
}

static void take_result(struct migration_run *run, PGresult *result)
{
	if (PQresultStatus(result) == PGRES_FATAL_ERROR)
		note_error(run, result);
	PQclear(run->rows);
	run->rows = result;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct migration_run *run = arg;

	(void)fd;
	(void)what;
	if (PQconsumeInput(run->pg) == 0) {
		snprintf(run->error, sizeof(run->error),
		    "the connection broke during the migrations");
		try_again(run);
		return;
	}
	while (PQisBusy(run->pg) == 0) {
		PGresult *result = PQgetResult(run->pg);

		if (result == NULL) {
			stage_ended(run);
			return;
		}
		take_result(run, result);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct migration_run *run = arg;

	(void)fd;
	(void)what;
	if (PQflush(run->pg) == 1)
		event_add(run->writable, NULL);
}

static void on_connected(void *arg, PGconn *pg, const char *error)
{
	struct migration_run *run = arg;

	run->attempt = NULL;
	run->pg = pg;
	if (pg == NULL) {
		snprintf(run->error, sizeof(run->error), "%s", error);
		try_again(run);
		return;
	}
	run->readable =
	    event_new(run->base, PQsocket(pg), EV_READ | EV_PERSIST, on_readable, run);
	run->writable = event_new(run->base, PQsocket(pg), EV_WRITE, on_writable, run);
	if (run->readable == NULL || run->writable == NULL ||
	    event_add(run->readable, NULL) != 0) {
		snprintf(run->error, sizeof(run->error), "out of memory");
		try_again(run);
		return;
	}
	run->stage = 0;
	run->next = 0;
	run->failed = run->transient = run->raced = false;
	memset(run->done, 0, sizeof(run->done));
	*run->error = '\0';
	stages[0].send(run);
}

static void start(struct migration_run *run)
{
	run->attempt =
	    connector_start(run->connector, run->config.connect_ms, on_connected, run);
	if (run->attempt == NULL) {
		snprintf(run->error, sizeof(run->error), "out of memory");
		event_active(run->retry, EV_TIMEOUT, 0);
	}
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

struct migration_run *migrate_start(
    struct event_base *base, const struct migrate_config *config, char *error, size_t error_len)
{
	struct migration_run *run = calloc(1, sizeof(*run));

	const struct connector_config connector = {
	    .conninfo = config->conninfo, .options = "", .role = "read-write", .host = -1};

	snprintf(error, error_len, "out of memory");
	if (run == NULL)
		return NULL;
	run->base = base;
	run->config = *config;
	run->retry = evtimer_new(base, on_retry, run);
	if (run->retry != NULL)
		run->connector = connector_new(base, &connector, error, error_len);
	if (run->connector == NULL) {
		migrate_free(run);
		return NULL;
	}
	start(run);
	return run;
}

void migrate_free(struct migration_run *run)
{
	if (run == NULL)
		return;
	connector_cancel(run->attempt);
	disconnect(run);
	if (run->retry != NULL)
		event_free(run->retry);
	connector_free(run->connector);
	free(run);
}
