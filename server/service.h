/*
 * service: what one running server consists of; made in serve.c, borrowed by everyone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct auth;
struct backfill;
struct database;
struct embedder;
struct event_base;
struct ended_sessions;
struct events;
struct http_server;
struct reranker;
struct signer;
struct streams;
struct surface;
struct housekeeping;
struct tasks;
struct vector_keeper;

enum schema_state {
	SCHEMA_WAITING, /* the database has not been reached, or migrations run */
	SCHEMA_READY,
	SCHEMA_FAILED, /* a person must look; the log says why */
};

struct service {
	const struct surface *surface;
	struct event_base *base;
	struct options *options;
	struct database *db;
	struct http_server *http; /* the public one */
	struct auth *auth;
	struct events *events;
	struct signer *signer;
	struct ended_sessions *ended;
	struct streams *streams;
	struct tasks *tasks;
	struct housekeeping *housekeeping;
	struct vector_keeper *vectors;
	struct embedder *embedder; /* NULL: no provider is configured ... */
	struct backfill *backfill; /* ... and nothing to be done */
	struct reranker *reranker; /* NULL: none is configured */
	enum schema_state schema;
	bool draining;
	int64_t started_ms; /* clock_ms() */
};
