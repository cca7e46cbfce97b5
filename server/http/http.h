/*
 * http: an HTTP/1.1 server on one event loop (RFC 9110, RFC 9112).
 *
 * It reads requests (llhttp in strict mode and the checks of semantics.h),
 * hands complete ones to the handler one at a time per connection, and writes
 * the answers in order. It refuses what is malformed by itself, with a JSON
 * body. A client that closes, or half-closes, while its request is being
 * answered has gone: exchange.gone is called and the connection ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"

struct event_base;
struct http_server;

/* Answers x now or later (exchange.h). Runs on the event loop. */
typedef void (*http_handler)(struct exchange *x, void *arg);

#define HTTP_CLIENT_LEFT                                                                       \
	499 /* the status of a request whose client did not wait (as nginx has it) */

struct http_config {
	size_t max_connections;
	http_handler handler;
	void *handler_arg;
	const char *flag; /* the option that chose the address, for complaints */
	/*
	 * Told of every answer, for counting; may be NULL. method NULL: it never became a request.
	 * us: from the complete request to its answer, or to the start of a stream; -1: no such time.
	 */
	void (*answered)(unsigned route, const char *method, int status, int64_t us);
};

/* Why streams ended that neither side wanted to end. */
enum http_drop {
	DROP_QUEUE_FULL, /* the client reads too slowly */
	DROP_STALLED,    /* it did not take a byte for too long */
	DROP_BROKEN,     /* the connection failed */
	DROP_COUNT
};

/* Numbers for status pages and tests. */
struct http_stats {
	size_t connections;
	size_t streams;          /* of events, open now */
	size_t requests_pending; /* handed to the handler, not answered yet */
	size_t body_bytes;       /* of requests being read or answered */
	uint64_t dropped[DROP_COUNT];
};

/* One connection, for status pages. */
struct http_client {
	const char *address;
	unsigned port;
	const char *state; /* idle; active: its request is worked on; waiting: for the client */
	unsigned route;    /* of the latest request */
	bool streams;
	size_t queued_bytes;              /* sent, and not yet taken by the kernel */
	int64_t connected_us, request_us; /* how long ago; request -1: there was none yet */
};

struct http_server *http_new(struct event_base *base, const struct http_config *config);

/*
 * Listens on "host:port" or "[v6]:port"; may be called more than once. On
 * failure returns false and leaves one sentence in error.
 */
bool http_listen(struct http_server *http, const char *address, char *error, size_t error_len);

/* Closes all listeners; connections stay. http_listen() may follow. */
void http_stop_listening(struct http_server *http);

/* The port a listener got (for ":0"); 0 when there is none. */
unsigned http_port(const struct http_server *http);

/*
 * Stops accepting, closes idle connections, lets requests under way finish
 * with "Connection: close", then calls drained once, from the loop. After
 * drain_ms what is left is closed.
 */
void http_drain(struct http_server *http, int drain_ms, void (*drained)(void *arg), void *arg);

struct http_stats http_stats(const struct http_server *http);

/* All connections, the longest connected first. each() must not answer or close any. */
void http_each_client(const struct http_server *http,
    void (*each)(void *arg, const struct http_client *client), void *arg);

/* Closes everything at once; calls gone for what is pending. NULL is fine. */
void http_free(struct http_server *http);
