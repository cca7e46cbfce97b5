/*
 * pool_slots: the pool's connections: made on demand, tested while idle, replaced when old.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <event2/util.h>

#include "connector.h"
#include "pool_impl.h"

#define MAX_PARALLEL_LOGINS 4
#define TIDY_MS             1000   /* how often idle connections are looked at */
#define REFUSAL_QUIET_MS    300000 /* how often it is told that a server lets no more in */
#define FULL_WAIT_MS        1000   /* a server that lets no more in is asked again after this */

int64_t pool_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t pool_now_ms(void)
{
	return pool_now_us() / 1000;
}

void pool_arm(struct event *timer, int64_t ms)
{
	const struct timeval wait = {ms > 0 ? ms / 1000 : 0, ms > 0 ? (ms % 1000) * 1000 : 0};

	event_add(timer, &wait);
}

void pool_report(struct pool *pool, bool healthy, const char *text)
{
	if (pool->config.report != NULL)
		pool->config.report(pool->config.report_arg, pool->name, healthy, text);
}

static void slot_enter(struct slot *slot, enum slot_state state, bool last)
{
	slot->state = state;
	if (last)
		TAILQ_INSERT_TAIL(&slot->pool->slots[state], slot, link);
	else
		TAILQ_INSERT_HEAD(&slot->pool->slots[state], slot, link);
	slot->pool->counts[state]++;
}

static void slot_leave(struct slot *slot)
{
	TAILQ_REMOVE(&slot->pool->slots[slot->state], slot, link);
	slot->pool->counts[slot->state]--;
}

void slot_move(struct slot *slot, enum slot_state state)
{
	/* A test is no use: what only proved that it lives goes behind what was needed. */
	bool last = slot->state == SLOT_TESTING;

	slot_leave(slot);
	slot_enter(slot, state, last);
}

void slot_free(struct slot *slot)
{
	slot_leave(slot);
	conn_free(slot->conn);
	free(slot);
}

int pool_live(const struct pool *pool)
{
	return pool->counts[SLOT_IDLE] + pool->counts[SLOT_BUSY] + pool->counts[SLOT_TESTING] +
	       pool->counts[SLOT_CANCELLING];
}

/* --- the events of a connection --- */

/* Up to a tenth sooner, so that connections made together do not end together. */
static int64_t expiry(int64_t now, int lifetime_ms)
{
	uint32_t random;

	if (lifetime_ms <= 0)
		return INT64_MAX;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return now + lifetime_ms - (int64_t)(random % (uint32_t)(lifetime_ms / 10 + 1));
}

static void note_connected(struct slot *slot)
{
	struct pool *pool = slot->pool;

	slot->connected = true;
	pool->refused = false;
	slot->connected_ms = slot->idle_since_ms = pool_now_ms();
	slot->expires_ms = expiry(slot->connected_ms, pool->config.lifetime_ms);
	pool->total.connects++;
	breaker_succeeded(&pool->breaker);
	event_del(pool->retry);
	if (pool->reachable)
		return;
	pool->reachable = true;
	*pool->last_error = '\0';
	pool_report(pool, true, "connected");
}

bool slot_is_unwanted(const struct slot *slot)
{
	const struct pool *pool = slot->pool;
	int live = pool_live(pool) + (slot->state == SLOT_CONNECTING);

	return slot->generation != pool->generation || pool_now_ms() >= slot->expires_ms ||
	       live > pool->config.size;
}

/* Back to the idle ones, unless it is no longer wanted. */
static void slot_rest(struct slot *slot)
{
	if (slot_is_unwanted(slot))
		slot_free(slot);
	else
		slot_move(slot, SLOT_IDLE);
}

/* For the first time, or again after a test or a cancel. */
static void on_ready(void *arg, struct conn *conn)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;

	(void)conn;
	slot->tested_ms = pool_now_ms();
	if (!slot->connected)
		note_connected(slot);
	else if (slot->state == SLOT_CANCELLING)
		slot->idle_since_ms = slot->tested_ms;
	slot_rest(slot);
	pool_serve(pool);
}

/* With the last connection the database counts as away, until it is reached again. */
static void note_loss(struct pool *pool, bool healthy, const char *error)
{
	bool news = pool->reachable || strcmp(pool->last_error, error) != 0;

	if (pool_live(pool) > 0)
		return;
	pool->reachable = false;
	snprintf(pool->last_error, sizeof(pool->last_error), "%s", error);
	if (news)
		pool_report(pool, healthy, error);
}

/* One broke: the others may have, too, without anybody having noticed. */
static void test_idle(struct pool *pool, int64_t idle_ms)
{
	struct slot *slot = TAILQ_FIRST(&pool->slots[SLOT_IDLE]), *next;
	int64_t now = pool_now_ms();

	for (; slot != NULL; slot = next) {
		next = TAILQ_NEXT(slot, link);
		if (now - slot->idle_since_ms < idle_ms || now - slot->tested_ms < idle_ms)
			continue;
		slot_move(slot, SLOT_TESTING);
		conn_test(slot->conn, pool->config.connect_ms);
	}
}

/* It lives, and lets no more in. */
static void note_refusal(struct pool *pool, int64_t now, const char *error)
{
	char text[320];

	pool->refused = true;
	if (now < pool->quiet_until_ms)
		return;
	pool->quiet_until_ms = now + REFUSAL_QUIET_MS;
	snprintf(text, sizeof(text), "no further connection: %s", error);
	pool_report(pool, false, text);
}

/* The only host of this pool is well, but not what this pool is for: a primary, or a replica. */
static bool has_another_role(const struct pool *pool, const char *error)
{
	return pool->config.host >= 0 && (strstr(error, "session is ") != NULL ||
	                                     strstr(error, "hot standby mode") != NULL);
}

static void connecting_failed(struct pool *pool, int64_t began_ms, const char *error)
{
	int64_t now = pool_now_ms();

	if (pool_live(pool) == 0 && has_another_role(pool, error)) {
		breaker_succeeded(&pool->breaker);
		note_loss(pool, true, error);
		pool_arm(pool->retry, pool->config.retry_most_ms);
		pool_refuse_all(pool);
		return;
	}
	pool->total.connect_failures++;
	if (pool_live(pool) > 0) { /* it serves those it has let in */
		note_refusal(pool, now, error);
		pool_arm(pool->retry, FULL_WAIT_MS);
		return;
	}
	breaker_failed(&pool->breaker, began_ms, now);
	note_loss(pool, false, error);
	pool_arm(pool->retry, breaker_wait_ms(&pool->breaker, now));
	/* Nothing to hope for: whoever waits is told now, not at the deadline. */
	if (pool->breaker.state == BREAKER_OPEN)
		pool_refuse_all(pool);
}

/* An attempt failed, or a connection without a query ended. */
static void on_lost(void *arg, struct conn *conn, const char *error)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;
	bool once = slot->connected;
	int64_t began_ms = slot->began_ms;

	(void)conn;
	slot_free(slot);
	if (!once) {
		connecting_failed(pool, began_ms, error);
		return;
	}
	note_loss(pool, false, error);
	test_idle(pool, 0);
	pool_serve(pool);
}

static void on_ended(void *arg, struct conn *conn, struct rows *rows,
    const struct db_error *error, uint64_t written)
{
	(void)conn;
	pool_ended(arg, rows, error, written);
}

void slot_settle(struct slot *slot, const char *error)
{
	struct pool *pool = slot->pool;

	switch (conn_state(slot->conn)) {
	case CONN_IDLE:
		slot->idle_since_ms = pool_now_ms();
		slot_rest(slot);
		return;
	case CONN_CANCELLING:
		slot_move(slot, SLOT_CANCELLING);
		return;
	case CONN_CONNECTING:
	case CONN_BUSY:
	case CONN_TESTING:
	case CONN_CLOSED:
	case CONN_STATE_COUNT:
		break;
	}
	slot_free(slot);
	if (error == NULL)
		return;
	note_loss(pool, false, error);
	test_idle(pool, 0);
}

/* --- how many there are --- */

static const struct conn_events conn_events = {
    .ready = on_ready,
    .lost = on_lost,
    .ended = on_ended,
};

/* Opens one more connection. False: out of memory; the next event tries again. */
static bool pool_connect(struct pool *pool)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return false;
	slot->pool = pool;
	slot->generation = pool->generation;
	slot->began_ms = pool_now_ms();
	slot->expires_ms = INT64_MAX;
	TAILQ_INIT(&slot->running);
	slot->conn =
	    conn_new(pool->base, pool->connector, &pool->conn_config, &conn_events, slot);
	if (slot->conn == NULL) {
		free(slot);
		return false;
	}
	slot_enter(slot, SLOT_CONNECTING, false);
	return true;
}

static bool is_asleep(const struct pool *pool)
{
	return pool->config.lazy && !pool->wanted;
}

/* Kept open whether somebody needs them or not. */
static int least(const struct pool *pool)
{
	return is_asleep(pool) ? 0 : pool->config.least;
}

/* How many more connections there should be. */
static int wanted(const struct pool *pool)
{
	struct line_limits limits = pool_limits(pool);
	int more = line_demand(&pool->line, &limits) - pool->counts[SLOT_IDLE];
	int missing = least(pool) - pool_live(pool);

	if (missing <= 0 && !pool->reachable && !is_asleep(pool))
		missing = 1; /* somebody has to notice when the database is back */
	return more > missing ? more : missing;
}

/* As many as the line asks for, within the size and the limit of logins; one by one after a failure. */
void pool_grow(struct pool *pool)
{
	int logins = pool->breaker.failures > 0 || pool->refused ? 1 : MAX_PARALLEL_LOGINS;
	int room = pool->config.size - pool_live(pool);

	if (!pool->open || pool->paused || pool->counts[SLOT_CONNECTING] >= room ||
	    pool->counts[SLOT_CONNECTING] >= logins ||
	    event_pending(pool->retry, EV_TIMEOUT, NULL))
		return;
	int more = wanted(pool);
	int64_t now = pool_now_ms();

	if (more <= pool->counts[SLOT_CONNECTING])
		return;
	if (!breaker_permits(&pool->breaker, now)) {
		pool_arm(pool->retry, breaker_wait_ms(&pool->breaker, now));
		return;
	}
	while (pool->counts[SLOT_CONNECTING] < more && pool->counts[SLOT_CONNECTING] < logins &&
	       pool->counts[SLOT_CONNECTING] < room) {
		if (!pool_connect(pool))
			return;
	}
}

void pool_on_retry(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pool_serve(arg);
}

/* Closes idle connections that are old, or that nobody has needed for long; then fills up. */
void pool_close_idle(struct pool *pool)
{
	struct slot *slot = TAILQ_FIRST(&pool->slots[SLOT_IDLE]), *next;
	int64_t now = pool_now_ms();

	for (; slot != NULL; slot = next) {
		bool unneeded = pool->config.idle_ms > 0 && pool_live(pool) > least(pool) &&
		                now - slot->idle_since_ms >= pool->config.idle_ms;

		next = TAILQ_NEXT(slot, link);
		if (unneeded || slot_is_unwanted(slot))
			slot_free(slot);
	}
}

void pool_on_tidy(int fd, short what, void *arg)
{
	struct pool *pool = arg;

	(void)fd;
	(void)what;
	pool_close_idle(pool);
	if (pool->config.check_ms > 0)
		test_idle(pool, pool->config.check_ms);
	pool_grow(pool);
	pool_arm(pool->tidy, TIDY_MS);
}
