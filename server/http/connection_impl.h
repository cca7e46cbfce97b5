/*
 * connection_impl: a connection's own state, shared by connection.c (life and
 * reading) and answer.c (writing), and by nobody else.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/event_struct.h>

#include "connection.h"
#include "exchange.h"
#include "output.h"
#include "parser.h"

enum connection_state {
	READING,
	HANDLING,
	STREAMING,
	FLUSHING,
	LINGERING,
	CLOSED,
	STATE_COUNT
};

#define STREAM_IS_OVER 1 /* as a deadline: the next sweep closes it */

struct connection {
	struct exchange x; /* first: the exchange is the connection; HANDLING and STREAMING */
	struct http_server *server;
	TAILQ_ENTRY(connection) link;
	int fd;
	enum connection_state state;
	unsigned holds;   /* frames on the stack that still use this struct */
	bool close_after; /* the answer: keep-alive is over */
	bool lingers;     /* ... and the client may still be sending */
	bool input_ended; /* the client has half-closed */
	bool chunked;     /* STREAMING to HTTP/1.1 */
	bool pending;     /* the handler has the exchange */
	struct event readable, writable, gone;
	int64_t deadline_ms; /* 0: none */
	int64_t sent_ms;     /* STREAMING: when something was last sent */
	int64_t accepted_us;
	int64_t request_us; /* when the latest request was complete; 0: none was yet */
	struct parser parser;
	struct http_request *request; /* HANDLING */
	struct evbuffer *ahead;       /* read while HANDLING, STREAMING or FLUSHING */
	struct output output;
	char request_id[24];
	in_port_t peer_port;
	char peer[INET6_ADDRSTRLEN];
};

extern const struct exchange_ops connection_exchange_ops; /* answer.c */

void connection_move(struct connection *c, enum connection_state state);

/* The one way out. A struct that is held stays until it is released. */
void connection_close(struct connection *c);

/* Around anything that may close c and is not the last thing done with it. */
void connection_hold(struct connection *c);

/* The last release frees a closed connection, and goes on reading with an open one. */
void connection_release(struct connection *c);

/* Counts the answer to the request that is being handled, before it is freed. */
void connection_count(const struct connection *c, int status);

/* The exchange is over for the one who had it. */
void connection_end_exchange(struct connection *c);

/* Refuses a request that never became one, or came too late; the connection ends with it. */
void connection_refuse(struct connection *c, int status, const char *text);

/* Something was handed to the socket: what it means for the connection. Hold c. */
void connection_sent(struct connection *c, enum output_state sent);

/* STREAMING: a comment for a stream that has been quiet for too long. */
void connection_keep_alive(struct connection *c, int64_t now_ms);
