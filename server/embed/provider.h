/*
 * provider: an OpenAI-compatible service that turns texts into vectors: POST URL with {"model", "input"}.
 *
 * Requests wait in line, those of searches first, and few run at once. What fails for reasons of its own
 * (no connection, too slow, 429, 5xx, nonsense) is tried again within its deadline, after waits of
 * the breaker: exponential, with full jitter, and never before what Retry-After says. While the breaker is
 * open, everything is refused at once. Redirects are not followed, answers have a largest size, and the
 * key is in no text that leaves here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "breaker.h"
#include "embed/answer.h"
#include "histogram.h"

#define PROVIDER_ERROR_BYTES  160
#define PROVIDER_QUEUE_LIMIT  256 /* requests that wait */
#define PROVIDER_URGENT_MORE  2   /* may run beyond the concurrency */
#define PROVIDER_MOST_TRIES   3
#define PROVIDER_NUMBER_BYTES 40          /* of one number in an answer, at the most */
#define PROVIDER_SPARE_BYTES  (64 * 1024) /* of an answer beside its numbers; of an error all */

struct event_base;
struct provider;

struct provider_config {
	const char *name; /* of the breaker */
	const char *url;  /* whole: http(s)://.../embeddings */
	const char *key;  /* sent as Bearer; "": none */
	const char *model;
	size_t dimensions; /* asked for; 0: what the model gives */
	int concurrency;
	int timeout_ms; /* of one try */
};

enum provider_outcome {
	PROVIDER_OK,
	PROVIDER_UNAVAILABLE, /* for no fault of these texts */
	PROVIDER_REFUSED, /* one of these texts is the cause: too long, or without a usable vector */
	PROVIDER_OUTCOMES
};

struct provider_text {
	const char *s;
	size_t len;
};

struct provider_request;
struct provider_wire;
TAILQ_HEAD(provider_list, provider_request);

/* Zero it, fill it, and keep it until done. */
struct provider_request {
	const char *prefix; /* put before each text; "" for none */
	const struct provider_text *texts;
	size_t count;
	float *vectors;    /* count * EMBEDDING_DIMENSIONS, padded with zeros */
	size_t dimensions; /* that the vectors must have; 0: any, and then what they have */
	bool urgent;
	int64_t deadline_ms; /* clock_ms(): an outcome comes before it */
	void (*done)(void *arg, enum provider_outcome outcome);
	void *arg;

	/* The outcome in words: error without anything of the texts, for logs; message is the provider's own. */
	char error[PROVIDER_ERROR_BYTES];
	char message[ANSWER_MESSAGE_BYTES];
	enum answer_fault fault;

	/* The provider's own. */
	struct provider *provider;
	enum { REQUEST_NOWHERE, REQUEST_WAITING, REQUEST_RUNNING } place;
	int tries;
	int64_t began_ms;
	struct provider_wire *wire; /* REQUEST_RUNNING */
	TAILQ_ENTRY(provider_request) link;
};

struct provider_stats {
	uint64_t outcomes[PROVIDER_OUTCOMES]; /* of requests */
	uint64_t texts, retries;
	struct histogram took; /* each try */
	int waiting, running;
};

/* Copies the configuration. NULL: error says why. */
struct provider *provider_new(struct event_base *base, const struct provider_config *config,
    char *error, size_t error_len);
void provider_free(struct provider *p); /* nobody waits any more; NULL is fine */

/* done comes exactly once, not from within. */
void provider_ask(struct provider *p, struct provider_request *r);

/* done will not come. Fine for what has ended, or was never asked. */
void provider_cancel(struct provider_request *r);

/* Would be refused at once? */
bool provider_is_away(struct provider *p);
struct breaker *provider_breaker(struct provider *p);
void provider_reset_breaker(struct provider *p);
const struct provider_stats *provider_stats(const struct provider *p);
