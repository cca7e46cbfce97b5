/*
 * service: what one running server consists of; made in serve.c, borrowed by everyone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct auth;
struct event_base;
struct events;
struct pool;

enum schema_state {
	SCHEMA_WAITING, /* the database has not been reached, or migrations run */
	SCHEMA_READY,
	SCHEMA_FAILED, /* a person must look; the log says why */
};

struct service {
	struct event_base *base;
	struct options *options;
	struct pool *pool;
	struct auth *auth;
	struct events *events;
	enum schema_state schema;
	bool draining;
	int64_t started_ms; /* clock_ms() */
};
