/* pool_admin: what people do to a pool, and what they see of it. */
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "connector.h"
#include "pool_impl.h"

void pool_want(struct pool *pool, const char *role)
{
	if (pool->wanted)
		return;
	pool->wanted = true;
	connector_set_role(pool->connector, role);
	event_del(pool->retry);
	pool_serve(pool);
}

void pool_want_no_longer(struct pool *pool)
{
	if (!pool->wanted)
		return;
	pool->wanted = false;
	connector_set_role(pool->connector, pool->config.role);
	pool_reconnect(pool);
}

void pool_pause(struct pool *pool)
{
	pool->paused = true;
}

void pool_resume(struct pool *pool)
{
	pool->paused = false;
	pool_serve(pool);
}

void pool_reconnect(struct pool *pool)
{
	pool->generation++;
	pool_close_idle(pool);
	pool_serve(pool);
}

void pool_kill(struct pool *pool)
{
	static const struct db_error killed = {
	    .kind = DB_UNCERTAIN, .text = "the connection was closed by an administrator"};
	struct slot *slot;

	pool_pause(pool);
	for (int state = 0; state < SLOT_STATE_COUNT; state++) {
		while ((slot = TAILQ_FIRST(&pool->slots[state])) != NULL) {
			if (state != SLOT_BUSY) {
				slot_free(slot);
				continue;
			}
			conn_kill(slot->conn);
			pool_ended(slot, NULL, &killed, 0);
		}
	}
}

bool pool_reachable(const struct pool *pool)
{
	return pool->open && pool->reachable;
}

struct breaker *pool_breaker(struct pool *pool)
{
	return &pool->breaker;
}

void pool_reset_breaker(struct pool *pool)
{
	breaker_reset(&pool->breaker);
	event_del(pool->retry);
	pool_serve(pool);
}

struct pool_stats pool_stats(const struct pool *pool)
{
	const struct query *oldest = line_oldest(&pool->line);
	struct pool_stats stats = pool->total;
	const struct slot *slot;

	stats.name = pool->name;
	stats.size = pool->config.size;
	stats.idle = pool->counts[SLOT_IDLE];
	stats.busy = pool->counts[SLOT_BUSY];
	stats.testing = pool->counts[SLOT_TESTING];
	stats.cancelling = pool->counts[SLOT_CANCELLING];
	stats.connecting = pool->counts[SLOT_CONNECTING];
	stats.waiting = pool->line.count;
	stats.oldest_wait_us = oldest != NULL ? pool_now_us() - oldest->queued_us : 0;
	stats.open = pool->open;
	stats.paused = pool->paused;
	stats.reachable = pool->reachable;
	TAILQ_FOREACH (slot, &pool->slots[SLOT_BUSY], link) {
		stats.running += slot->running_count;
	}
	snprintf(stats.last_error, sizeof(stats.last_error), "%s", pool->last_error);
	return stats;
}

const struct statement_stats *pool_statements(const struct pool *pool)
{
	return pool->statements;
}

static void describe(const struct slot *slot, struct connection_info *info)
{
	static const char *const states[] = {
	    [SLOT_CONNECTING] = "login",
	    [SLOT_IDLE] = "idle",
	    [SLOT_BUSY] = "active",
	    [SLOT_TESTING] = "tested",
	    [SLOT_CANCELLING] = "being_canceled",
	};
	const struct pool *pool = slot->pool;
	int64_t now = pool_now_us();
	bool busy = slot->state == SLOT_BUSY;

	*info = (struct connection_info){
	    .pool = pool->name,
	    .state = states[slot->state],
	    .statement = busy ? sql_name(slot->sql) : NULL,
	    .running = busy ? slot->running_count : 0,
	    .close_needed = slot_is_unwanted(slot),
	    .connected_ms = slot->connected ? now / 1000 - slot->connected_ms : -1,
	    .request_ms = slot->sent_us > 0 ? (now - slot->sent_us) / 1000 : -1,
	};
	conn_describe(slot->conn, info);
}

void pool_connections(const struct pool *pool,
    void (*each)(void *arg, const struct connection_info *info), void *arg)
{
	struct connection_info info;
	const struct slot *slot;

	for (int state = 0; state < SLOT_STATE_COUNT; state++) {
		TAILQ_FOREACH (slot, &pool->slots[state], link) {
			describe(slot, &info);
			each(arg, &info);
		}
	}
}
