/*
 * session_stream: GET /mcp of the older revisions, the stream for what belongs to no request.
 *
 *	resume an old stream by Last-Event-ID, or open one -> read the session's subscriptions
 *	-> notifications; subscriptions that change are read again
 *
 * A client that missed events which nobody kept is told to read all its resources again.
 */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "client_sessions.h"
#include "mcp/listener.h"
#include "mcp/request.h"
#include "mcp/session_stream.h"
#include "mcp/stream.h"
#include "pool.h"
#include "server_limits.h"
#include "service.h"

struct session_stream {
	struct listener l;
	struct query query;
	bool loading;
	bool stale;  /* read the subscriptions once more */
	bool missed; /* something happened that may have concerned it */
	struct event *again;
	char session[CLIENT_SESSION_ID_BYTES];
};

static void load(struct session_stream *s);

static void on_gone(void *arg)
{
	struct session_stream *s = arg;

	pool_cancel(s->l.service->pool, &s->query);
	query_fini(&s->query);
	event_free(s->again);
	listener_fini(&s->l);
	free(s);
}

static void end(struct listener *l)
{
	stream_end(l->stream);
	on_gone(l);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	load(arg);
}

static void on_loaded(void *arg, struct rows *rows, const struct db_error *error)
{
	static const struct timeval wait = {.tv_sec = EVENTS_RETRY_MS / 1000};
	struct session_stream *s = arg;
	struct client_session_row row = {0};

	s->loading = false;
	if (error->kind != DB_OK) {
		event_add(s->again, &wait);
		return;
	}
	if (s->stale) {
		rows_free(rows);
		load(s);
		return;
	}
	json_decref(s->l.uris);
	s->l.uris = json_array();
	for (int i = 0; i < rows_count(rows); i++) {
		client_session_find_read(rows, i, &row);
		if (row.uri != NULL)
			json_array_append_new(s->l.uris, json_string(row.uri));
	}
	rows_free(rows);
	if (s->missed)
		listener_tell(&s->l, NULL);
	s->missed = false;
	if (row.ended)
		end(&s->l);
}

static void load(struct session_stream *s)
{
	struct db_error error;

	s->stale = s->loading;
	if (s->loading)
		return;
	s->loading = true;
	query_fini(&s->query);
	client_session_find_ask(&s->query, s->session);
	if (!pool_run(s->l.service->pool, &s->query, on_loaded, s, &error))
		on_loaded(s, NULL, &error);
}

static void on_heard(void *arg, const struct server_event *event)
{
	struct session_stream *s = arg;

	if (event == NULL) {
		s->missed = true;
		load(s);
	} else if (event->kind == MEMORY_CHANGED) {
		s->missed = s->missed || s->loading;
		listener_tell(&s->l, event);
	} else if (strcmp(event->session_id, s->session) == 0) {
		if (event->kind == CLIENT_SESSION_ENDED)
			end(&s->l);
		else
			load(s);
	}
}

/* Makes the stream; x is taken over, also when this fails. */
static void open_stream(struct service *service, struct exchange *x,
    const struct principal *who, const struct client_session *session, bool missed)
{
	struct session_stream *s = calloc(1, sizeof(*s));
	struct stream_order order = {.x = x,
	    .session = session->id,
	    .primed = strcmp(session->version, MCP_LATEST_LEGACY) == 0,
	    .gone = on_gone,
	    .arg = s};

	if (s != NULL)
		s->again = evtimer_new(service->base, on_again, s);
	if (s == NULL || s->again == NULL) {
		free(s);
		exchange_reply(x, &(struct reply){.status = 503});
		return;
	}
	listener_init(&s->l, service, who, end);
	s->l.subscriber.heard = on_heard;
	s->l.subscriber.arg = s;
	s->missed = missed;
	memcpy(s->session, session->id, sizeof(s->session));
	s->l.stream = stream_open(service->streams, &order);
	if (s->l.stream == NULL)
		on_gone(s);
	else
		load(s);
}

void session_stream_get(struct request *r)
{
	const char *last = exchange_header(r->x, "last-event-id", NULL);
	struct service *service = r->service;
	struct client_session session = r->session;
	struct principal who = r->auth.who;

	if (last != NULL && stream_resume(service->streams, r->x, session.id, last))
		request_release(r);
	else
		open_stream(service, request_release(r), &who, &session, last != NULL);
}
