/*
 * listen_methods: subscriptions/listen, the stream of 2026-07-28.
 *
 *	filter -> stream with an acknowledgement -> notifications, until the client closes it
 *	       -> or the server drains: final result
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compact.h"
#include "events.h"
#include "mcp/endpoint.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "resources/resources.h"
#include "server_limits.h"
#include "service.h"
#include "sse.h"
#include "uri.h"

#define META_SUBSCRIPTION "io.modelcontextprotocol/subscriptionId"

struct stream {
	struct request *request;
	struct subscriber subscriber;
	json_t *id;   /* of the request: tags every message */
	json_t *uris; /* array of what it hears of */
	TAILQ_ENTRY(stream) link;
};

/* All of this process, for the drain. */
static TAILQ_HEAD(stream_list, stream) streams = TAILQ_HEAD_INITIALIZER(streams);

static void send_json(struct stream *s, json_t *message)
{
	size_t json_len = 0, len = 0;
	char *json = compact_json(message, &json_len);
	char *event = json != NULL ? sse_message(NULL, json, json_len, &len) : NULL;

	if (event != NULL)
		exchange_send(
		    s->request->x, event, len); /* failing, the stream ends by itself */
	free(event);
	free(json);
	json_decref(message);
}

/* Takes params. */
static void notify(struct stream *s, const char *method, json_t *params)
{
	json_object_set_new(params, "_meta", json_pack("{s:O}", META_SUBSCRIPTION, s->id));
	send_json(s,
	    json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

static void notify_updated(struct stream *s, const char *uri)
{
	notify(s, "notifications/resources/updated", json_pack("{s:s}", "uri", uri));
}

/* Does this event change what the URI shows? */
static bool concerns(const char *uri, const struct memory_event *event)
{
	char text[RESOURCE_URI_BYTES];

	if (strcmp(uri, RESOURCE_SESSIONS) == 0)
		return true;
	snprintf(text, sizeof(text), RESOURCE_MEMORY "%s", event->memory_id);
	if (strcmp(uri, text) == 0)
		return true;
	if (strncmp(uri, RESOURCE_FEED, sizeof(RESOURCE_FEED) - 1) == 0)
		return uri_unescape(uri + sizeof(RESOURCE_FEED) - 1, text, sizeof(text)) &&
		       strcmp(text, event->namespace) == 0;
	return strncmp(uri, RESOURCE_SESSION, sizeof(RESOURCE_SESSION) - 1) == 0 &&
	       uri_unescape(uri + sizeof(RESOURCE_SESSION) - 1, text, sizeof(text)) &&
	       strcmp(text, event->session_id) == 0;
}

/* event NULL: there was a gap, so everything is to be read again. */
static void on_heard(void *arg, const struct memory_event *event)
{
	struct stream *s = arg;
	json_t *uri;
	size_t i;

	json_array_foreach (s->uris, i, uri) {
		if (event == NULL || concerns(json_string_value(uri), event))
			notify_updated(s, json_string_value(uri));
	}
}

static void stream_free(struct stream *s)
{
	events_unsubscribe(s->request->service->events, &s->subscriber);
	TAILQ_REMOVE(&streams, s, link);
	json_decref(s->id);
	json_decref(s->uris);
	free(s);
}

static void on_gone(void *arg)
{
	struct stream *s = arg;
	struct request *r = s->request;

	stream_free(s);
	r->x = NULL;
	request_free(r);
}

void listen_end_all(void)
{
	struct stream *s;

	while ((s = TAILQ_FIRST(&streams)) != NULL) {
		struct request *r = s->request;

		send_json(s,
		    json_pack("{s:s, s:O, s:{s:s, s:{s:O}}}", "jsonrpc", "2.0", "id", s->id,
		        "result", "resultType", "complete", "_meta", META_SUBSCRIPTION, s->id));
		stream_free(s);
		exchange_finish(r->x);
		r->x = NULL;
		request_free(r);
	}
}

static bool is_served(const json_t *uri)
{
	json_t *arguments = NULL;
	bool found =
	    json_is_string(uri) && resource_find(json_string_value(uri), &arguments) != NULL;

	json_decref(arguments);
	return found;
}

/* What of the asked-for is served: URIs of this server, each once. NULL: the request was answered. */
static json_t *read_filter(struct request *r)
{
	const json_t *filter = json_object_get(r->message.params, "notifications");
	const json_t *asked = json_object_get(filter, "resourceSubscriptions");
	json_t *uris = json_array();
	json_t *seen = json_object();
	json_t *uri;
	size_t i;

	if (!json_is_object(filter) || (asked != NULL && !json_is_array(asked)))
		request_invalid(r, NULL,
		    "params.notifications must be an object, and its "
		    "resourceSubscriptions an array of URIs");
	else if (json_array_size(asked) > MAX_SUBSCRIPTIONS)
		request_invalid(r, NULL,
		    "params.notifications.resourceSubscriptions has %zu URIs, the limit is %d",
		    json_array_size(asked), MAX_SUBSCRIPTIONS);
	else {
		json_array_foreach (asked, i, uri) {
			if (is_served(uri) &&
			    json_object_get(seen, json_string_value(uri)) == NULL) {
				json_object_set_new(seen, json_string_value(uri), json_true());
				json_array_append(uris, uri);
			}
		}
		json_decref(seen);
		return uris;
	}
	json_decref(seen);
	json_decref(uris);
	return NULL;
}

/* Keeps what the stream needs and lets go of the message: it may stay open for days. */
static struct stream *stream_new(struct request *r, json_t *uris)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->request = r;
	s->uris = uris;
	s->id = json_deep_copy(r->message.id);
	s->subscriber.heard = on_heard;
	s->subscriber.arg = s;
	snprintf(s->subscriber.namespace, sizeof(s->subscriber.namespace), "%s",
	    r->auth.who.namespace);
	r->x->gone = on_gone;
	r->x->gone_arg = s;
	rpc_message_fini(&r->message);
	events_subscribe(r->service->events, &s->subscriber);
	TAILQ_INSERT_TAIL(&streams, s, link);
	return s;
}

void subscriptions_listen(struct request *r)
{
	static const struct header headers[] = {{"Cache-Control", "no-cache, no-transform"},
	    {"X-Accel-Buffering", "no"}, {NULL, NULL}};
	json_t *uris;
	struct stream *s;

	if (!r->verified) {
		request_refuse(r, 503,
		    "the credential cannot be checked now: the database is away; "
		    "try again in a few seconds",
		    NULL);
		return;
	}
	uris = read_filter(r);
	if (uris == NULL)
		return;
	s = stream_new(r, uris);
	if (s == NULL) {
		json_decref(uris);
		request_refuse(r, 503, "out of memory; try again later", NULL);
		return;
	}
	exchange_start(r->x, headers);
	notify(s, "notifications/subscriptions/acknowledged",
	    json_pack("{s:{s:O}}", "notifications", "resourceSubscriptions", uris));
}
