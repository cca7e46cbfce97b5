/*
 * backfill_lane: one batch of memories after the other.
 *
 *	claim -> embed -> store, or note the failure, one by one -> give back what could not be tried -> claim ...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backfill_impl.h"
#include "clock.h"
#include "database.h"
#include "log.h"
#include "service.h"

static void on_settled(void *arg, struct rows *rows, const struct db_error *error);

static struct embedder *embedder_of(const struct lane *lane)
{
	return lane->backfill->service->embedder;
}

static void forget(struct lane *lane)
{
	embed_batch_fini(&lane->batch);
	rows_free(lane->rows);
	free(lane->claimed);
	free(lane->items);
	free(lane->unavailable);
	lane->rows = NULL;
	lane->claimed = NULL;
	lane->items = NULL;
	lane->unavailable = NULL;
	lane->count = lane->at = 0;
	lane->unavailable_count = 0;
}

static void rest(struct lane *lane)
{
	forget(lane);
	lane->busy = false;
}

static void run(struct lane *lane, query_done done)
{
	struct db_error error;

	if (database_run(lane->backfill->service->db, &lane->query, done, lane, &error))
		return;
	query_fini(&lane->query);
	rest(lane);
}

/* --- settling ------------------------------------------------------------ */

static void log_failure(const struct lane *lane, int i)
{
	char id[37];

	rows_uuid(lane->rows, i, 0, id);
	log_warn("a memory could not be embedded; it is tried again later", "memory", id);
}

/* The statement for the next memory that has an outcome; false: there is none left. */
static bool settle(struct lane *lane)
{
	const char *model = embedder_model(embedder_of(lane));

	while (lane->at < lane->count) {
		const struct embed_claimed *claimed = &lane->claimed[lane->at];
		const struct batch_item *item = &lane->items[lane->at];

		if (item->outcome == BATCH_DONE) {
			embed_store_ask(&lane->query, claimed->id, claimed->version, model,
			    item->vectors, item->parts);
			return true;
		}
		if (item->outcome == BATCH_REFUSED) {
			log_failure(lane, lane->at);
			lane->backfill->stats.failed++;
			embed_fail_ask(&lane->query, claimed->id, claimed->version, item->error,
			    BACKFILL_ATTEMPTS);
			return true;
		}
		memcpy(lane->unavailable[lane->unavailable_count++], claimed->id, 16);
		lane->at++;
	}
	return false;
}

static void on_released(void *arg, struct rows *rows, const struct db_error *error)
{
	struct lane *lane = arg;

	(void)error; /* else the lease ends by itself */
	query_fini(&lane->query);
	rows_free(rows);
	rest(lane);
}

static void release(struct lane *lane)
{
	const struct breaker *b = provider_breaker(embedder_provider(embedder_of(lane)));
	int64_t wait_ms = breaker_wait_ms(b, clock_ms());

	backfill_again(lane->backfill, wait_ms);
	embed_release_ask(&lane->query, (const unsigned char(*)[16])lane->unavailable,
	    lane->unavailable_count, (int32_t)wait_ms, lane->batch.error);
	run(lane, on_released);
}

static void settle_next(struct lane *lane)
{
	if (settle(lane))
		run(lane, on_settled);
	else if (lane->unavailable_count > 0)
		release(lane);
	else
		lane_start(lane);
}

static void on_settled(void *arg, struct rows *rows, const struct db_error *error)
{
	struct lane *lane = arg;

	query_fini(&lane->query);
	if (error->kind != DB_OK) {
		log_warn("vectors could not be stored", "sqlstate", error->sqlstate, "error",
		    error->text);
		rest(lane);
		return;
	}
	if (lane->items[lane->at].outcome == BATCH_DONE)
		lane->backfill->stats.stored += (uint64_t)rows_count(rows);
	rows_free(rows);
	lane->at++;
	settle_next(lane);
}

/* --- embedding ----------------------------------------------------------- */

static void on_embedded(void *arg)
{
	settle_next(arg);
}

static bool prepare(struct lane *lane)
{
	size_t count = (size_t)lane->count;

	lane->claimed = calloc(count, sizeof(*lane->claimed));
	lane->items = calloc(count, sizeof(*lane->items));
	lane->unavailable = calloc(count, sizeof(*lane->unavailable));
	if (lane->claimed == NULL || lane->items == NULL || lane->unavailable == NULL)
		return false;
	for (int i = 0; i < lane->count; i++) {
		struct embed_claimed *claimed = &lane->claimed[i];

		embed_claimed_read(lane->rows, i, claimed);
		lane->items[i].texts[0] =
		    (struct provider_text){claimed->user_input, claimed->user_input_len};
		lane->items[i].texts[1] = (struct provider_text){
		    claimed->assistant_response, claimed->assistant_response_len};
	}
	return embed_batch_start(
	    &lane->batch, embedder_of(lane), lane->items, count, on_embedded, lane);
}

static void on_claimed(void *arg, struct rows *rows, const struct db_error *error)
{
	struct lane *lane = arg;

	query_fini(&lane->query);
	if (error->kind != DB_OK) {
		log_warn("memories to embed could not be read", "sqlstate", error->sqlstate,
		    "error", error->text);
		rest(lane);
		return;
	}
	lane->rows = rows;
	lane->count = rows_count(rows);
	if (lane->count == 0 || !prepare(lane)) {
		rest(lane);
		return;
	}
	if ((size_t)lane->count == embedder_config(embedder_of(lane))->batch)
		backfill_help(lane->backfill);
}

void lane_start(struct lane *lane)
{
	struct embedder *e = embedder_of(lane);
	const struct embedder_config *config = embedder_config(e);

	forget(lane);
	lane->busy = lane->backfill->fits && embedder_problem(e) == NULL;
	if (!lane->busy)
		return;
	embed_claim_ask(&lane->query, (int32_t)config->batch,
	    (int64_t)(config->batch * config->chunk_bytes),
	    2 * config->provider.timeout_ms + BACKFILL_LEASE_MORE_MS);
	run(lane, on_claimed);
}

void lane_stop(struct lane *lane)
{
	database_cancel(lane->backfill->service->db, &lane->query);
	query_fini(&lane->query);
	forget(lane);
}
