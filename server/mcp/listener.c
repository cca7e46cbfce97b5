/* listener: from an event to notifications/resources/updated. */
#include "mcp/listener.h"

#include <stdio.h>
#include <string.h>

#include "mcp/stream.h"
#include "principals.h"
#include "service.h"
#include "surface.h"

#define META_SUBSCRIPTION "io.modelcontextprotocol/subscriptionId"

/* All of this process, for the drain. */
static TAILQ_HEAD(listener_list, listener) listeners = TAILQ_HEAD_INITIALIZER(listeners);

void listener_init(struct listener *l, struct service *service, const struct principal *who,
    void (*end)(struct listener *l))
{
	l->service = service;
	l->end = end;
	snprintf(
	    l->subscriber.namespace, sizeof(l->subscriber.namespace), "%s", who->namespace);
	events_subscribe(service->events, &l->subscriber);
	TAILQ_INSERT_TAIL(&listeners, l, link);
}

void listener_fini(struct listener *l)
{
	events_unsubscribe(l->service->events, &l->subscriber);
	TAILQ_REMOVE(&listeners, l, link);
	json_decref(l->uris);
	json_decref(l->tag);
}

void listeners_end_all(void)
{
	struct listener *l = TAILQ_FIRST(&listeners), *next;

	for (; l != NULL; l = next) {
		next = TAILQ_NEXT(l, link);
		l->end(l);
	}
}

void listener_notify(struct listener *l, const char *method, json_t *params)
{
	if (l->tag != NULL)
		json_object_set_new(
		    params, "_meta", json_pack("{s:O}", META_SUBSCRIPTION, l->tag));
	stream_send(l->stream,
	    json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

void listener_tell(struct listener *l, const struct server_event *event)
{
	const json_t *uri;
	size_t i;

	json_array_foreach (l->uris, i, uri) {
		const char *text = json_string_value(uri);

		if (event == NULL || l->service->surface->concerns(text, event))
			listener_notify(l, "notifications/resources/updated",
			    json_pack("{s:s}", "uri", text));
	}
}

static bool is_served(const struct service *service, const json_t *uri)
{
	json_t *arguments = NULL;
	bool found = json_is_string(uri) && service->surface->find_resource(
	                                        json_string_value(uri), &arguments) != NULL;

	json_decref(arguments);
	return found;
}

json_t *listener_uris(const struct service *service, const json_t *asked)
{
	json_t *uris = json_array();
	json_t *seen = json_object();
	json_t *uri;
	size_t i;

	json_array_foreach (asked, i, uri) {
		if (!is_served(service, uri) ||
		    json_object_get(seen, json_string_value(uri)) != NULL)
			continue;
		json_object_set_new(seen, json_string_value(uri), json_true());
		json_array_append(uris, uri);
	}
	json_decref(seen);
	return uris;
}
