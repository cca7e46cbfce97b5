/* stream: an exchange, or the wait for the next one, and the events to repeat. */
#include "mcp/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/util.h>

#include "clock.h"
#include "compact.h"
#include "exchange.h"
#include "mcp/client_session.h"
#include "server_limits.h"
#include "sse.h"

#define EVENT_ID_BYTES 32 /* stream in 16 hex digits, '-', number */

struct kept {
	unsigned number;
	size_t len;
	TAILQ_ENTRY(kept) link;
	char bytes[];
};

struct stream {
	struct streams *all;
	struct exchange *x; /* NULL: the client is away */
	void (*gone)(void *arg);
	void *arg;
	bool resumable, ended;

	/* Resumable streams only. */
	uint64_t id;
	unsigned sent; /* the number of the last event */
	int64_t away_since_ms;
	TAILQ_HEAD(kept_events, kept) kept;
	unsigned kept_count;
	size_t kept_bytes;
	TAILQ_ENTRY(stream) link;
	char session[CLIENT_SESSION_ID_BYTES];
};

struct streams {
	struct event *sweep;
	TAILQ_HEAD(stream_list, stream) away, present; /* resumable ones; away by time */
	size_t away_count;
};

static void on_sweep(evutil_socket_t fd, short what, void *arg);
static void on_gone(void *arg);

struct streams *streams_new(struct event_base *base)
{
	static const struct timeval interval = {.tv_sec = 1};
	struct streams *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	TAILQ_INIT(&all->away);
	TAILQ_INIT(&all->present);
	all->sweep = event_new(base, -1, EV_PERSIST, on_sweep, all);
	if (all->sweep == NULL || event_add(all->sweep, &interval) != 0) {
		streams_free(all);
		return NULL;
	}
	return all;
}

static void drop_oldest(struct stream *s)
{
	struct kept *kept = TAILQ_FIRST(&s->kept);

	TAILQ_REMOVE(&s->kept, kept, link);
	s->kept_count--;
	s->kept_bytes -= kept->len;
	free(kept);
}

static void stream_free(struct stream *s)
{
	if (s->resumable) {
		TAILQ_REMOVE(s->x != NULL ? &s->all->present : &s->all->away, s, link);
		s->all->away_count -= s->x == NULL;
		while (s->kept_count > 0)
			drop_oldest(s);
	}
	free(s);
}

/* --- coming and going --- */

static void attach(struct stream *s, struct exchange *x)
{
	s->x = x;
	x->gone = on_gone;
	x->gone_arg = s;
}

/* The client has left for good. */
static void give_up(struct stream *s)
{
	void (*gone)(void *arg) = s->gone;
	void *arg = s->arg;

	stream_free(s);
	if (gone != NULL)
		gone(arg);
}

/* No connection, for now. */
static void wait_for_client(struct stream *s)
{
	struct streams *all = s->all;

	TAILQ_REMOVE(&all->present, s, link);
	TAILQ_INSERT_TAIL(&all->away, s, link);
	s->x = NULL;
	s->away_since_ms = clock_ms();
	if (++all->away_count > STREAMS_KEEP_LIMIT)
		give_up(TAILQ_FIRST(&all->away));
}

static void on_gone(void *arg)
{
	struct stream *s = arg;

	if (s->resumable)
		wait_for_client(s);
	else
		give_up(s);
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct streams *all = arg;
	int64_t before_ms = clock_ms() - STREAM_KEEP_MS;
	struct stream *s;

	(void)fd;
	(void)what;
	while ((s = TAILQ_FIRST(&all->away)) != NULL && s->away_since_ms < before_ms)
		give_up(s);
}

void streams_free(struct streams *all)
{
	struct stream *s;

	if (all == NULL)
		return;
	while ((s = TAILQ_FIRST(&all->away)) != NULL)
		give_up(s);
	while ((s = TAILQ_FIRST(&all->present)) != NULL)
		give_up(s);
	if (all->sweep != NULL)
		event_free(all->sweep);
	free(all);
}

/* --- sending --- */

static void keep(struct stream *s, const char *bytes, size_t len)
{
	struct kept *kept = malloc(sizeof(*kept) + len);

	if (kept == NULL)
		return; /* a client that comes back behind it is told so */
	kept->number = s->sent;
	kept->len = len;
	memcpy(kept->bytes, bytes, len);
	TAILQ_INSERT_TAIL(&s->kept, kept, link);
	s->kept_count++;
	s->kept_bytes += len;
	while (s->kept_count > 1 &&
	       (s->kept_count > STREAM_KEEP_EVENTS || s->kept_bytes > STREAM_KEEP_BYTES))
		drop_oldest(s);
}

static void write_id(char text[EVENT_ID_BYTES], uint64_t stream, unsigned number)
{
	snprintf(text, EVENT_ID_BYTES, "%016" PRIx64 "-%u", stream, number);
}

void stream_send_text(struct stream *s, const char *json, size_t json_len)
{
	char id[EVENT_ID_BYTES];
	size_t len = 0;
	char *event;

	s->sent++;
	write_id(id, s->id, s->sent);
	event = sse_message(s->resumable ? id : NULL, json, json_len, &len);
	if (event == NULL)
		return;
	if (s->resumable)
		keep(s, event, len);
	if (s->x != NULL)
		exchange_send(s->x, event, len); /* failing, the exchange ends by itself */
	free(event);
}

void stream_send_framed(struct stream *s, const char *bytes, size_t len)
{
	if (s->x != NULL)
		exchange_send(s->x, bytes, len);
}

void stream_send(struct stream *s, json_t *message)
{
	size_t len = 0;
	char *json = compact_json(message, &len);

	if (json != NULL)
		stream_send_text(s, json, len);
	free(json);
	json_decref(message);
}

static void start(struct exchange *x)
{
	/* Proxies must neither hold back nor keep what is sent. */
	static const struct header headers[] = {{"Cache-Control", "no-cache, no-transform"},
	    {"X-Accel-Buffering", "no"}, {NULL, NULL}};

	exchange_start(x, headers);
}

/* The first event of 2025-11-25: an id to come back with, and after how long. */
static void prime(struct stream *s)
{
	char id[EVENT_ID_BYTES], text[EVENT_ID_BYTES + 64];

	write_id(id, s->id, s->sent);
	int len =
	    snprintf(text, sizeof(text), "id: %s\nretry: %d\ndata: \n\n", id, STREAM_RETRY_MS);

	exchange_send(s->x, text, (size_t)len);
}

struct stream *stream_open(struct streams *all, const struct stream_order *order)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		exchange_reply(order->x, &(struct reply){.status = 503});
		return NULL;
	}
	s->all = all;
	s->gone = order->gone;
	s->arg = order->arg;
	s->resumable = order->session != NULL;
	attach(s, order->x);
	start(s->x);
	if (order->greeting != NULL)
		exchange_send(s->x, order->greeting, strlen(order->greeting));
	if (!s->resumable)
		return s;
	TAILQ_INIT(&s->kept);
	TAILQ_INSERT_TAIL(&all->present, s, link);
	snprintf(s->session, sizeof(s->session), "%s", order->session);
	evutil_secure_rng_get_bytes(&s->id, sizeof(s->id));
	if (order->primed)
		prime(s);
	return s;
}

/* Ends the response; a resumable stream is then away. */
static void hang_up(struct stream *s)
{
	struct exchange *x = s->x;

	x->gone = NULL;
	if (s->resumable)
		wait_for_client(s);
	exchange_finish(x);
}

void stream_detach(struct stream *s)
{
	if (s->resumable && s->x != NULL)
		hang_up(s);
}

void stream_end(struct stream *s)
{
	s->gone = NULL;
	s->ended = true;
	if (!s->resumable) {
		hang_up(s);
		stream_free(s);
	} else if (s->x != NULL) {
		hang_up(s);
	}
}

void stream_drop(struct stream *s)
{
	s->gone = NULL;
	if (s->x != NULL)
		hang_up(s);
	stream_free(s);
}

static struct stream *find(struct streams *all, uint64_t id, const char *session)
{
	struct stream_list *lists[] = {&all->away, &all->present};
	struct stream *s;

	for (size_t i = 0; i < 2; i++) {
		TAILQ_FOREACH (s, lists[i], link) {
			if (s->id == id && strcmp(s->session, session) == 0)
				return s;
		}
	}
	return NULL;
}

bool stream_resume(
    struct streams *all, struct exchange *x, const char *session, const char *last_event_id)
{
	const struct kept *kept;
	char canonical[EVENT_ID_BYTES];
	struct stream *s;
	unsigned number;
	uint64_t id;

	if (sscanf(last_event_id, "%16" SCNx64 "-%9u", &id, &number) != 2)
		return false;
	write_id(canonical, id, number);
	if (strcmp(canonical, last_event_id) != 0)
		return false;
	s = find(all, id, session);
	if (s == NULL || number > s->sent)
		return false;
	kept = TAILQ_FIRST(&s->kept);
	if (number < s->sent && (kept == NULL || kept->number > number + 1))
		return false; /* some were dropped meanwhile */
	if (s->x != NULL)     /* the old connection is dead, but nobody has noticed yet */
		hang_up(s);
	TAILQ_REMOVE(&all->away, s, link);
	all->away_count--;
	TAILQ_INSERT_TAIL(&all->present, s, link);
	attach(s, x);
	start(x);
	for (; kept != NULL; kept = TAILQ_NEXT(kept, link)) {
		if (kept->number > number)
			exchange_send(x, kept->bytes, kept->len);
	}
	if (s->ended)
		hang_up(s);
	return true;
}
