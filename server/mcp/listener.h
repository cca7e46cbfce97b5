/*
 * listener: a client that is told of changes to resources, on a stream.
 *
 * Behind subscriptions/listen (2026-07-28) and behind the GET stream of a session (the
 * older revisions). It hears of its principal's namespace and of nothing else.
 */
#pragma once

#include <jansson.h>

#include "events.h"

struct principal;
struct service;
struct stream;

struct listener {
	struct service *service;
	struct stream *stream;
	struct subscriber subscriber;
	json_t *uris; /* array of what it hears of; owned */
	json_t
	    *tag; /* id of the subscriptions/listen request, on every message; or NULL. Owned */
	/* Drain: says good-bye and frees it. */
	void (*end)(struct listener *l);
	TAILQ_ENTRY(listener) link;
};

/* Into a struct that is zero. The stream is set by the caller. */
void listener_init(struct listener *l, struct service *service, const struct principal *who,
    void (*end)(struct listener *l));
void listener_fini(struct listener *l);

/* Takes params. */
void listener_notify(struct listener *l, const char *method, json_t *params);

/* For subscriber.heard; event NULL: everything is to be read again. */
void listener_tell(struct listener *l, const struct server_event *event);

/* URIs of asked that are served, each once; a new array. */
json_t *listener_uris(const struct service *service, const json_t *asked);

/* Drain: ends all of the process. */
void listeners_end_all(void);
