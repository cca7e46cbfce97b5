/* routes: checks Host and Origin, then finds the path. Every refusal is JSON. */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "card.h"
#include "health.h"
#include "log.h"
#include "mcp/endpoint.h"
#include "mcp/http_sse.h"
#include "origin.h"
#include "service.h"

/* clang-format off */
static const struct route {
	const char *path;
	const char *allow;	/* for 405 and OPTIONS */
	const char *methods[4];
	bool guarded;		/* Host and Origin must be allowed; probes come by address */
	void (*answer)(struct service *service, struct exchange *x);
	enum option_id only_with; /* an option that must be on; 0: always there */
} routes[] = {
	{ "/mcp", "POST, GET, DELETE, OPTIONS", { "POST", "GET", "DELETE" }, true, mcp_handle, 0 },
	{ "/mcp/server-card", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, card_answer, 0 },
	{ "/healthz", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, health_live, 0 },
	{ "/readyz", "GET, HEAD, OPTIONS", { "GET", "HEAD" }, false, health_ready, 0 },
	{ "/sse", "GET, OPTIONS", { "GET" }, true, http_sse_open, OPT_HTTP_SSE },
	{ "/messages", "POST, OPTIONS", { "POST" }, true, http_sse_post, OPT_HTTP_SSE },
};
/* clang-format on */

static void reply_error(
    struct exchange *x, int status, const char *message, const struct header *headers)
{
	json_t *json = json_pack("{s:{s:i, s:s}}", "error", "code", status, "message", message);
	char *body = json_dumps(json, JSON_COMPACT);

	exchange_reply(x, &(struct reply){.status = status,
	                      .content_type = "application/json",
	                      .body = body,
	                      .body_len = body != NULL ? strlen(body) : 0,
	                      .headers = headers});
	free(body);
	json_decref(json);
}

static const struct route *route_find(const struct options *options, const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (strcmp(routes[i].path, path) == 0 &&
		    (routes[i].only_with == 0 || option_bool(options, routes[i].only_with)))
			return &routes[i];
	}
	return NULL;
}

static bool takes_method(const struct route *route, const char *method)
{
	for (size_t i = 0; i < sizeof(route->methods) / sizeof(*route->methods); i++) {
		if (route->methods[i] != NULL && strcmp(route->methods[i], method) == 0)
			return true;
	}
	return false;
}

void routes_handle(struct exchange *x, void *arg)
{
	struct service *service = arg;
	const struct route *route = route_find(service->options, x->path);
	char text[256];

	if ((route == NULL || route->guarded) &&
	    !origin_allowed(service->options, x, text, sizeof(text))) {
		log_info("refused: host or origin", "why", text, "peer", x->peer, "request_id",
		    x->id);
		reply_error(x, 403, text, NULL);
		return;
	}
	if (route == NULL) {
		reply_error(x, 404, "there is nothing here; MCP is at /mcp", NULL);
		return;
	}
	const struct header allow[] = {{"Allow", route->allow}, {NULL, NULL}};

	if (strcmp(x->method, "OPTIONS") == 0) {
		exchange_reply(x, &(struct reply){.status = 204, .headers = allow});
		return;
	}
	if (!takes_method(route, x->method)) {
		snprintf(text, sizeof(text), "%.16s is not possible here; use %s", x->method,
		    route->methods[0]);
		reply_error(x, 405, text, allow);
		return;
	}
	route->answer(service, x);
}
