/*
 * embedder: vectors of texts, for searches and for what is stored.
 *
 * It probes the provider behind the start: which model it is, and how many dimensions its vectors have.
 * Until then, while the provider is away, and while the stored vectors are of another model, there
 * are no vectors of queries, and embedder_problem() says why: searches then go by words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "embed/provider.h"

#define EMBEDDER_WHY_BYTES   480
#define EMBEDDER_MODEL_BYTES 232 /* "name@dimensions" */

struct embedder;

struct embedder_config {
	struct provider_config provider;
	const char *query_prefix, *text_prefix; /* some models want them; "" */
	size_t chunk_bytes;                     /* of a text in one vector */
	size_t batch;                           /* texts in one request */
	int query_ms;                           /* for the vector of one query */
};

/* Nothing is asked yet. NULL: error says why. */
struct embedder *embedder_new(struct event_base *base, const struct embedder_config *config,
    char *error, size_t error_len);
void embedder_free(struct embedder *e); /* nobody waits any more; NULL is fine */

/* Starts the probe, which is repeated until there is an answer. opened, which may be NULL, follows it once. */
void embedder_open(struct embedder *e, void (*opened)(void *arg), void *arg);

const struct embedder_config *embedder_config(const struct embedder *e);
struct provider *embedder_provider(struct embedder *e);

/* "Qwen/Qwen3-Embedding-8B@4096", once it is known; else NULL. */
const char *embedder_model(const struct embedder *e);
size_t embedder_dimensions(const struct embedder *e); /* 0: not known yet */

/* Why no query has a vector now; NULL: it may have. Borrowed until the loop goes on. */
const char *embedder_problem(struct embedder *e);

/* The stored vectors do not fit: why, and what to do; NULL: they do. Copied. */
void embedder_block(struct embedder *e, const char *why);

/* --- the vector of a query --- */

enum embedder_query_state {
	QUERY_NO_VECTOR, /* why says it: go by words */
	QUERY_VECTOR,    /* it is in vector */
	QUERY_WAITS,     /* done will come, within query_ms */
};

/* Embedded in its owner, zeroed at first; embedder_query_fini() at the end. */
struct embedder_query {
	float *vector; /* EMBEDDING_DIMENSIONS numbers, owned; NULL: there is none */
	char why[EMBEDDER_WHY_BYTES];

	/* The embedder's own. */
	struct embedder *embedder;
	struct provider_request request;
	struct provider_text text;
	char *copy;
	void (*done)(void *arg);
	void *arg;
};

struct embedder_cache_stats {
	uint64_t hits, misses;
};

/* The text is copied; of a long one the beginning counts. done comes only after QUERY_WAITS. */
enum embedder_query_state embedder_query(struct embedder *e, struct embedder_query *q,
    const char *text, size_t len, void (*done)(void *arg), void *arg);

/* Gives up what waits, and frees. */
void embedder_query_fini(struct embedder_query *q);

struct embedder_cache_stats embedder_cache_stats(const struct embedder *e);
