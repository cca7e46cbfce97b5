/*
 * pool: hands waiting queries to idle connections.
 *
 *	pool_run -> line -> pool_serve -> conn_run -> pool_ended -> done
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "connector.h"
#include "gather.h"
#include "pool_impl.h"
#include "rows.h"

#define SESSION_OPTIONS_BYTES 512
#define CHECK_INTERVAL_MS     100 /* how soon PostgreSQL notices that we closed a connection */
#define GATHER_MAX_BYTES      (1024 * 1024)
#define MAX_TRIES             2
#define BREAKER_FAILURES      5
#define BREAKER_PATIENCE_MS   1000 /* a restart takes less */
#define BREAKER_FIRST_WAIT_MS 50

/*
 * Settings of every session. The server's own deadline comes a little before ours,
 * so that it is the one that ends a slow statement and the connection survives.
 */
static void session_options(const struct pool_config *config, char text[SESSION_OPTIONS_BYTES])
{
	snprintf(text, SESSION_OPTIONS_BYTES,
	    "-c statement_timeout=%d -c idle_in_transaction_session_timeout=%d "
	    "-c client_connection_check_interval=%d -c jit=off -c TimeZone=UTC",
	    config->query_ms > 1000 ? config->query_ms - 500 : config->query_ms,
	    config->query_ms, CHECK_INTERVAL_MS);
}

static void on_line_deadline(evutil_socket_t fd, short what, void *arg);

static void take_config(struct pool *pool, const struct pool_config *config)
{
	pool->config = *config;
	pool->config.name = pool->name;
	pool->config.conninfo = NULL; /* the connector has its own copy */
	pool->conn_config = (struct conn_config){
	    .connect_ms = config->connect_ms,
	    .cancel_ms = config->cancel_ms,
	    .unprepared = config->unprepared,
	    .wants_lsn = config->wants_lsn,
	};
}

struct pool *pool_new(
    struct event_base *base, const struct pool_config *config, char *error, size_t error_len)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	const struct breaker_limits breaker = {.failures = BREAKER_FAILURES,
	    .patience_ms = BREAKER_PATIENCE_MS,
	    .first_wait_ms = BREAKER_FIRST_WAIT_MS,
	    .most_wait_ms = config->retry_most_ms};
	char options[SESSION_OPTIONS_BYTES];

	snprintf(error, error_len, "out of memory");
	if (pool == NULL)
		return NULL;
	pool->base = base;
	snprintf(pool->name, sizeof(pool->name), "%s", config->name);
	take_config(pool, config);
	for (int i = 0; i < SLOT_STATE_COUNT; i++)
		LIST_INIT(&pool->slots[i]);
	line_init(&pool->line);
	TAILQ_INIT(&pool->ending);
	breaker_init(&pool->breaker, pool->name, &breaker);
	session_options(config, options);
	pool->line_timer = evtimer_new(base, on_line_deadline, pool);
	pool->retry = evtimer_new(base, pool_on_retry, pool);
	pool->tidy = evtimer_new(base, pool_on_tidy, pool);
	const struct connector_config connector = {
	    .conninfo = config->conninfo,
	    .options = options,
	    .role = config->role,
	    .host = config->host,
	};

	if (pool->line_timer != NULL && pool->retry != NULL && pool->tidy != NULL)
		pool->connector = connector_new(base, &connector, error, error_len);
	if (pool->connector == NULL) {
		pool_free(pool);
		return NULL;
	}
	snprintf(pool->last_error, sizeof(pool->last_error), "not connected yet");
	return pool;
}

/* The statement deadline of connections there are stays, until they are replaced. */
void pool_configure(struct pool *pool, const struct pool_config *config)
{
	take_config(pool, config);
	pool_close_idle(pool);
	pool_serve(pool);
}

void pool_open(struct pool *pool)
{
	pool->open = true;
	pool_on_tidy(-1, 0, pool);
}

/* One namespace and all writes together leave a quarter to the others. */
struct line_limits pool_limits(const struct pool *pool)
{
	int size = pool->config.size;
	int quarter = size / 4 > 0 ? size / 4 : 1;
	int most = size > 1 ? size - quarter : size;
	int own = pool->config.namespace_limit;

	return (struct line_limits){.leases = own > 0 ? own : most, .writes = most};
}

/* --- into the line --- */

static bool fail_at_once(struct db_error *error, enum db_error_kind kind, const char *text)
{
	*error = (struct db_error){.kind = kind};
	snprintf(error->text, sizeof(error->text), "%s", text);
	return false;
}

/* In about so long those who wait now have been served, or the line has run empty. */
static int retry_ms(const struct pool *pool)
{
	return pool->config.wait_ms;
}

static bool is_refused(struct pool *pool, struct db_error *error)
{
	int64_t now = pool_now_ms();

	if (!pool->open) {
		fail_at_once(error, DB_UNAVAILABLE, "the database is not ready yet");
		error->retry_ms = retry_ms(pool);
		return true;
	}
	if (pool_live(pool) == 0 && breaker_refuses(&pool->breaker, now)) {
		fail_at_once(error, DB_UNAVAILABLE, pool->last_error);
		error->retry_ms = (int)breaker_wait_ms(&pool->breaker, now);
		return true;
	}
	if (pool->line.count >= pool->config.queue_limit &&
	    (pool->counts[SLOT_IDLE] == 0 || pool->line.count > 0)) {
		pool->total.refused_full++;
		fail_at_once(error, DB_BUSY, "too many statements wait for a connection");
		error->retry_ms = retry_ms(pool);
		return true;
	}
	return false;
}

static bool put_in_line(struct pool *pool, struct query *q, bool first)
{
	q->deadline_ms = pool_now_ms() + pool->config.wait_ms;
	if (!line_add(&pool->line, q, first))
		return false;
	if (!event_pending(pool->line_timer, EV_TIMEOUT, NULL))
		pool_arm(pool->line_timer, pool->config.wait_ms);
	return true;
}

bool pool_run(
    struct pool *pool, struct query *q, query_done done, void *arg, struct db_error *error)
{
	if (is_refused(pool, error))
		return false;
	q->done = done;
	q->done_arg = arg;
	q->pool = pool;
	q->tries = 0;
	q->alone = false;
	q->written = 0;
	q->queued_us = pool_now_us();
	if (!put_in_line(pool, q, false))
		return fail_at_once(error, DB_BUSY, "out of memory");
	pool_serve(pool);
	return true;
}

/* Ends a query in line without a connection. */
static void refuse(
    struct pool *pool, struct query *q, enum db_error_kind kind, const char *text)
{
	struct db_error error = {.kind = kind, .retry_ms = retry_ms(pool)};

	snprintf(error.text, sizeof(error.text), "%s", text);
	line_remove(&pool->line, q);
	q->done(q->done_arg, NULL, &error);
}

void pool_refuse_all(struct pool *pool)
{
	struct query *q;

	while (pool_live(pool) == 0 && (q = line_oldest(&pool->line)) != NULL)
		refuse(pool, q, DB_UNAVAILABLE, pool->last_error);
}

static void on_line_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct pool *pool = arg;
	int64_t now = pool_now_ms();
	struct query *q;

	(void)fd;
	(void)what;
	/* Everyone waits equally long, so who waits longest is the first to give up. */
	while ((q = line_oldest(&pool->line)) != NULL && q->deadline_ms <= now) {
		pool->total.refused_late++;
		if (pool_live(pool) == 0)
			refuse(pool, q, DB_UNAVAILABLE, pool->last_error);
		else
			refuse(pool, q, DB_BUSY, "waited too long for a connection");
	}
	if (q != NULL)
		pool_arm(pool->line_timer, q->deadline_ms - now);
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
		slot->running_count++;
		histogram_add(&pool->total.wait, now - q->queued_us);
		for (int i = 0; i < q->count; i++)
			pool->total.bytes_sent += q->values[i] != NULL ? (uint64_t)q->lengths[i] : 0;
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

	while (!pool->paused && (slot = LIST_FIRST(&pool->slots[SLOT_IDLE])) != NULL &&
	       (q = line_next(&pool->line, &limits)) != NULL)
		start(pool, slot, q);
	pool_grow(pool);
}

/* --- the outcome --- */

/*
 * Once more, on another connection, first of its namespace: what was certainly not executed,
 * and what may be executed twice when a broken connection swallowed it.
 */
static bool runs_again(struct pool *pool, const struct query *q, const struct db_error *error)
{
	if (q->tries + 1 >= MAX_TRIES || !pool->open)
		return false;
	return error->kind == DB_READ_ONLY || error->kind == DB_CONFLICT ||
	       (error->kind == DB_UNCERTAIN && sql_is_repeatable(q->sql));
}

/* One row may have spoilt the others': each by itself then, and each gets its own outcome. */
static bool runs_alone(const struct slot *slot, const struct db_error *error)
{
	return slot->running_count > 1 &&
	       (error->kind == DB_REJECTED || error->kind == DB_FAILED);
}

/* Back to the head of their namespace's queue, in their order; for the others the outcome stands. */
static void take_back(struct pool *pool, struct slot *slot, const struct db_error *error)
{
	bool alone = runs_alone(slot, error);
	struct query *q, *next;

	for (q = TAILQ_LAST(&slot->running, query_list); q != NULL; q = next) {
		next = TAILQ_PREV(q, query_list, link);
		if (!alone && !runs_again(pool, q, error))
			continue;
		TAILQ_REMOVE(&slot->running, q, link);
		q->alone = alone;
		q->tries += !alone;
		if (put_in_line(pool, q, true))
			pool->total.retries++;
		else
			TAILQ_INSERT_HEAD(&slot->running, q, link);
	}
}

static void count_outcome(struct pool *pool, const struct slot *slot, const struct db_error *error)
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
	TAILQ_FOREACH (q, &slot->running, link) {
		q->place = QUERY_ENDING;
		q->slot = NULL;
		q->written = written;
	}
	TAILQ_CONCAT(&pool->ending, &slot->running, link);
	slot_settle(slot, outcome.text);
	if (outcome.kind == DB_READ_ONLY)
		pool_close_idle(pool);
	if (!TAILQ_EMPTY(&pool->ending))
		gather_deliver(&pool->ending, gathered, rows, &outcome);
	else
		rows_free(rows);
	pool_serve(pool);
}

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
	enum query_place place = q->place;

	if (place == QUERY_NOWHERE)
		return;
	if (place == QUERY_IN_LINE) {
		line_remove(&pool->line, q);
		return;
	}
	TAILQ_REMOVE(place == QUERY_ENDING ? &pool->ending : &slot->running, q, link);
	q->place = QUERY_NOWHERE;
	q->slot = NULL;
	if (place == QUERY_RUNNING && TAILQ_EMPTY(&slot->running))
		abandon(pool, slot);
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
	for (int i = 0; i < SLOT_STATE_COUNT; i++)
		free_slots(&pool->slots[i]);
	connector_free(pool->connector);
	if (pool->line_timer != NULL)
		event_free(pool->line_timer);
	if (pool->retry != NULL)
		event_free(pool->retry);
	if (pool->tidy != NULL)
		event_free(pool->tidy);
	line_fini(&pool->line);
	free(pool);
}
