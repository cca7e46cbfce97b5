/*
 * pool: hands waiting queries to idle connections.
 *
 *	pool_run -> idle connection, or the line -> pool_serve -> conn_run -> on_ended -> done
 */
#include "pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <event2/util.h>

#include "conn.h"
#include "connector.h"

#define MAX_PARALLEL_LOGINS 4
#define TIDY_MS             1000 /* how often idle connections are looked at */
#define BACKOFF_FIRST_MS    50
#define BACKOFF_MOST_MS     5000
#define SESSION_OPTIONS_LEN 512

struct slot {
	struct conn *conn;
	LIST_ENTRY(slot) link; /* in idle, busy, or connecting */
	struct pool *pool;
	bool connected; /* it once was */
	int64_t idle_since_ms;
	int64_t expires_ms; /* INT64_MAX: never */
};

LIST_HEAD(slots, slot);

struct pool {
	struct event_base *base;
	struct connector *connector;
	struct pool_config config;
	bool open;
	bool reachable;
	char last_error[256];

	struct slots idle; /* used last comes first */
	struct slots busy;
	struct slots connecting;
	int idle_count, busy_count, connecting_count;

	TAILQ_HEAD(query_line, query) line;
	int line_count;
	struct event *line_timer; /* the deadline of the first in line */

	int failures;          /* connection attempts failed in a row */
	struct event *backoff; /* pending: no attempts until it fires */
	struct event *tidy;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void arm(struct event *timer, int64_t ms)
{
	const struct timeval wait = {ms > 0 ? ms / 1000 : 0, ms > 0 ? (ms % 1000) * 1000 : 0};

	event_add(timer, &wait);
}

static void on_ready(void *arg, struct conn *conn);
static void on_lost(void *arg, struct conn *conn, const char *error);
static void on_ended(void *arg, struct conn *conn, struct query *q, struct rows *rows,
    const struct db_error *error);
static void on_backoff(evutil_socket_t fd, short what, void *arg);
static void on_line_deadline(evutil_socket_t fd, short what, void *arg);
static void on_tidy(evutil_socket_t fd, short what, void *arg);

static const struct conn_events conn_events = {
    .ready = on_ready,
    .lost = on_lost,
    .ended = on_ended,
};

/*
 * Settings of every session. The server's own deadline comes a little before ours,
 * so that it is the one that ends a slow statement and the connection survives.
 */
static void session_options(const struct pool_config *config, char text[SESSION_OPTIONS_LEN])
{
	snprintf(text, SESSION_OPTIONS_LEN,
	    "-c statement_timeout=%d -c idle_in_transaction_session_timeout=%d "
	    "-c client_connection_check_interval=1000 -c jit=off -c TimeZone=UTC",
	    config->query_ms > 1000 ? config->query_ms - 500 : config->query_ms,
	    config->query_ms);
}

struct pool *pool_new(
    struct event_base *base, const struct pool_config *config, char *error, size_t error_len)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	char options[SESSION_OPTIONS_LEN];

	snprintf(error, error_len, "out of memory");
	if (pool == NULL)
		return NULL;
	pool->base = base;
	pool->config = *config;
	pool->config.conninfo = NULL; /* the connector has its own copy */
	LIST_INIT(&pool->idle);
	LIST_INIT(&pool->busy);
	LIST_INIT(&pool->connecting);
	TAILQ_INIT(&pool->line);
	session_options(config, options);
	pool->line_timer = evtimer_new(base, on_line_deadline, pool);
	pool->backoff = evtimer_new(base, on_backoff, pool);
	pool->tidy = event_new(base, -1, EV_PERSIST, on_tidy, pool);
	if (pool->line_timer != NULL && pool->backoff != NULL && pool->tidy != NULL)
		pool->connector =
		    connector_new(base, config->conninfo, options, error, error_len);
	if (pool->connector == NULL) {
		pool_free(pool);
		return NULL;
	}
	snprintf(pool->last_error, sizeof(pool->last_error), "not connected yet");
	return pool;
}

static void report(struct pool *pool, bool healthy, const char *text)
{
	if (pool->config.report != NULL)
		pool->config.report(pool->config.report_arg, healthy, text);
}

/* Opens one more connection. */
static void pool_connect(struct pool *pool)
{
	struct slot *slot = calloc(1, sizeof(*slot));

	if (slot == NULL)
		return;
	slot->pool = pool;
	slot->conn =
	    conn_new(pool->base, pool->connector, pool->config.connect_ms, &conn_events, slot);
	if (slot->conn == NULL) {
		free(slot);
		return;
	}
	LIST_INSERT_HEAD(&pool->connecting, slot, link);
	pool->connecting_count++;
}

/* As many as the line asks for, within the size and the limit of logins; one by one after a failure. */
static void pool_grow(struct pool *pool)
{
	int logins = pool->failures > 0 ? 1 : MAX_PARALLEL_LOGINS;
	int wanted = pool->line_count;
	int there = pool->idle_count + pool->busy_count;

	if (wanted < pool->config.least - there)
		wanted = pool->config.least - there;
	if (wanted == 0 && !pool->reachable)
		wanted = 1; /* somebody has to notice when the database is back */
	if (!pool->open || event_pending(pool->backoff, EV_TIMEOUT, NULL))
		return;
	while (
	    pool->connecting_count < wanted && pool->connecting_count < logins &&
	    pool->idle_count + pool->busy_count + pool->connecting_count < pool->config.size) {
		int before = pool->connecting_count;

		pool_connect(pool);
		if (pool->connecting_count == before)
			return; /* out of memory; the next event tries again */
	}
}

void pool_open(struct pool *pool)
{
	pool->open = true;
	arm(pool->tidy, TIDY_MS);
	pool_grow(pool);
}

static void take_from_line(struct pool *pool, struct query *q)
{
	TAILQ_REMOVE(&pool->line, q, link);
	q->waiting = false;
	pool->line_count--;
}

/* Ends a query in line without a connection. */
static void refuse(
    struct pool *pool, struct query *q, enum db_error_kind kind, const char *text)
{
	struct db_error error = {.kind = kind};

	snprintf(error.text, sizeof(error.text), "%s", text);
	take_from_line(pool, q);
	q->done(q->done_arg, NULL, &error);
}

/* Gives idle connections to those who wait, first come first served; then grows. */
static void pool_serve(struct pool *pool)
{
	struct slot *slot;
	struct query *q;

	while ((q = TAILQ_FIRST(&pool->line)) != NULL &&
	       (slot = LIST_FIRST(&pool->idle)) != NULL) {
		take_from_line(pool, q);
		LIST_REMOVE(slot, link);
		pool->idle_count--;
		LIST_INSERT_HEAD(&pool->busy, slot, link);
		pool->busy_count++;
		q->conn = slot->conn;
		conn_run(slot->conn, q, pool->config.query_ms);
	}
	pool_grow(pool);
}

static bool fail_at_once(struct db_error *error, enum db_error_kind kind, const char *text)
{
	*error = (struct db_error){.kind = kind};
	snprintf(error->text, sizeof(error->text), "%s", text);
	return false;
}

bool pool_run(
    struct pool *pool, struct query *q, query_done done, void *arg, struct db_error *error)
{
	bool backing_off = event_pending(pool->backoff, EV_TIMEOUT, NULL) != 0;

	if (!pool->open)
		return fail_at_once(error, DB_UNAVAILABLE, "the database is not ready yet");
	if (backing_off && pool->idle_count + pool->busy_count == 0)
		return fail_at_once(error, DB_UNAVAILABLE, pool->last_error);
	if (pool->line_count >= pool->config.queue_limit && pool->idle_count == 0)
		return fail_at_once(
		    error, DB_BUSY, "too many statements wait for a connection");
	q->done = done;
	q->done_arg = arg;
	q->conn = NULL;
	q->tries = 0;
	q->waiting = true;
	q->deadline_ms = now_ms() + pool->config.wait_ms;
	TAILQ_INSERT_TAIL(&pool->line, q, link);
	pool->line_count++;
	if (!event_pending(pool->line_timer, EV_TIMEOUT, NULL))
		arm(pool->line_timer, pool->config.wait_ms);
	pool_serve(pool);
	return true;
}

static void on_line_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	int64_t now = now_ms();
	struct query *q;

	(void)fd;
	(void)what;
	/* Everyone waits equally long, so the first in line is the first to give up. */
	while ((q = TAILQ_FIRST(&pool->line)) != NULL && q->deadline_ms <= now)
		refuse(pool, q, DB_BUSY, "waited too long for a connection");
	if (q != NULL)
		arm(pool->line_timer, q->deadline_ms - now);
}

/* Up to a tenth sooner, so that connections made together do not end together. */
static int64_t expiry(int lifetime_ms)
{
	uint32_t random;

	if (lifetime_ms <= 0)
		return INT64_MAX;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return now_ms() + lifetime_ms - (int64_t)(random % (uint32_t)(lifetime_ms / 10 + 1));
}

static void on_ready(void *arg, struct conn *conn)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;

	(void)conn;
	LIST_REMOVE(slot, link);
	pool->connecting_count--;
	LIST_INSERT_HEAD(&pool->idle, slot, link);
	pool->idle_count++;
	slot->connected = true;
	slot->idle_since_ms = now_ms();
	slot->expires_ms = expiry(pool->config.lifetime_ms);
	pool->failures = 0;
	if (!pool->reachable) {
		pool->reachable = true;
		*pool->last_error = '\0';
		report(pool, true, "connected");
	}
	pool_serve(pool);
}

static void slot_free(struct slot *slot)
{
	LIST_REMOVE(slot, link);
	conn_free(slot->conn);
	free(slot);
}

/* Closes idle connections that are old, or that nobody has needed for long; then fills up. */
static void on_tidy(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	struct slot *slot = LIST_FIRST(&pool->idle), *next;
	int64_t now = now_ms();

	(void)fd;
	(void)what;
	for (; slot != NULL; slot = next) {
		bool unneeded = pool->config.idle_ms > 0 &&
		                pool->idle_count + pool->busy_count > pool->config.least &&
		                now - slot->idle_since_ms >= pool->config.idle_ms;

		next = LIST_NEXT(slot, link);
		if (!unneeded && now < slot->expires_ms)
			continue;
		pool->idle_count--;
		slot_free(slot);
	}
	pool_grow(pool);
}

/* One connection fewer; with the last one the database counts as away, until it is reached again. */
static void note_loss(struct pool *pool, const char *error)
{
	if (pool->idle_count + pool->busy_count > 0)
		return;
	if (pool->reachable || strcmp(pool->last_error, error) != 0)
		report(pool, false, error);
	pool->reachable = false;
	snprintf(pool->last_error, sizeof(pool->last_error), "%s", error);
}

/* Full jitter: many servers that lost the same database do not come back in step. */
static void back_off(struct pool *pool)
{
	int64_t most = BACKOFF_FIRST_MS;
	uint32_t random;

	for (int i = 0; i < pool->failures && most < BACKOFF_MOST_MS; i++)
		most *= 2;
	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	pool->failures++;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	arm(pool->backoff, 1 + (int64_t)(random % (uint32_t)most));
}

static void on_backoff(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pool_serve(arg);
}

/* A connection attempt failed, or an idle connection was ended by the server. */
static void on_lost(void *arg, struct conn *conn, const char *error)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;
	bool was_idle = slot->connected;

	(void)conn;
	slot_free(slot);
	if (was_idle) {
		pool->idle_count--;
		note_loss(pool, error);
		pool_serve(pool);
		return;
	}
	pool->connecting_count--;
	note_loss(pool, error);
	back_off(pool);
	/* Nothing to hope for: whoever waits is told now, not at the deadline. */
	while (!pool->reachable && !TAILQ_EMPTY(&pool->line))
		refuse(pool, TAILQ_FIRST(&pool->line), DB_UNAVAILABLE, pool->last_error);
}

/* A read that a broken connection swallowed runs once more, on another one, first in line. */
static bool runs_again(struct pool *pool, struct query *q, const struct db_error *error)
{
	if (error->kind != DB_UNCERTAIN || !sql_is_read(q->sql) || q->tries > 0)
		return false;
	q->tries++;
	q->waiting = true;
	TAILQ_INSERT_HEAD(&pool->line, q, link);
	pool->line_count++;
	return true;
}

static void on_ended(void *arg, struct conn *conn, struct query *q, struct rows *rows,
    const struct db_error *error)
{
	struct slot *slot = arg;
	struct pool *pool = slot->pool;

	q->conn = NULL;
	pool->busy_count--;
	if (conn_state(conn) == CONN_IDLE) {
		slot->idle_since_ms = now_ms();
		LIST_REMOVE(slot, link);
		LIST_INSERT_HEAD(&pool->idle, slot, link);
		pool->idle_count++;
	} else {
		slot_free(slot);
		note_loss(pool, error->text);
	}
	if (!runs_again(pool, q, error))
		q->done(q->done_arg, rows, error);
	pool_serve(pool);
}

void pool_cancel(struct pool *pool, struct query *q)
{
	struct slot *slot;

	if (q->waiting) {
		take_from_line(pool, q);
		return;
	}
	if (q->conn == NULL)
		return;
	LIST_FOREACH (slot, &pool->busy, link) {
		if (slot->conn == q->conn)
			break;
	}
	assert(slot != NULL); /* a query with a connection is among the busy ones */
	q->conn = NULL;
	pool->busy_count--;
	slot_free(slot);
	pool_serve(pool);
}

struct pool_stats pool_stats(const struct pool *pool)
{
	struct pool_stats stats = {
	    .size = pool->config.size,
	    .idle = pool->idle_count,
	    .busy = pool->busy_count,
	    .connecting = pool->connecting_count,
	    .waiting = pool->line_count,
	    .open = pool->open,
	    .reachable = pool->reachable,
	};

	snprintf(stats.last_error, sizeof(stats.last_error), "%s", pool->last_error);
	return stats;
}

static void free_slots(struct slots *slots)
{
	struct slot *slot;

	/* slot_free() takes it off the list, which the analyser does not see. */
	while ((slot = LIST_FIRST(slots)) != NULL)
		slot_free(slot); // NOLINT(clang-analyzer-unix.Malloc)
}

void pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	free_slots(&pool->idle);
	free_slots(&pool->busy);
	free_slots(&pool->connecting);
	connector_free(pool->connector);
	if (pool->line_timer != NULL)
		event_free(pool->line_timer);
	if (pool->backoff != NULL)
		event_free(pool->backoff);
	if (pool->tidy != NULL)
		event_free(pool->tidy);
	free(pool);
}
