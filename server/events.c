/*
 * events: one queue of events, one list of subscribers, a cursor through both.
 *
 *	publish -> queue -> slices of subscribers
 *	       `-> lines -> NOTIFY -> other processes: heard -> queue
 */
#include "events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/util.h>

#include "clock.h"
#include "database.h"
#include "event_line.h"
#include "listen.h"
#include "log.h"
#include "rows.h"
#include "server_limits.h"

struct queued {
	struct server_event event;
	bool gap; /* anything may have happened */
	TAILQ_ENTRY(queued) link;
};

struct events {
	struct event_base *base;
	struct database *db;
	struct listen_config listen_config;
	struct listen *listen;
	char *conninfo;
	char origin
	    [EVENT_ORIGIN_BYTES]; /* of this process, to know its own words when they come back */

	TAILQ_HEAD(subscribers, subscriber) subscribers;
	TAILQ_HEAD(event_queue, queued) queue;
	size_t queue_len;
	struct subscriber
	    *cursor; /* who hears the first event next; NULL: the first subscriber */
	struct event *slice;

	/* The last events, a ring; recent_count is how many there ever were. */
	struct {
		struct server_event event;
		int64_t heard_ms;
	} recent[EVENTS_RECENT];
	size_t recent_count;

	/* Lines, waiting for the NOTIFY under way. */
	char waiting[EVENTS_WAITING_BYTES];
	size_t waiting_len;
	char sending[LISTEN_PAYLOAD_BYTES + 1];
	struct query query;
	bool notifying;
	bool lost; /* something was not told: the next NOTIFY says that there is a gap */
	int64_t notified_ms;
	struct event *next_notify;
};

static void on_slice(evutil_socket_t fd, short what, void *arg);
static void on_next_notify(evutil_socket_t fd, short what, void *arg);
static void on_heard(void *arg, const char *payload);

struct events *events_new(struct event_base *base, struct database *db, const char *conninfo,
    int connect_ms, char *error, size_t error_len)
{
	struct events *events = calloc(1, sizeof(*events));
	uint32_t random;

	snprintf(error, error_len, "out of memory");
	if (events == NULL)
		return NULL;
	events->base = base;
	events->db = db;
	TAILQ_INIT(&events->subscribers);
	TAILQ_INIT(&events->queue);
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	snprintf(events->origin, sizeof(events->origin), "%08" PRIx32, random);
	events->conninfo = strdup(conninfo);
	events->slice = evtimer_new(base, on_slice, events);
	events->next_notify = evtimer_new(base, on_next_notify, events);
	events->listen_config = (struct listen_config){.conninfo = events->conninfo,
	    .connect_ms = connect_ms,
	    .heard = on_heard,
	    .arg = events};
	if (events->conninfo == NULL || events->slice == NULL || events->next_notify == NULL) {
		events_free(events);
		return NULL;
	}
	return events;
}

void events_open(struct events *events)
{
	char error[256];

	events->listen =
	    listen_start(events->base, &events->listen_config, error, sizeof(error));
	if (events->listen == NULL)
		log_error("other processes will not be heard", "error", error);
}

void events_free(struct events *events)
{
	struct queued *queued;

	if (events == NULL)
		return;
	listen_free(events->listen);
	if (events->notifying)
		database_cancel(events->db, &events->query);
	query_fini(&events->query);
	while ((queued = TAILQ_FIRST(&events->queue)) != NULL) {
		TAILQ_REMOVE(&events->queue, queued, link);
		free(queued);
	}
	if (events->slice != NULL)
		event_free(events->slice);
	if (events->next_notify != NULL)
		event_free(events->next_notify);
	free(events->conninfo);
	free(events);
}

/* --- to the subscribers of this process --- */

static void slice_soon(struct events *events)
{
	static const struct timeval now = {0, 0};

	if (!event_pending(events->slice, EV_TIMEOUT, NULL))
		event_add(events->slice, &now);
}

static void remember(struct events *events, const struct server_event *event)
{
	size_t slot = events->recent_count++ % EVENTS_RECENT;

	events->recent[slot].event = *event;
	events->recent[slot].heard_ms = clock_ms();
}

size_t events_position(const struct events *events)
{
	return events->recent_count;
}

/* The position of the oldest event that is still there. */
static size_t oldest(const struct events *events)
{
	return events->recent_count > EVENTS_RECENT ? events->recent_count - EVENTS_RECENT : 0;
}

size_t events_position_at(const struct events *events, int64_t since_ms)
{
	size_t position = oldest(events);

	while (position < events->recent_count &&
	       events->recent[position % EVENTS_RECENT].heard_ms < since_ms)
		position++;
	return position;
}

bool events_repeat(const struct events *events, const struct subscriber *subscriber,
    size_t position, void (*heard)(void *arg, const struct server_event *event), void *arg)
{
	if (position < oldest(events))
		return false;
	for (; position < events->recent_count; position++) {
		const struct server_event *event =
		    &events->recent[position % EVENTS_RECENT].event;

		if (strcmp(event->namespace, subscriber->namespace) == 0)
			heard(arg, event);
	}
	return true;
}

/* NULL event: a gap. A queue that is full, or no memory, becomes a gap as well. */
static void enqueue(struct events *events, const struct server_event *event)
{
	struct queued *last = TAILQ_LAST(&events->queue, event_queue);
	struct queued *queued;

	if (TAILQ_EMPTY(&events->subscribers))
		return;
	if (events->queue_len >= EVENTS_QUEUE_LIMIT)
		event = NULL;
	/* One gap is as good as two, but not if some have heard of the first already. */
	if (event == NULL && last != NULL && last->gap && events->cursor == NULL)
		return;
	queued = calloc(1, sizeof(*queued));
	if (queued == NULL) {
		if (last != NULL)
			last->gap = true;
		return;
	}
	queued->gap = event == NULL;
	if (event != NULL)
		queued->event = *event;
	TAILQ_INSERT_TAIL(&events->queue, queued, link);
	events->queue_len++;
	slice_soon(events);
}

static void drop_first(struct events *events)
{
	struct queued *first = TAILQ_FIRST(&events->queue);

	TAILQ_REMOVE(&events->queue, first, link);
	events->queue_len--;
	free(first);
}

void events_subscribe(struct events *events, struct subscriber *subscriber)
{
	TAILQ_INSERT_TAIL(&events->subscribers, subscriber, link);
}

void events_unsubscribe(struct events *events, struct subscriber *subscriber)
{
	bool was_next = events->cursor == subscriber;

	if (was_next)
		events->cursor = TAILQ_NEXT(subscriber, link);
	TAILQ_REMOVE(&events->subscribers, subscriber, link);
	if (was_next && events->cursor == NULL) /* everyone has heard it */
		drop_first(events);
}

/* Tells the first event to the next few subscribers; the rest have their turn later. */
static void on_slice(evutil_socket_t fd, short what, void *arg)
{
	struct events *events = arg;
	struct queued *first = TAILQ_FIRST(&events->queue);
	struct subscriber *s =
	    events->cursor != NULL ? events->cursor : TAILQ_FIRST(&events->subscribers);
	int64_t began_ms = clock_ms();

	(void)fd;
	(void)what;
	if (first == NULL)
		return;
	if (events->cursor == NULL && !first->gap && first->event.kind == MEMORY_CHANGED)
		remember(events,
		    &first->event); /* whoever subscribes from here on hears it no more */
	for (int told = 0; s != NULL && told < EVENTS_SLICE; told++) {
		struct subscriber *hearing = s;

		s = TAILQ_NEXT(s, link);
		events->cursor = s;
		if (first->gap || *hearing->namespace == '\0' ||
		    strcmp(hearing->namespace, first->event.namespace) == 0)
			hearing->heard(hearing->arg, first->gap ? NULL : &first->event);
		s = events->cursor;
		if (clock_ms() - began_ms >= EVENTS_SLICE_MS)
			break;
	}
	if (s == NULL)
		drop_first(events);
	if (!TAILQ_EMPTY(&events->queue))
		slice_soon(events);
}

/* --- to and from other processes --- */

static void notify_in(struct events *events, int64_t ms)
{
	const struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	event_add(events->next_notify, &wait);
}

/*
 * After this turn of the loop, in which more may be published, and not too often: a NOTIFY costs
 * the database about as much as a save.
 */
static void notify_soon(struct events *events)
{
	int64_t wait = events->notified_ms + EVENTS_NOTIFY_MS - clock_ms();

	if (events->notifying || event_pending(events->next_notify, EV_TIMEOUT, NULL))
		return;
	notify_in(events, wait > 0 && events->waiting_len < LISTEN_PAYLOAD_BYTES ? wait : 0);
}

/* What failed is told as a gap, as soon as the database can be reached again. */
static void on_notified(void *arg, struct rows *rows, const struct db_error *error)
{
	struct events *events = arg;

	rows_free(rows);
	events->notifying = false;
	if (error->kind != DB_OK) {
		log_warn("other processes were not told", "error", error->text);
		events->lost = true;
		notify_in(events, EVENTS_RETRY_MS);
	} else if (events->waiting_len > 0 || events->lost) {
		notify_soon(events);
	}
}

/* Sends as many whole lines as one payload takes. */
static void on_next_notify(evutil_socket_t fd, short what, void *arg)
{
	struct events *events = arg;
	size_t gap = 0, len = events->waiting_len;
	struct db_error error;

	(void)fd;
	(void)what;
	if (events->lost)
		gap = event_line_gap(events->origin, events->sending);
	events->lost = false;
	if (gap + len > LISTEN_PAYLOAD_BYTES) {
		len = LISTEN_PAYLOAD_BYTES - gap;
		while (len > 0 && events->waiting[len - 1] != '\n')
			len--;
	}
	memcpy(events->sending + gap, events->waiting, len);
	events->sending[gap + len] = '\0';
	memmove(events->waiting, events->waiting + len, events->waiting_len - len);
	events->waiting_len -= len;
	query_fini(&events->query);
	query_init(&events->query, SQL_notify);
	query_text(&events->query, events->sending, gap + len);
	events->notifying = true;
	events->notified_ms = clock_ms();
	if (!database_run(events->db, &events->query, on_notified, events, &error))
		on_notified(events, NULL, &error);
}

void events_publish(struct events *events, const struct server_event *event)
{
	char line[EVENT_LINE_BYTES];
	size_t len = event_line_write(events->origin, event, line);

	enqueue(events, event);
	if (events->waiting_len + len > sizeof(events->waiting)) {
		events->waiting_len = 0;
		events->lost = true;
	} else {
		memcpy(events->waiting + events->waiting_len, line, len);
		events->waiting_len += len;
	}
	notify_soon(events);
}

static void hear_line(struct events *events, const char *line, size_t len)
{
	struct server_event event;
	char origin[EVENT_ORIGIN_BYTES];

	if (!event_line_read(line, len, origin, &event))
		return; /* not one of ours */
	if (strcmp(origin, events->origin) != 0)
		enqueue(events, (char)event.kind == EVENT_LINE_GAP ? NULL : &event);
}

static void on_heard(void *arg, const char *payload)
{
	struct events *events = arg;

	if (payload == NULL) {
		enqueue(events, NULL);
		return;
	}
	while (*payload != '\0') {
		size_t len = strcspn(payload, "\n");

		hear_line(events, payload, len);
		payload += len + (payload[len] == '\n');
	}
}
