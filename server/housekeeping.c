/*
 * housekeeping: a list of chores, one statement at a time.
 *
 *	chore -> its rows -> again, while there was something to do -> the next chore -> a pause
 */
#include "housekeeping.h"

#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "database.h"
#include "events.h"
#include "keeping.h"
#include "log.h"
#include "rows.h"
#include "server_limits.h"
#include "service.h"

struct housekeeping {
	struct service *service;
	struct event *timer;
	struct query query;
	size_t chore;
	struct rows *unindexed; /* being indexed, row by row */
	int row;
};

static void ask_feed(struct housekeeping *k)
{
	keep_feed_ask(&k->query);
}

static void ask_expired(struct housekeeping *k)
{
	keep_expire_ask(&k->query, HOUSEKEEPING_ROWS);
}

static void ask_unindexed(struct housekeeping *k)
{
	keep_unindexed_ask(&k->query, HOUSEKEEPING_TEXTS);
}

static void ask_lexicon(struct housekeeping *k)
{
	keep_lexicon_ask(&k->query, HOUSEKEEPING_CHANGES);
}

static void ask_vectors(struct housekeeping *k)
{
	keep_vectors_ask(&k->query, HOUSEKEEPING_VECTORS);
}

static void log_count(const char *what, int count)
{
	char text[16];

	if (count == 0)
		return;
	snprintf(text, sizeof(text), "%d", count);
	log_info("housekeeping", "what", what, "memories", text);
}

static bool take_feed(struct housekeeping *k, struct rows *rows)
{
	(void)k;
	log_count("changes of another cluster", rows_count(rows));
	return false;
}

static bool take_expired(struct housekeeping *k, struct rows *rows)
{
	struct server_event event = {.kind = MEMORY_CHANGED};
	int count = rows_count(rows);

	for (int row = 0; row < count; row++) {
		const char *session = rows_text(rows, row, 2, NULL);

		rows_uuid(rows, row, 0, event.memory_id);
		snprintf(event.namespace, sizeof(event.namespace), "%s",
		    rows_text(rows, row, 1, NULL));
		snprintf(event.session_id, sizeof(event.session_id), "%s",
		    session != NULL ? session : "default");
		events_publish(k->service->events, &event);
	}
	log_count("expired", count);
	return count == HOUSEKEEPING_ROWS;
}

static bool take_unindexed(struct housekeeping *k, struct rows *rows)
{
	if (rows_count(rows) == 0)
		return false;
	log_count("words indexed", rows_count(rows));
	k->unindexed = rows;
	k->row = 0;
	return true;
}

static bool take_lexicon(struct housekeeping *k, struct rows *rows)
{
	(void)k;
	return keep_lexicon_read(rows) == HOUSEKEEPING_CHANGES;
}

static bool take_vectors(struct housekeeping *k, struct rows *rows)
{
	int count = rows_count(rows), random = 0;

	(void)k;
	for (int row = 0; row < count; row++)
		random += rows_bool(rows, row, 1);
	log_count("vectors looked at", count);
	log_count("random vectors dropped", random);
	return count == HOUSEKEEPING_VECTORS;
}

/* take: true when there may be more of it. */
static const struct chore {
	void (*ask)(struct housekeeping *k);
	bool (*take)(struct housekeeping *k, struct rows *rows);
} chores[] = {
    {ask_feed, take_feed},
    {ask_expired, take_expired},
    {ask_unindexed, take_unindexed},
    {ask_lexicon, take_lexicon},
    {ask_vectors, take_vectors},
};

#define CHORE_COUNT (sizeof(chores) / sizeof(*chores))
#define FIRST_ROUND 1 /* the chore before is done once */

static void pause_for(struct housekeeping *k, int ms)
{
	const struct timeval pause = {ms / 1000, (ms % 1000) * 1000};

	event_add(k->timer, &pause);
}

/* The next chore, or after the last one a rest. */
static void go_on(struct housekeeping *k, bool again)
{
	k->chore += !again;
	if (k->chore < CHORE_COUNT) {
		pause_for(k, HOUSEKEEPING_BREATH_MS);
		return;
	}
	k->chore = FIRST_ROUND;
	pause_for(k, HOUSEKEEPING_MS);
}

static void on_done(void *arg, struct rows *rows, const struct db_error *error);

static void run(struct housekeeping *k)
{
	struct db_error error;

	if (!database_run(k->service->db, &k->query, on_done, k, &error))
		pause_for(k, HOUSEKEEPING_MS);
}

static void forget_unindexed(struct housekeeping *k)
{
	rows_free(k->unindexed);
	k->unindexed = NULL;
}

static void index_next(struct housekeeping *k)
{
	query_fini(&k->query);
	if (keep_index_ask(&k->query, k->unindexed, k->row++)) {
		run(k);
		return;
	}
	forget_unindexed(k);
	pause_for(k, HOUSEKEEPING_MS);
}

static void on_done(void *arg, struct rows *rows, const struct db_error *error)
{
	struct housekeeping *k = arg;
	bool again = true;

	query_fini(&k->query);
	if (error->kind != DB_OK) {
		log_warn(
		    "housekeeping failed", "sqlstate", error->sqlstate, "error", error->text);
		forget_unindexed(k);
		go_on(k, false);
		return;
	}
	if (k->unindexed == NULL)
		again = chores[k->chore].take(k, rows);
	else if (k->row == rows_count(k->unindexed))
		forget_unindexed(k);
	if (rows != k->unindexed)
		rows_free(rows);
	go_on(k, again);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct housekeeping *k = arg;

	(void)fd;
	(void)what;
	if (k->unindexed != NULL) {
		index_next(k);
		return;
	}
	query_fini(&k->query);
	chores[k->chore].ask(k);
	run(k);
}

struct housekeeping *housekeeping_new(struct service *service)
{
	struct housekeeping *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->service = service;
	k->timer = evtimer_new(service->base, on_timer, k);
	if (k->timer == NULL) {
		housekeeping_free(k);
		return NULL;
	}
	return k;
}

void housekeeping_open(struct housekeeping *k)
{
	pause_for(k, HOUSEKEEPING_BREATH_MS);
}

void housekeeping_free(struct housekeeping *k)
{
	if (k == NULL)
		return;
	database_cancel(k->service->db, &k->query);
	query_fini(&k->query);
	forget_unindexed(k);
	if (k->timer != NULL)
		event_free(k->timer);
	free(k);
}
