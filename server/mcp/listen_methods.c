/*
 * listen_methods: subscriptions/listen, the stream of 2026-07-28.
 *
 *	filter -> stream with an acknowledgement -> notifications, until the client closes it
 *	       -> or the server drains: final result
 */
#include <stdlib.h>

#include "mcp/listener.h"
#include "mcp/methods.h"
#include "mcp/request.h"
#include "mcp/stream.h"
#include "server_limits.h"
#include "service.h"

#define META_SUBSCRIPTION "io.modelcontextprotocol/subscriptionId"

static void on_heard(void *arg, const struct server_event *event)
{
	if (event == NULL || event->kind == MEMORY_CHANGED)
		listener_tell(arg, event);
}

static void on_gone(void *arg)
{
	listener_fini(arg);
	free(arg);
}

static void say_good_bye(struct listener *l)
{
	stream_send(l->stream,
	    json_pack("{s:s, s:O, s:{s:s, s:{s:O}}}", "jsonrpc", "2.0", "id", l->tag, "result",
	        "resultType", "complete", "_meta", META_SUBSCRIPTION, l->tag));
	stream_end(l->stream);
	on_gone(l);
}

/* What of the asked-for is served. NULL: the request was answered. */
static json_t *read_filter(struct request *r)
{
	const json_t *filter = json_object_get(r->message.params, "notifications");
	const json_t *asked = json_object_get(filter, "resourceSubscriptions");

	if (!json_is_object(filter) || (asked != NULL && !json_is_array(asked)))
		request_invalid(r, NULL,
		    "params.notifications must be an object, and its "
		    "resourceSubscriptions an array of URIs");
	else if (json_array_size(asked) > MAX_SUBSCRIPTIONS)
		request_invalid(r, NULL,
		    "params.notifications.resourceSubscriptions has %zu URIs, the limit is %d",
		    json_array_size(asked), MAX_SUBSCRIPTIONS);
	else
		return listener_uris(r->service, asked);
	return NULL;
}

void subscriptions_listen(struct request *r)
{
	struct listener *l;
	json_t *uris;

	if (!r->verified) {
		request_refuse_unverified(r);
		return;
	}
	uris = read_filter(r);
	if (uris == NULL)
		return;
	l = calloc(1, sizeof(*l));
	if (l == NULL) {
		json_decref(uris);
		request_refuse(r, 503, "out of memory; try again later", NULL);
		return;
	}
	listener_init(l, r->service, &r->auth.who, say_good_bye);
	l->subscriber.heard = on_heard;
	l->subscriber.arg = l;
	l->uris = uris;
	l->tag = json_deep_copy(r->message.id);
	l->stream = stream_open(l->service->streams,
	    &(struct stream_order){.x = request_release(r), .gone = on_gone, .arg = l});
	if (l->stream == NULL)
		on_gone(l);
	else
		listener_notify(l, "notifications/subscriptions/acknowledged",
		    json_pack("{s:{s:O}}", "notifications", "resourceSubscriptions", uris));
}
