/*
 * session_stream: GET /mcp of the older revisions, the stream for what belongs to no request.
 *
 *	resume an old stream by Last-Event-ID, or open one -> read the session's subscriptions
 *	-> notifications; subscriptions that change are read again
 *
 * A client that missed events which nobody kept is told to read all its resources again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <event2/util.h>

#include "client_sessions.h"
#include "clock.h"
#include "database.h"
#include "mcp/listener.h"
#include "mcp/request.h"
#include "mcp/session_stream.h"
#include "mcp/stream.h"
#include "server_limits.h"
#include "service.h"

struct session_stream {
	struct listener l;
	struct query query;
	bool loading;
	bool stale;      /* read the subscriptions once more */
	bool missed;     /* something happened that nobody can tell any more */
	bool borrowed;   /* the stream is somebody else's, who also ends this */
	bool holding;    /* events back, until the subscriptions are read ... */
	size_t position; /* ... from this one on */
	char opened[33]; /* when, in hex, and a random number: a later one compares greater */
	struct event *again;
	char session[CLIENT_SESSION_ID_BYTES];
};

static void load(struct session_stream *s);

static void on_gone(void *arg)
{
	struct session_stream *s = arg;

	database_cancel(s->l.service->db, &s->query);
	query_fini(&s->query);
	event_free(s->again);
	listener_fini(&s->l);
	free(s);
}

static void end(struct listener *l)
{
	if (((struct session_stream *)l)->borrowed)
		return;
	stream_end(l->stream);
	on_gone(l);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	load(arg);
}

static bool holds(const json_t *uris, const char *uri)
{
	const json_t *known;
	size_t i;

	json_array_foreach (uris, i, known) {
		if (strcmp(json_string_value(known), uri) == 0)
			return true;
	}
	return false;
}

static void tell_recent(void *arg, const struct server_event *event)
{
	listener_tell(arg, event);
}

/* Tells of what happened to these URIs from a position on. False: not all is known. */
static bool tell_since(struct session_stream *s, json_t *uris, size_t position)
{
	json_t *all = s->l.uris;
	bool known;

	s->l.uris = uris;
	known =
	    events_repeat(s->l.service->events, &s->l.subscriber, position, tell_recent, &s->l);
	s->l.uris = all;
	return known;
}

/*
 * Takes the URIs over, and tells what was held back while they were read. Of new ones also
 * what had just happened: the subscription was acknowledged by some process before this one
 * knew of it. True: the session has ended.
 */
static bool take_subscriptions(struct session_stream *s, const struct rows *rows)
{
	struct client_session_row row = {0};
	json_t *old = s->l.uris, *kept = json_array(), *added = json_array();
	size_t just_now =
	    events_position_at(s->l.service->events, clock_ms() - EVENTS_RECENT_MS);

	for (int i = 0; i < rows_count(rows); i++) {
		client_session_find_read(rows, i, &row);
		if (row.uri != NULL)
			json_array_append_new(old == NULL || holds(old, row.uri) ? kept : added,
			    json_string(row.uri));
	}
	s->holding = false;
	s->l.uris = json_copy(kept);
	json_array_extend(s->l.uris, added);
	if (s->missed || !tell_since(s, kept, s->position) || !tell_since(s, added, just_now))
		listener_tell(&s->l, NULL);
	json_decref(old);
	json_decref(kept);
	json_decref(added);
	return row.ended;
}

static void load_later(struct session_stream *s)
{
	static const struct timeval wait = {.tv_sec = EVENTS_RETRY_MS / 1000};

	s->loading = false;
	event_add(s->again, &wait);
}

static void on_loaded(void *arg, struct rows *rows, const struct db_error *error)
{
	struct session_stream *s = arg;

	if (error->kind != DB_OK) {
		load_later(s);
		return;
	}
	s->loading = false;
	if (s->stale) {
		rows_free(rows);
		load(s);
		return;
	}
	bool ended = take_subscriptions(s, rows);

	rows_free(rows);
	s->missed = false;
	if (ended)
		end(&s->l);
}

static void load(struct session_stream *s)
{
	struct db_error error;

	s->stale = s->loading;
	if (s->loading)
		return;
	s->loading = true;
	if (!s->holding)
		s->position = events_position(s->l.service->events);
	s->holding = true;
	query_fini(&s->query);
	client_session_find_ask(&s->query, s->session);
	if (!database_run(s->l.service->db, &s->query, on_loaded, s, &error))
		load_later(s);
}

/* Each message is for one stream only, so the newest takes the place of the others. */
static void replace(struct session_stream *s)
{
	stream_drop(s->l.stream);
	on_gone(s);
}

static void tell_others(const struct session_stream *s)
{
	struct server_event event = {.kind = CLIENT_STREAM_OPENED};

	snprintf(event.memory_id, sizeof(event.memory_id), "%s", s->opened);
	snprintf(event.namespace, sizeof(event.namespace), "%s", s->l.subscriber.namespace);
	snprintf(event.session_id, sizeof(event.session_id), "%s", s->session);
	events_publish(s->l.service->events, &event);
}

static void on_heard(void *arg, const struct server_event *event)
{
	struct session_stream *s = arg;

	if (event == NULL) {
		s->missed = true;
		load(s);
	} else if (event->kind == MEMORY_CHANGED) {
		if (!s->holding) /* else it is told when it is known what to tell */
			listener_tell(&s->l, event);
	} else if (strcmp(event->session_id, s->session) == 0) {
		if (event->kind == CLIENT_SESSION_ENDED)
			end(&s->l);
		else if (event->kind == CLIENT_SESSION_CHANGED)
			load(s);
		else if (!s->borrowed && strcmp(event->memory_id, s->opened) > 0)
			replace(s);
	}
}

static struct session_stream *make(struct service *service, const struct principal *who,
    const struct client_session *session, bool missed)
{
	struct session_stream *s = calloc(1, sizeof(*s));
	struct timespec now;
	uint64_t random;

	if (s == NULL || (s->again = evtimer_new(service->base, on_again, s)) == NULL) {
		free(s);
		return NULL;
	}
	listener_init(&s->l, service, who, end);
	s->l.subscriber.heard = on_heard;
	s->l.subscriber.arg = s;
	s->missed = missed;
	clock_gettime(CLOCK_REALTIME, &now);
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	snprintf(s->opened, sizeof(s->opened), "%016" PRIx64 "%016" PRIx64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, random);
	memcpy(s->session, session->id, sizeof(s->session));
	return s;
}

struct session_stream *session_stream_attach(struct service *service,
    const struct principal *who, const struct client_session *session, struct stream *stream)
{
	struct session_stream *s = make(service, who, session, false);

	if (s == NULL)
		return NULL;
	s->borrowed = true;
	s->l.stream = stream;
	load(s);
	return s;
}

void session_stream_detach(struct session_stream *s)
{
	if (s != NULL)
		on_gone(s);
}

/* Makes the stream; x is taken over, also when this fails. */
static void open_stream(struct service *service, struct exchange *x,
    const struct principal *who, const struct client_session *session, bool missed)
{
	struct session_stream *s = make(service, who, session, missed);

	if (s == NULL) {
		exchange_reply(x, &(struct reply){.status = 503});
		return;
	}
	s->l.stream = stream_open(
	    service->streams, &(struct stream_order){.x = x,
	                          .session = session->id,
	                          .primed = strcmp(session->version, MCP_LATEST_LEGACY) == 0,
	                          .gone = on_gone,
	                          .arg = s});
	if (s->l.stream == NULL) {
		on_gone(s);
		return;
	}
	tell_others(s);
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
