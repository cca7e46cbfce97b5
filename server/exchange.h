/*
 * exchange: one HTTP request, and the way its answer travels back.
 *
 * The HTTP layer makes an exchange when a request is complete and hands it
 * down. Whoever has it owes exactly one exchange_reply(), at once or later, or a
 * stream of server-sent events: exchange_start(), any number of exchange_send(),
 * exchange_finish(). A quiet stream is kept alive with comments by the HTTP layer.
 * Nothing below the HTTP layer includes anything of it: the answer goes
 * through `ops`, so a test can hand down an exchange of its own.
 *
 * Lifetime: every pointer in here lives until exchange_reply() or
 * exchange_finish() returns, or until `gone` has been called, whichever comes
 * first. After that, the exchange must not be touched. exchange_start() ends the life of the
 * request itself (method, path, query, headers, body); id and peer stay.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct exchange;

/* One response header; arrays of them end with { NULL, NULL }. */
struct header {
	const char *name;
	const char *value;
};

struct reply {
	int status;
	const char *content_type; /* NULL: no body and no Content-Type */
	const char *body;         /* copied before the call returns */
	size_t body_len;
	const struct header *headers; /* more headers, or NULL */
};

struct exchange_ops {
	void (*reply)(struct exchange *x, const struct reply *reply);
	void (*start)(struct exchange *x, const struct header *headers);
	bool (*send)(struct exchange *x, const char *bytes, size_t len);
	void (*finish)(struct exchange *x);
	/* Value of a request header (name in lower case), or NULL. `copies`, if
	 * not NULL, gets how often it was sent; the value is the first one's. */
	const char *(*header)(const struct exchange *x, const char *name, unsigned *copies);
};

struct exchange {
	const struct exchange_ops *ops;
	const char *method; /* "GET", "POST", ... */
	const char *path;   /* as sent, without the query */
	const char *query;  /* behind '?', "" when there is none */
	const char *body;   /* body[body_len] is NUL; the body may hold NULs itself */
	size_t body_len;
	const char *id;   /* request id: in the log and in X-Request-Id */
	const char *peer; /* address of the other side, for the log */
	unsigned route;   /* set by the router: its row, from 1; for counting */

	/*
	 * Set by whoever keeps the exchange while something is waited for. Called
	 * at most once, from the event loop, when the client has gone before the
	 * reply: there is nobody left to answer.
	 */
	void (*gone)(void *arg);
	void *gone_arg;
};

static inline void exchange_reply(struct exchange *x, const struct reply *reply)
{
	x->ops->reply(x, reply);
}

/* Begins a stream: 200, text/event-stream, and these headers (or NULL). */
static inline void exchange_start(struct exchange *x, const struct header *headers)
{
	x->ops->start(x, headers);
}

/*
 * Sends framed events (sse.h). False: the client reads too slowly or has gone; the
 * stream is over, and gone will be called from the loop.
 */
static inline bool exchange_send(struct exchange *x, const char *bytes, size_t len)
{
	return x->ops->send(x, bytes, len);
}

/* Ends the stream after what was sent. */
static inline void exchange_finish(struct exchange *x)
{
	x->ops->finish(x);
}

static inline const char *exchange_header(
    const struct exchange *x, const char *name, unsigned *copies)
{
	return x->ops->header(x, name, copies);
}
