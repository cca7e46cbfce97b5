/* pages: how things stand. Columns have the names of pgBouncer's SHOW where it has them. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/handlers.h"
#include "database.h"
#include "http/http.h"
#include "options.h"
#include "rfc3339.h"
#include "routes.h"
#include "server_limits.h"
#include "service.h"

/* When it was that long ago, or null for -1. */
static json_t *time_ago(int64_t us)
{
	char text[RFC3339_TEXT_BYTES];
	struct timespec now;

	if (us < 0)
		return json_null();
	clock_gettime(CLOCK_REALTIME, &now);
	rfc3339_format(
	    ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - us / 1000) * 1000, text);
	return json_string(text);
}

/* One row for each pool. */
static json_t *rows_of_pools(struct service *service, json_t *(*row)(struct pool *pool))
{
	json_t *rows = json_array();

	for (size_t i = 0; i < database_pool_count(service->db); i++)
		json_array_append_new(rows, row(database_pool(service->db, i)));
	return rows;
}

json_t *admin_pool_row(struct pool *pool)
{
	const struct pool_stats s = pool_stats(pool);

	/* sv_used: what idled for long is tested before it is used, so none waits for that. */
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:s, s:i, "
	                 "s:b, s:s, s:b, s:s}",
	    "name", s.name, "cl_active", s.running, "cl_waiting", s.waiting, "sv_active",
	    s.busy, "sv_being_canceled", s.cancelling, "sv_idle", s.idle, "sv_used", 0,
	    "sv_tested", s.testing, "sv_login", s.connecting, "maxwait",
	    (json_int_t)(s.oldest_wait_us / 1000000), "maxwait_us",
	    (json_int_t)(s.oldest_wait_us % 1000000), "pool_mode", "transaction", "pool_size",
	    s.size, "paused", s.paused, "breaker",
	    breaker_state_name(pool_breaker(pool)->state), "reachable", s.reachable,
	    "last_error", s.last_error);
}

void admin_pools(struct service *service, struct exchange *x)
{
	admin_show(x, json_pack("{s:o}", "pools", rows_of_pools(service, admin_pool_row)));
}

static json_int_t average(int64_t sum, uint64_t count)
{
	return count > 0 ? sum / (json_int_t)count : 0;
}

/* Everything since the start; times in microseconds. */
static json_t *stats_row(struct pool *pool)
{
	const struct pool_stats s = pool_stats(pool);
	int64_t wait_us = (int64_t)(s.wait.sum_s * 1e6);
	uint64_t refused = s.refused_full + s.refused_late;

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
	                 "s:I, s:I, s:I, s:I, s:I}",
	    "name", s.name, "total_server_assignment_count", (json_int_t)s.transactions,
	    "total_xact_count", (json_int_t)s.transactions, "total_query_count",
	    (json_int_t)s.queries, "total_sent", (json_int_t)s.bytes_sent, "total_xact_time",
	    (json_int_t)s.query_us, "total_query_time", (json_int_t)s.query_us,
	    "total_wait_time", (json_int_t)wait_us, "avg_xact_time",
	    average(s.query_us, s.transactions), "avg_query_time",
	    average(s.query_us, s.queries), "avg_wait_time", average(wait_us, s.wait.count),
	    "connects", (json_int_t)s.connects, "connect_failures",
	    (json_int_t)s.connect_failures, "gathered", (json_int_t)s.gathered, "retries",
	    (json_int_t)s.retries, "cancels", (json_int_t)s.cancels, "timeouts",
	    (json_int_t)s.timeouts, "refused", (json_int_t)refused);
}

void admin_stats(struct service *service, struct exchange *x)
{
	admin_show(x, json_pack("{s:o}", "stats", rows_of_pools(service, stats_row)));
}

static void add_server(void *rows, const struct connection_info *c)
{
	json_array_append_new(rows,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:i, s:b, s:i, s:i, "
	              "s:s?}",
	        "type", "S", "pool", c->pool, "user", c->user, "database", c->database, "state",
	        c->state, "addr", c->host, "port", c->port, "connect_time",
	        time_ago(c->connected_ms < 0 ? -1 : c->connected_ms * 1000), "request_time",
	        time_ago(c->request_ms < 0 ? -1 : c->request_ms * 1000), "close_needed",
	        c->close_needed, "remote_pid", c->backend_pid, "tls", c->tls,
	        "prepared_statements", c->prepared, "running", c->running, "statement",
	        c->statement));
}

void admin_servers(struct service *service, struct exchange *x)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < database_pool_count(service->db); i++)
		pool_connections(database_pool(service->db, i), add_server, rows);
	admin_show(x, json_pack("{s:o}", "servers", rows));
}

static void add_client(void *rows, const struct http_client *c)
{
	if (json_array_size(rows) == ADMIN_MAX_CLIENTS)
		return;
	json_array_append_new(
	    rows, json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:s?, s:b, s:I}", "type", "C",
	              "state", c->state, "addr", c->address, "port", c->port, "connect_time",
	              time_ago(c->connected_us), "request_time", time_ago(c->request_us),
	              "route", c->request_us < 0 ? NULL : route_name(c->route), "stream",
	              c->streams, "queued_bytes", (json_int_t)c->queued_bytes));
}

void admin_clients(struct service *service, struct exchange *x)
{
	json_t *rows = json_array();

	http_each_client(service->http, add_client, rows);
	admin_show(x, json_pack("{s:I, s:o}", "total",
	                  (json_int_t)http_stats(service->http).connections, "clients", rows));
}

void admin_config(struct service *service, struct exchange *x)
{
	json_t *rows = json_array();

	for (int id = 0; id < OPT_COUNT; id++) {
		const struct option_view o = option_view(service->options, (enum option_id)id);

		json_array_append_new(
		    rows, json_pack("{s:s, s:s, s:s, s:s, s:s}", "key", o.name, "value",
		              o.value, "default", o.fallback, "changeable",
		              o.reloadable ? "yes" : "no", "source", o.source));
	}
	admin_show(x, json_pack("{s:o}", "config", rows));
}
