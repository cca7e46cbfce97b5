/*
 * connection: one client connection, from accept to close.
 *
 *	READING --request complete--> HANDLING --reply--> READING
 *	   |                             |  \
 *	   |refused                      |   `--socket full--> FLUSHING --> READING
 *	   v                             v                        |
 *	LINGERING <----- close wanted, unread input ---------------'
 *
 * One request at a time is with the handler; what the client sends meanwhile is
 * read ahead up to MAX_PIPELINED_BYTES. Every state has an absolute deadline,
 * except HANDLING, whose handler has one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct connection;
struct event_base;
struct http_client;
struct http_server;
struct sockaddr;

TAILQ_HEAD(connections, connection);

/* Takes the descriptor over. False: out of memory, the descriptor is closed. */
bool connection_new(struct http_server *server, int fd, const struct sockaddr *peer);

/* Closes connections whose deadline is over. */
void connections_sweep(struct connections *connections, int64_t now_ms);

/* See http_each_client(). */
void connections_each(const struct connections *connections,
    void (*each)(void *arg, const struct http_client *client), void *arg);

/* Drain: closes what is idle; what is being answered closes after its answer. */
void connections_drain(struct connections *connections);

/* Closes everything; gone is called for what is pending. */
void connections_close(struct connections *connections);
