/* admin: the routes, and the listener for them. */
#include "admin/admin.h"

#include <stdio.h>
#include <string.h>

#include "admin/handlers.h"
#include "health.h"
#include "http/address.h"
#include "http/http.h"
#include "log.h"
#include "options.h"
#include "origin.h"
#include "router.h"
#include "server_limits.h"
#include "service.h"

/* clang-format off */
static const struct route routes[] = {
	{ "/metrics", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, admin_metrics, 0 },
	{ "/pools", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, admin_pools, 0 },
	{ "/stats", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, admin_stats, 0 },
	{ "/servers", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, admin_servers, 0 },
	{ "/clients", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, admin_clients, 0 },
	{ "/config", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, admin_config, 0 },
	{ "/healthz", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, health_live, 0 },
	{ "/readyz", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, health_ready, 0 },
	{ "/pause", "POST, OPTIONS", { "POST" }, true, admin_pause, 0 },
	{ "/resume", "POST, OPTIONS", { "POST" }, true, admin_resume, 0 },
	{ "/reconnect", "POST, OPTIONS", { "POST" }, true, admin_reconnect, 0 },
	{ "/kill", "POST, OPTIONS", { "POST" }, true, admin_kill, 0 },
	{ "/reload", "POST, OPTIONS", { "POST" }, true, admin_reload, 0 },
	{ "/reset_circuit_breaker", "POST, OPTIONS", { "POST" }, true, admin_reset_breaker, 0 },
};
/* clang-format on */

static void handle(struct exchange *x, void *arg)
{
	static const struct route_table table = {routes, sizeof(routes) / sizeof(*routes),
	    "there is nothing here; GET /metrics, /pools, /stats, /servers, /clients, /config, "
	    "/healthz or /readyz; POST /pause, /resume, /reconnect, /kill, /reload or "
	    "/reset_circuit_breaker"};

	router_handle(&table, arg, x);
}

bool admin_listen(
    struct service *service, struct http_server **http, char *error, size_t error_len)
{
	const struct options *o = service->options;
	const char *host = option_text(o, OPT_METRICS_HOST);
	const struct http_config config = {
	    .max_connections = ADMIN_MAX_CONNECTIONS,
	    .handler = handle,
	    .handler_arg = service,
	    .flag = "--metrics-host and --metrics-port",
	};
	char address[ADDRESS_BYTES];

	if (!option_bool(o, OPT_ENABLE_MONITORING))
		return true;
	snprintf(error, error_len, "out of memory");
	*http = http_new(service->base, &config);
	if (*http == NULL)
		return false;
	address_join(address, host, (unsigned)option_number(o, OPT_METRICS_PORT));
	if (!http_listen(*http, address, error, error_len)) {
		http_free(*http);
		*http = NULL;
		if (o->from[OPT_METRICS_PORT] != FROM_DEFAULT ||
		    o->from[OPT_METRICS_HOST] != FROM_DEFAULT)
			return false;
		log_warn("no metrics: the admin listener cannot start", "error", error);
		return true;
	}
	address_join(address, host, http_port(*http));
	log_info("admin listening", "address", address);
	if (!is_loopback_address(address))
		log_warn("whoever reaches the admin listener can read its metrics and pause "
		         "the pools",
		    "address", address);
	return true;
}
