/*
 * vector_index: one statement at a time, and one build beside it.
 *
 *	look -> missing, broken: build, and look at it grow
 *	     -> ready: check, when it is time
 *	     -> rest -> look
 */
#include "vector_index.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "clock.h"
#include "database.h"
#include "log.h"
#include "rows.h"
#include "server_limits.h"
#include "service.h"

struct vector_keeper {
	struct service *service;
	const char *conninfo;
	struct event *timer;
	struct query query;
	struct vector_build *build; /* the latest one */
	bool building;
	struct vector_report report;
	int64_t checked_ms; /* clock_ms() */
};

static void rest(struct vector_keeper *k)
{
	const struct timeval pause = {VECTOR_INDEX_REST_MS / 1000, 0};

	event_add(k->timer, &pause);
}

static void run(struct vector_keeper *k, query_done done)
{
	struct db_error error;

	if (!database_run(k->service->db, &k->query, done, k, &error))
		done(k, NULL, &error);
}

static void on_built(void *arg, const char *error)
{
	struct vector_keeper *k = arg;

	k->building = false;
	if (error != NULL)
		log_warn("an index on embeddings could not be built; searches go on without it",
		    "error", error);
	else
		log_info("an index on embeddings is built");
}

static void build(struct vector_keeper *k, enum vector_index_kind kind)
{
	const struct options *o = k->service->options;
	const struct vector_index *index = &k->report.indexes[kind];
	char error[256], text[24];
	const struct vector_build_config config = {
	    .conninfo = k->conninfo,
	    .kind = kind,
	    .connect_ms = (int)option_number(o, OPT_DB_CONNECT_TIMEOUT_MS),
	    .memory_mb = (int)option_number(o, OPT_VECTOR_INDEX_MEMORY_MB),
	    .drop = index->state == VECTOR_INDEX_BROKEN,
	    .done = on_built,
	    .arg = k,
	};

	snprintf(text, sizeof(text), "%lld", (long long)index->vectors);
	log_info(
	    "building an index on embeddings; everything goes on meanwhile", "vectors", text);
	vector_build_free(k->build);
	k->building = true;
	k->build = vector_build_start(k->service->base, &config, error, sizeof(error));
	if (k->build == NULL)
		on_built(k, error);
}

/* One at a time. */
static void build_what_is_wanted(struct vector_keeper *k)
{
	for (int kind = 0; kind < VECTOR_INDEX_KINDS && !k->building; kind++) {
		enum vector_index_state state = k->report.indexes[kind].state;

		if (state == VECTOR_INDEX_MISSING || state == VECTOR_INDEX_BROKEN)
			build(k, (enum vector_index_kind)kind);
	}
}

static void on_checked(void *arg, struct rows *rows, const struct db_error *error)
{
	struct vector_keeper *k = arg;
	struct vector_check check;

	query_fini(&k->query);
	if (error->kind == DB_OK) {
		vector_check_read(rows, &check);
		k->report.found += (uint64_t)check.found;
		k->report.missed += (uint64_t)check.missed;
	} else {
		log_warn("the index on embeddings could not be checked", "error", error->text);
	}
	rows_free(rows);
	rest(k);
}

static void on_looked(void *arg, struct rows *rows, const struct db_error *error)
{
	struct vector_keeper *k = arg;
	const struct vector_index *index = &k->report.indexes[VECTOR_INDEX_WHOLES];

	query_fini(&k->query);
	if (error->kind == DB_OK) {
		vector_index_read(rows, k->report.indexes);
		build_what_is_wanted(k);
	}
	rows_free(rows);
	if (error->kind != DB_OK || index->state != VECTOR_INDEX_READY ||
	    clock_ms() < k->checked_ms + VECTOR_CHECK_MS) {
		rest(k);
		return;
	}
	k->checked_ms = clock_ms();
	vector_check_ask(&k->query, index->vectors);
	run(k, on_checked);
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct vector_keeper *k = arg;
	int64_t least = option_number(k->service->options, OPT_VECTOR_INDEX_ROWS);

	(void)fd;
	(void)what;
	vector_index_ask(&k->query, least > 0 ? least : INT64_MAX);
	run(k, on_looked);
}

struct vector_keeper *vector_keeper_new(struct service *service, const char *conninfo)
{
	struct vector_keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->service = service;
	k->conninfo = conninfo;
	k->checked_ms = -VECTOR_CHECK_MS;
	k->timer = evtimer_new(service->base, look, k);
	if (k->timer == NULL) {
		free(k);
		return NULL;
	}
	return k;
}

void vector_keeper_open(struct vector_keeper *k)
{
	event_active(k->timer, EV_TIMEOUT, 0);
}

void vector_keeper_free(struct vector_keeper *k)
{
	if (k == NULL)
		return;
	database_cancel(k->service->db, &k->query);
	query_fini(&k->query);
	vector_build_free(k->build);
	event_free(k->timer);
	free(k);
}

struct vector_report vector_keeper_report(const struct vector_keeper *k)
{
	return k->report;
}
