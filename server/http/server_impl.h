/*
 * server_impl: the HTTP server's own state, shared by its files and by nobody else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "connection.h"
#include "http.h"
#include "server_limits.h"

#define MAX_LISTENERS     4
#define READ_BUFFER_BYTES (64 * 1024)

struct evconnlistener;
struct event;

struct http_server {
	struct event_base *base;
	struct http_config config;
	struct connections connections;
	struct http_stats stats;
	struct event *sweep;
	bool draining;
	void (*drained)(void *arg);
	void *drained_arg;
	struct event *drain_deadline;

	struct evconnlistener *listeners[MAX_LISTENERS];
	size_t listener_count;
	struct event *resume; /* pending: accepting is paused */
	bool pause_logged;    /* once per shortage, not once per try */
	bool memory_is_scarce;

	unsigned request_prefix; /* request ids: random per process, then a counter */
	unsigned request_count;
	char buffer[READ_BUFFER_BYTES]; /* for reading; used by one connection at a time */
};

/* A connection has ended: listeners may go on, a drain may be over. */
void http_connection_ended(struct http_server *server);
