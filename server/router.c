/* router: from a table of routes to an answer. */
#include "router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "log.h"
#include "origin.h"
#include "service.h"

void router_refuse(
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

static bool is_path(const struct route *route, const char *path)
{
	size_t len = strlen(route->path);

	return strcmp(route->path, path) == 0 ||
	       (route->path[len - 1] == '/' && strncmp(route->path, path, len) == 0);
}

static const struct route *route_find(
    const struct route_table *table, const struct options *options, const char *path)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct route *route = &table->routes[i];

		if (is_path(route, path) &&
		    (route->only_with == 0 || option_bool(options, route->only_with)))
			return route;
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

void router_handle(const struct route_table *table, struct service *service, struct exchange *x)
{
	const struct route *route = route_find(table, service->options, x->path);
	char text[256];

	x->route = route != NULL ? (unsigned)(route - table->routes) + 1 : 0;
	if ((route == NULL || route->guarded) &&
	    !origin_allowed(service->options, x, text, sizeof(text))) {
		log_info("refused: host or origin", "why", text, "peer", x->peer, "request_id",
		    x->id);
		router_refuse(x, 403, text, NULL);
		return;
	}
	if (route == NULL) {
		router_refuse(x, 404, table->nothing, NULL);
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
		router_refuse(x, 405, text, allow);
		return;
	}
	route->answer(service, x);
}
