/* pool: made, configured, and freed. What it does is in pool_line, pool_lease, pool_slots, pool_admin. */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "connector.h"
#include "pool_impl.h"

#define SESSION_OPTIONS_BYTES 512
#define CHECK_INTERVAL_MS     100 /* how soon PostgreSQL notices that we closed a connection */
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
		TAILQ_INIT(&pool->slots[i]);
	line_init(&pool->line);
	TAILQ_INIT(&pool->pushed_out);
	breaker_init(&pool->breaker, pool->name, &breaker);
	session_options(config, options);
	pool->line_timer = evtimer_new(base, pool_on_line_timer, pool);
	pool->turn_end = event_new(base, -1, 0, pool_on_turn_end, pool);
	pool->retry = evtimer_new(base, pool_on_retry, pool);
	pool->tidy = evtimer_new(base, pool_on_tidy, pool);
	const struct connector_config connector = {
	    .conninfo = config->conninfo,
	    .options = options,
	    .role = config->role,
	    .host = config->host,
	};

	if (pool->line_timer != NULL && pool->turn_end != NULL && pool->retry != NULL &&
	    pool->tidy != NULL)
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
	char options[SESSION_OPTIONS_BYTES];

	take_config(pool, config);
	session_options(config, options);
	if (!connector_set_options(pool->connector, options))
		pool_report(pool, true, "out of memory: the old deadline of statements stays");
	pool_close_idle(pool);
	pool_serve(pool);
}

void pool_open(struct pool *pool)
{
	pool->open = true;
	pool_on_tidy(-1, 0, pool);
}

static void free_slots(struct slots *slots)
{
	struct slot *slot;

	/* slot_free() takes it off the list, which the analyser does not see. */
	while ((slot = TAILQ_FIRST(slots)) != NULL)
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
	if (pool->turn_end != NULL)
		event_free(pool->turn_end);
	if (pool->retry != NULL)
		event_free(pool->retry);
	if (pool->tidy != NULL)
		event_free(pool->tidy);
	line_fini(&pool->line);
	free(pool);
}
