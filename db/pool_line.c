/*
 * pool_line: into the line, and out of it without a connection.
 *
 *	pool_run -> refused at once
 *	         `-> line -> pool_serve (pool_lease.c)
 *	               `---> too late, pushed out, or nothing to hope for -> done
 */
#include <stdio.h>

#include <event2/event.h>

#include "gather.h"
#include "pool_impl.h"

#define LINE_IS_FULL "too many statements wait for a connection"

static bool fail_at_once(
    struct db_error *error, enum db_error_kind kind, const char *text, int64_t retry_ms)
{
	*error = (struct db_error){.kind = kind, .retry_ms = (int)retry_ms};
	snprintf(error->text, sizeof(error->text), "%s", text);
	return false;
}

/* For each connection that is idle, or can still be opened, one more may wait. */
static bool is_full(const struct pool *pool)
{
	int coming = pool->counts[SLOT_IDLE] + pool->config.size - pool_live(pool);

	return pool->line.count >= pool->config.queue_limit + (coming > 0 ? coming : 0);
}

/*
 * In a full line, the namespace that waits for the most gives up its last query for one that
 * waits for less. It is told from the loop.
 */
static bool push_out(struct pool *pool, const char *namespace)
{
	struct query *q = line_surplus(&pool->line, namespace);

	if (q == NULL)
		return false;
	line_remove(&pool->line, q);
	q->place = QUERY_ENDING;
	q->list = &pool->pushed_out;
	TAILQ_INSERT_TAIL(q->list, q, link);
	pool_arm(pool->line_timer, 0);
	return true;
}

/* Those who wait now have been served, or the line has run empty, after about wait_ms. */
static bool is_welcome(struct pool *pool, const struct query *q, struct db_error *error)
{
	int64_t now = pool_now_ms();

	if (!pool->open)
		return fail_at_once(error, DB_UNAVAILABLE, "the database is not ready yet",
		    pool->config.wait_ms);
	if (pool_live(pool) == 0 && breaker_refuses(&pool->breaker, now))
		return fail_at_once(error, DB_UNAVAILABLE, pool->last_error,
		    breaker_wait_ms(&pool->breaker, now));
	if (is_full(pool)) /* then what was gathered in this turn goes now */
		pool_serve(pool);
	if (!is_full(pool) || push_out(pool, q->namespace))
		return true;
	pool->total.refused_full++;
	return fail_at_once(error, DB_BUSY, LINE_IS_FULL, pool->config.wait_ms);
}

bool pool_put_in_line(struct pool *pool, struct query *q, bool first)
{
	q->slot = NULL;
	q->queued_us = pool_now_us();
	q->deadline_ms = q->queued_us / 1000 + pool->config.wait_ms;
	if (!line_add(&pool->line, q, first))
		return false;
	if (!event_pending(pool->line_timer, EV_TIMEOUT, NULL))
		pool_arm(pool->line_timer, pool->config.wait_ms);
	return true;
}

bool pool_run(
    struct pool *pool, struct query *q, query_done done, void *arg, struct db_error *error)
{
	if (!is_welcome(pool, q, error))
		return false;
	q->done = done;
	q->done_arg = arg;
	q->pool = pool;
	q->tries = 0;
	q->alone = q->lost = false;
	q->written = 0;
	if (!pool_put_in_line(pool, q, false))
		return fail_at_once(error, DB_BUSY, "out of memory", pool->config.wait_ms);
	/* Who may share a transaction waits for those that come in the same turn: it costs no time. */
	if (sql_is_gathered(q->sql))
		event_active(pool->turn_end, EV_TIMEOUT, 0);
	else
		pool_serve(pool);
	return true;
}

void pool_on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pool_serve(arg);
}

/* --- without a connection --- */

static void end(
    const struct pool *pool, struct query *q, enum db_error_kind kind, const char *text)
{
	struct db_error error;

	fail_at_once(&error, kind, text, pool->config.wait_ms);
	error = gather_error_for(q, &error);
	q->done(q->done_arg, NULL, &error);
}

static void refuse(
    struct pool *pool, struct query *q, enum db_error_kind kind, const char *text)
{
	line_remove(&pool->line, q);
	end(pool, q, kind, text);
}

void pool_refuse_all(struct pool *pool)
{
	struct query *q;

	/* Who asks again when it is told comes in behind them and is not told twice. */
	for (int count = pool->line.count; count > 0 && pool_live(pool) == 0; count--) {
		q = line_oldest(&pool->line);
		if (q == NULL)
			return;
		refuse(pool, q, DB_UNAVAILABLE, pool->last_error);
	}
}

static void refuse_late(struct pool *pool, struct query *q)
{
	pool->total.refused_late++;
	if (pool->paused)
		refuse(pool, q, DB_BUSY, "the pool is paused");
	else if (pool_live(pool) > 0)
		refuse(pool, q, DB_BUSY, "waited too long for a connection");
	else
		refuse(pool, q, DB_UNAVAILABLE,
		    pool->reachable ? "no connection was made in time" : pool->last_error);
}

void pool_on_line_timer(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	int64_t now = pool_now_ms();
	struct query *q;

	(void)fd;
	(void)what;
	while ((q = TAILQ_FIRST(&pool->pushed_out)) != NULL) {
		pool->total.refused_full++;
		TAILQ_REMOVE(&pool->pushed_out, q, link);
		q->place = QUERY_NOWHERE;
		end(pool, q, DB_BUSY, LINE_IS_FULL);
	}
	/* Everyone waits equally long, so who waits longest is the first to give up. */
	while ((q = line_oldest(&pool->line)) != NULL && q->deadline_ms <= now)
		refuse_late(pool, q);
	if (q != NULL)
		pool_arm(pool->line_timer, q->deadline_ms - now);
}
