/*
 * pool_lease: a connection for some queries, and what becomes of them.
 *
 *	pool_serve -> conn_run -> pool_ended -> done
 *	    ^                        `-> once more: back into the line
 *	    `--------------------------------'
 */
#include <event2/event.h>

#include "gather.h"
#include "pool_impl.h"
#include "rows.h"

#define GATHER_MAX_BYTES (1024 * 1024)
/* The first replay may meet a connection that the same fault is about to reach. */
#define MAX_TRIES 3

/* One namespace and all writes together leave a quarter to the others. */
struct line_limits pool_limits(const struct pool *pool)
{
	int size = pool->config.size;
	int quarter = size / 4 > 0 ? size / 4 : 1;
	int most = size > 1 ? size - quarter : size;
	int own = pool->config.namespace_limit;

	return (struct line_limits){.leases = own > 0 ? own : most, .writes = most};
}

/* --- onto a connection --- */

static void start(struct pool *pool, struct slot *slot, struct query *first)
{
	int64_t now = pool_now_us();
	struct query *q;

	slot->lease = line_take(&pool->line, first, GATHER_MAX_BYTES, &slot->running);
	slot->sent_us = now;
	slot->sql = first->sql;
	slot->running_count = 0;
	TAILQ_FOREACH (q, &slot->running, link) {
		q->slot = slot;
		q->list = &slot->running;
		slot->running_count++;
		histogram_add(&pool->total.wait, now - q->queued_us);
		for (int i = 0; i < q->count; i++)
			pool->total.bytes_sent +=
			    q->values[i] != NULL ? (uint64_t)q->lengths[i] : 0;
	}
	pool->total.transactions++;
	slot_move(slot, SLOT_BUSY);
	conn_run(slot->conn, &slot->running, pool->config.query_ms);
}

/* Gives idle connections to those whose turn it is; then grows. */
void pool_serve(struct pool *pool)
{
	struct line_limits limits = pool_limits(pool);
	struct slot *slot;
	struct query *q;

	while (!pool->paused && (slot = TAILQ_FIRST(&pool->slots[SLOT_IDLE])) != NULL &&
	       (q = line_next(&pool->line, &limits)) != NULL)
		start(pool, slot, q);
	pool_grow(pool);
}

/* --- once more? --- */

/* One row may have spoilt the others'. */
static bool is_spoilt(const struct slot *slot, const struct db_error *error)
{
	return slot->running_count > 1 &&
	       (error->kind == DB_REJECTED || error->kind == DB_FAILED);
}

/* What was certainly not executed, and what may be executed twice when its connection broke. */
static bool may_run_again(const struct query *q, const struct db_error *error)
{
	return q->tries + 1 < MAX_TRIES &&
	       (error->kind == DB_READ_ONLY || error->kind == DB_CONFLICT ||
	           (error->kind == DB_UNCERTAIN && sql_is_repeatable(q->sql)));
}

/*
 * Back to the head of their namespace's queue, in their order; for the others the outcome stands.
 * A group comes back as single ones: whatever one of them did to the others, it does it alone now.
 */
static void take_back(struct pool *pool, struct slot *slot, const struct db_error *error)
{
	bool spoilt = is_spoilt(slot, error);
	struct query *q, *before;

	for (q = TAILQ_LAST(&slot->running, query_list); q != NULL; q = before) {
		before = TAILQ_PREV(q, query_list, link);
		if (!spoilt && !may_run_again(q, error))
			continue;
		TAILQ_REMOVE(&slot->running, q, link);
		q->alone = q->alone || slot->running_count > 1;
		q->tries += !spoilt;
		q->lost = q->lost || (error->kind == DB_UNCERTAIN && !sql_is_read(q->sql));
		if (pool_put_in_line(pool, q, true))
			pool->total.retries++;
		else
			TAILQ_INSERT_HEAD(&slot->running, q, link);
	}
}

/* --- the outcome --- */

static void count_outcome(
    struct pool *pool, const struct slot *slot, const struct db_error *error)
{
	struct statement_stats *statement = &pool->statements[slot->sql];
	int64_t took = pool_now_us() - slot->sent_us;

	pool->total.query_us += took;
	pool->total.timeouts += error->kind == DB_TIMEOUT;
	pool->total.queries += (uint64_t)slot->running_count;
	if (slot->running_count > 1)
		pool->total.gathered += (uint64_t)slot->running_count;
	histogram_add(&statement->took, took);
	statement->errors += error->kind != DB_OK;
}

/* A transaction ended; the slot is settled first, so that those who are told can ask anew. */
void pool_ended(
    struct slot *slot, struct rows *rows, const struct db_error *error, uint64_t written)
{
	struct query_list ending = TAILQ_HEAD_INITIALIZER(ending);
	struct pool *pool = slot->pool;
	struct db_error outcome = *error;
	bool gathered = slot->running_count > 1;
	struct query *q;

	count_outcome(pool, slot, error);
	line_give_back(&pool->line, &slot->lease);
	if (error->kind == DB_READ_ONLY) /* none of them leads to a primary any more */
		pool->generation++;
	if (error->kind != DB_OK)
		take_back(pool, slot, error);
	TAILQ_CONCAT(&ending, &slot->running, link);
	TAILQ_FOREACH (q, &ending, link) {
		q->place = QUERY_ENDING;
		q->list = &ending;
		q->slot = NULL;
		q->written = written;
	}
	slot_settle(slot, outcome.text);
	if (outcome.kind == DB_READ_ONLY)
		pool_close_idle(pool);
	if (!TAILQ_EMPTY(&ending))
		gather_deliver(&ending, gathered, rows, &outcome);
	else
		rows_free(rows);
	pool_serve(pool);
}

/* --- cancelling --- */

/* Nobody is left who wants what runs there. */
static void abandon(struct pool *pool, struct slot *slot)
{
	pool->total.cancels++;
	line_give_back(&pool->line, &slot->lease);
	conn_cancel(slot->conn);
	slot_settle(slot, NULL);
	pool_serve(pool);
}

void pool_cancel(struct pool *pool, struct query *q)
{
	struct slot *slot = q->slot;

	switch (q->place) {
	case QUERY_NOWHERE:
		break;
	case QUERY_IN_LINE:
		line_remove(&pool->line, q);
		break;
	case QUERY_RUNNING:
	case QUERY_ENDING:
		TAILQ_REMOVE(q->list, q, link);
		q->place = QUERY_NOWHERE;
		q->slot = NULL;
		if (slot != NULL && TAILQ_EMPTY(&slot->running))
			abandon(pool, slot);
		break;
	}
}
