/*
 * backfill: rounds.
 *
 *	whose vectors are these? -> move what a switch left -> mark what is of another model -> lanes -> a pause
 */
#include "backfill_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "database.h"
#include "log.h"
#include "service.h"

static void add_timer(struct event *timer, int ms)
{
	const struct timeval after = {ms / 1000, (ms % 1000) * 1000};

	event_add(timer, &after);
}

static void on_asked(void *arg, struct rows *rows, const struct db_error *error)
{
	struct backfill *b = arg;

	query_fini(&b->query);
	b->asking = false;
	if (error->kind != DB_OK)
		log_warn("the backlog of embeddings could not be read", "sqlstate",
		    error->sqlstate, "error", error->text);
	else
		b->asked(b, rows);
	rows_free(rows);
	if (!b->asking)
		add_timer(b->timer, BACKFILL_MS);
}

static void ask(struct backfill *b, void (*asked)(struct backfill *b, struct rows *rows))
{
	struct db_error error;

	b->asked = asked;
	b->asking = database_run(b->service->db, &b->query, on_asked, b, &error);
	if (!b->asking)
		query_fini(&b->query);
}

void backfill_help(struct backfill *b)
{
	int lanes = embedder_config(b->service->embedder)->provider.concurrency;

	for (int i = 0; i < lanes && i < BACKFILL_LANES; i++) {
		if (!b->lanes[i].busy) {
			lane_start(&b->lanes[i]);
			return;
		}
	}
}

static void on_strays(struct backfill *b, struct rows *rows)
{
	if (b->stats.waiting > 0 || rows_count(rows) > 0)
		backfill_help(b);
}

static void on_moved(struct backfill *b, struct rows *rows)
{
	const char *model = embedder_model(b->service->embedder);

	if (rows_count(rows) > 0) {
		embed_move_ask(&b->query, model, BACKFILL_MOVES);
		ask(b, on_moved);
		return;
	}
	embed_strays_ask(&b->query, model, EMBED_BACKLOG_LIMIT / 100);
	ask(b, on_strays);
}

/* What is stored is of another model: its vectors and ours cannot be compared. */
static void tell_misfit(struct backfill *b, const char *current, const char *model)
{
	char why[EMBEDDER_WHY_BYTES + EMBEDDER_MODEL_BYTES];

	snprintf(why, sizeof(why),
	    "the stored vectors are of %s, this server is configured for %s", current, model);
	embedder_block(b->service->embedder, why);
	if (strcmp(b->told, current) == 0)
		return;
	snprintf(b->told, sizeof(b->told), "%s", current);
	log_error("the stored vectors are of another embedding model: searches use words only, "
	          "and nothing is "
	          "embedded, until 'sage-mcp reembed' has made new ones or EMBEDDING_MODEL and "
	          "EMBEDDING_DIMENSION are set back",
	    "stored", current, "configured", model);
}

static void on_round(struct backfill *b, struct rows *rows)
{
	const char *model = embedder_model(b->service->embedder);
	struct embed_round round;

	embed_round_read(rows, &round);
	b->stats.waiting = round.waiting;
	b->stats.oldest_us = round.oldest_us;
	b->fits = round.current != NULL && strcmp(round.current, model) == 0;
	if (!b->fits) {
		tell_misfit(b, round.current != NULL ? round.current : "no model", model);
		return;
	}
	if (*b->told != '\0')
		log_info("the stored vectors are of the configured model", "model", model);
	*b->told = '\0';
	embedder_block(b->service->embedder, NULL);
	if (round.moving)
		embed_move_ask(&b->query, model, BACKFILL_MOVES);
	else
		embed_strays_ask(&b->query, model, EMBED_BACKLOG_LIMIT / 100);
	ask(b, round.moving ? on_moved : on_strays);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct backfill *b = arg;
	const char *model = embedder_model(b->service->embedder);

	(void)fd;
	(void)what;
	if (b->asking)
		return;
	if (model != NULL) {
		embed_round_ask(&b->query, model);
		ask(b, on_round);
	}
	if (!b->asking)
		add_timer(b->timer, BACKFILL_MS);
}

static void on_kick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	backfill_help(arg);
}

void backfill_again(struct backfill *b, int64_t ms)
{
	add_timer(b->again, (int)ms + BACKFILL_KICK_MS);
}

void backfill_kick(struct backfill *b)
{
	if (b != NULL && !event_pending(b->kick, EV_TIMEOUT, NULL))
		add_timer(b->kick, BACKFILL_KICK_MS);
}

struct backfill *backfill_new(struct service *service)
{
	struct backfill *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->service = service;
	b->stats.oldest_us = ROWS_NO_TIME;
	b->timer = evtimer_new(service->base, on_timer, b);
	b->kick = evtimer_new(service->base, on_kick, b);
	b->again = evtimer_new(service->base, on_kick, b);
	for (int i = 0; i < BACKFILL_LANES; i++)
		b->lanes[i].backfill = b;
	if (b->timer != NULL && b->kick != NULL && b->again != NULL)
		return b;
	backfill_free(b);
	return NULL;
}

/* The first round, once both the schema and the provider are there. */
static void on_opened(void *arg)
{
	struct backfill *b = arg;

	add_timer(b->timer, 0);
}

void backfill_open(struct backfill *b)
{
	embedder_open(b->service->embedder, on_opened, b);
}

void backfill_free(struct backfill *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < BACKFILL_LANES; i++)
		lane_stop(&b->lanes[i]);
	database_cancel(b->service->db, &b->query);
	query_fini(&b->query);
	if (b->timer != NULL)
		event_free(b->timer);
	if (b->kick != NULL)
		event_free(b->kick);
	if (b->again != NULL)
		event_free(b->again);
	free(b);
}

const struct backfill_stats *backfill_stats(const struct backfill *b)
{
	return &b->stats;
}
