/* routes: checks Host and Origin, then finds the path. Every refusal is JSON. */
#include "routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "health.h"
#include "log.h"
#include "mcp/endpoint.h"
#include "origin.h"
#include "service.h"

/* clang-format off */
static const struct route {
	const char *path;
	const char *allow;	/* for 405 and OPTIONS */
	const char *methods[3];
	bool guarded;		/* Host and Origin must be allowed; probes come by address */
	void (*answer)(struct service *service, struct exchange *x);
} routes[] = {
	{ "/mcp",     "POST, OPTIONS",	    { "POST" },		true,  mcp_post },
	{ "/healthz", "GET, HEAD, OPTIONS", { "GET", "HEAD" },	false, health_live },
	{ "/readyz",  "GET, HEAD, OPTIONS", { "GET", "HEAD" },	false, health_ready },
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

static const struct route *route_find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (strcmp(routes[i].path, path) == 0)
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
	const struct route *route = route_find(x->path);
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
