/*
 * reranker: a service that says how well each of some texts answers a question; hits are put in that order.
 *
 * Two kinds are known: POST .../v1/rerank with {"model", "query", "documents", "top_n"} (Jina, Cohere, SiliconFlow,
 * vLLM, llama.cpp) and POST .../rerank with {"query", "texts", "truncate"} (Text Embeddings Inference). A path
 * with a version is taken for the first; whichever it was, a 400 or 422 before anything has succeeded
 * makes it try the other. No more is sent than both describe: Cohere refuses what it does not know.
 *
 * Nothing waits in line and nothing is tried again: there is one time limit, and after it the order of
 * the search stands. A provider that fails is left alone by a breaker.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "breaker.h"
#include "histogram.h"

#define RERANK_ENDPOINT     "/rerank" /* what a URL ends with */
#define RERANK_MOST_TEXTS   50
#define RERANK_TEXT_BYTES   2000        /* of each part of a text, from its beginning */
#define RERANK_QUERY_BYTES  2000        /* the same */
#define RERANK_AT_ONCE      32          /* requests; over it the order of the search stands */
#define RERANK_ANSWER_BYTES (64 * 1024) /* beside the texts, which some send back */
#define RERANK_WHY_BYTES    240

struct event_base;
struct reranker;
struct rerank_wire;

struct reranker_config {
	const char *url; /* whole: http(s)://.../rerank */
	const char *key; /* sent as Bearer; "": none */
	const char *model;
	int timeout_ms;
	size_t candidates; /* hits of a search that are sent, RERANK_MOST_TEXTS at the most */
};

enum rerank_outcome {
	RERANK_OK,
	RERANK_LATE,    /* not within the time limit */
	RERANK_FAILED,  /* no connection, an error, nonsense */
	RERANK_REFUSED, /* these texts, by a provider that took others */
	RERANK_SKIPPED, /* not asked: it is left alone, or too many are under way */
	RERANK_CANCELLED,
	RERANK_OUTCOMES
};

struct reranker_stats {
	uint64_t outcomes[RERANK_OUTCOMES];
	struct histogram took; /* each request */
	int running;
};

struct rerank_text {
	const char *parts[2]; /* sent one below the other */
	size_t lens[2];
};

/* One request; embedded in its owner, zeroed at first; rerank_fini() at the end. */
struct rerank {
	double *scores; /* of each text, the higher the better; owned. NULL: there are none */
	char why[RERANK_WHY_BYTES]; /* why not, without anything of the texts */

	/* The reranker's own. */
	struct reranker *reranker;
	struct rerank_wire *wire;
	char *query, *texts; /* as JSON */
	size_t count, sent_bytes;
	int64_t began_ms, deadline_ms;
	bool switched; /* the other kind is being tried */
	void (*done)(void *arg);
	void *arg;
};

/* Copies the configuration. NULL: error says why. */
struct reranker *reranker_new(struct event_base *base, const struct reranker_config *config,
    char *error, size_t error_len);
void reranker_free(struct reranker *r); /* nobody waits any more; NULL is fine */

/* Asks it once, and logs how that went: mistakes of its configuration are seen at the start. */
void reranker_probe(struct reranker *r);

/* Copies what it sends. True: done will come, within the time limit. False: q->why says why not. */
bool reranker_ask(struct reranker *r, struct rerank *q, const char *query, size_t query_len,
    const struct rerank_text *texts, size_t count, void (*done)(void *arg), void *arg)
    __attribute__((warn_unused_result));

/* Gives up what waits, and frees. */
void rerank_fini(struct rerank *q);

const struct reranker_config *reranker_config(const struct reranker *r);
const struct reranker_stats *reranker_stats(const struct reranker *r);
struct breaker *reranker_breaker(struct reranker *r);

/* Why hits are not re-ranked now; NULL: they are. Borrowed until the loop goes on. */
const char *reranker_problem(const struct reranker *r);
