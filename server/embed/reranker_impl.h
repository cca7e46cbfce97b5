/*
 * reranker_impl: between the way of a request (reranker.c) and what is on the wire (reranker_send.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "embed/post.h"
#include "embed/reranker.h"

#define RERANK_SAID_BYTES 200 /* of an error's text, for the log of the probe */

struct reranker {
	struct reranker_config config; /* its texts are owned */
	char *url, *key, *model;
	struct curl_loop *loop;
	struct breaker breaker;
	struct reranker_stats stats;
	bool texts;                   /* it is of the kind of Text Embeddings Inference */
	bool proven;                  /* it has answered once */
	char error[RERANK_WHY_BYTES]; /* of the latest failure */
	char said[RERANK_SAID_BYTES]; /* by an error, when it was probed */
	struct rerank probe;
};

struct rerank_wire {
	struct post post;
	bool texts;
	char *answer;
	size_t received, most;
};

/* Takes what is to be sent. False: out of memory. */
bool rerank_send_copy(struct rerank *q, const char *query, size_t query_len,
    const struct rerank_text *texts) __attribute__((warn_unused_result));

/* Makes q->wire with its post, but for job.done, for a provider of the kind with texts or not. False: out of memory. */
bool rerank_send_prepare(struct reranker *r, struct rerank *q, bool texts)
    __attribute__((warn_unused_result));

/* Reads the outcome into q->scores or q->why. */
enum rerank_outcome rerank_send_judge(struct reranker *r, struct rerank *q, CURLcode code);

/* What prepare made. */
void rerank_send_fini(struct rerank *q);
