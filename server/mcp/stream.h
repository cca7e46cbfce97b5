/*
 * stream: server-sent events to one client.
 *
 * A plain stream (2026-07-28) ends with its connection. A resumable one (the older
 * revisions; 2025-11-25 basic/transports, "Resumability") numbers its events, keeps the last
 * of them, and outlives its connection for STREAM_KEEP_MS: a GET with Last-Event-ID goes
 * on behind the event it names. Nothing of one stream ever appears on another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct event_base;
struct exchange;
struct stream;
struct streams;

/* All streams of a process. NULL: out of memory. */
struct streams *streams_new(struct event_base *base);
void streams_free(struct streams *all); /* gives up what is left; NULL is fine */

struct stream_order {
	struct exchange *x;   /* taken over */
	const char *session;  /* resumable, for this client session only; NULL: plain */
	const char *greeting; /* framed events to begin with, or NULL */
	bool primed; /* begins with an event id, so that even an empty stream can be resumed */
	/* The client has left for good, and the stream is freed. Not called after stream_end(). */
	void (*gone)(void *arg);
	void *arg;
};

/* Begins the response. NULL: out of memory, and x was answered. */
struct stream *stream_open(struct streams *all, const struct stream_order *order);

/* Takes the message. */
void stream_send(struct stream *s, json_t *message);
void stream_send_text(struct stream *s, const char *json, size_t len);

/* Framed events, on a plain stream. */
void stream_send_framed(struct stream *s, const char *bytes, size_t len);

/* Nothing more will be sent. The caller must not use the stream again. */
void stream_end(struct stream *s);

/* The same, and it cannot be resumed: another stream took its place. */
void stream_drop(struct stream *s);

/* Closes the connection of a resumable stream, which goes on; a plain one stays as it is. */
void stream_detach(struct stream *s);

/* False: there is no such event of this session (any more); x was not touched. */
bool stream_resume(
    struct streams *all, struct exchange *x, const char *session, const char *last_event_id);
