/* routes: what is served to clients. */
#include "routes.h"

#include "card.h"
#include "health.h"
#include "loop.h"
#include "mcp/endpoint.h"
#include "mcp/http_sse.h"
#include "metrics.h"
#include "rest/rest.h"
#include "router.h"

/* clang-format off */
static const struct route routes[] = {
	{ "/mcp", "POST, GET, DELETE, OPTIONS", { "POST", "GET", "DELETE" }, true, mcp_handle, 0 },
	{ "/mcp/server-card", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, card_answer, 0 },
	{ "/healthz", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, health_live, 0 },
	{ "/readyz", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, health_ready, 0 },
	{ "/v1/tools/", "POST, OPTIONS", { "POST" }, true, rest_tool, 0 },
	{ "/v1/search", "GET, OPTIONS", { "GET" }, true, rest_search, 0 },
	{ "/openapi.json", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, true, rest_openapi, 0 },
	{ "/sse", "GET, OPTIONS", { "GET" }, true, http_sse_open, OPT_HTTP_SSE },
	{ "/messages", "POST, OPTIONS", { "POST" }, true, http_sse_post, OPT_HTTP_SSE },
};
/* clang-format on */

#define ROUTE_COUNT (sizeof(routes) / sizeof(*routes))

_Static_assert(ROUTE_COUNT < METRICS_ROUTES, "every route is counted");

const char *route_name(unsigned number)
{
	if (number > ROUTE_COUNT)
		return NULL;
	return number > 0 ? routes[number - 1].path : "other";
}

void routes_handle(struct exchange *x, void *arg)
{
	static const struct route_table table = {routes, ROUTE_COUNT,
	    "there is nothing here; MCP is at /mcp, tools for curl at /v1/tools/NAME"};

	loop_mark();
	router_handle(&table, arg, x);
}

void routes_answered(unsigned route, const char *method, int status, int64_t us)
{
	loop_mark();
	metrics_http(route, method, status, us);
}
