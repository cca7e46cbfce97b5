/*
 * events: what happened, told to those who listen, in every process.
 *
 * A writer publishes after the commit. Subscribers of this process hear it from the
 * loop, a slice of them at a time, so that many cannot hold up requests; other
 * processes hear it through PostgreSQL (db/listen.h). Several events travel in one NOTIFY.
 *
 * After a broken connection anything may have happened: subscribers get event NULL and
 * should tell their clients to read again. So there are no silent gaps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "principals.h"
#include "sessions.h"

struct event_base;
struct events;
struct database;

enum server_event_kind {
	MEMORY_CHANGED = 'm',
	CLIENT_SESSION_CHANGED = 'c', /* its row in client_sessions */
	CLIENT_SESSION_ENDED = 'e',
	CLIENT_STREAM_OPENED = 'o', /* its GET stream, which replaces an older one */
	TASK_CHANGED = 't', /* memory_id is the task's: somebody answered or cancelled it */
};

struct server_event {
	enum server_event_kind kind;
	char namespace[PRINCIPAL_NAME_BYTES];
	char memory_id[37];                        /* MEMORY_CHANGED, else "-" */
	char session_id[4 * SESSION_ID_BYTES + 1]; /* the memory's, or the client's */
};

/* Embedded in its owner. heard() must not subscribe or unsubscribe others than itself. */
struct subscriber {
	char namespace[PRINCIPAL_NAME_BYTES]; /* the only one it hears of; "": all */
	void (*heard)(void *arg, const struct server_event *event);
	void *arg;
	TAILQ_ENTRY(subscriber) link;
};

/* NULL: error says why. */
struct events *events_new(struct event_base *base, struct database *db, const char *conninfo,
    int connect_ms, char *error, size_t error_len);
void events_free(struct events *events); /* after its subscribers; NULL is fine */

/* Begins to hear other processes; the schema is there. */
void events_open(struct events *events);

void events_publish(struct events *events, const struct server_event *event);

/*
 * The last memory events are remembered, for subscribers that learn only later what they
 * should have listened for. A position is a place in their row.
 */
size_t events_position(const struct events *events); /* behind the last */
size_t events_position_at(
    const struct events *events, int64_t clock_ms); /* before those since then */

/* Calls heard() for those of its namespace from there on. False: some are forgotten. */
bool events_repeat(const struct events *events, const struct subscriber *subscriber,
    size_t position, void (*heard)(void *arg, const struct server_event *event), void *arg)
    __attribute__((warn_unused_result));

void events_subscribe(struct events *events, struct subscriber *subscriber);
void events_unsubscribe(struct events *events, struct subscriber *subscriber);
