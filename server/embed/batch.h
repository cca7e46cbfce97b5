/*
 * batch: vectors of memories, however long: cut into pieces, sent a few at a time, and when the provider refuses
 * some, one memory after the other, so that only the one that is the cause goes without.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "embed/embedder.h"

enum batch_outcome {
	BATCH_UNAVAILABLE, /* not made, for no fault of this memory */
	BATCH_REFUSED,     /* error says why there is no vector of it */
	BATCH_DONE,
};

struct batch_item {
	/* What is to be embedded, in this order; borrowed until done. */
	struct provider_text texts[2];

	/* The outcome. */
	enum batch_outcome outcome;
	const float *vectors; /* parts * EMBEDDING_DIMENSIONS; the batch's */
	size_t parts;
	char error[PROVIDER_ERROR_BYTES + ANSWER_MESSAGE_BYTES + 4];

	/* The batch's own. */
	char *joined;
	size_t first;
	bool over;
};

struct embed_batch {
	struct embedder *embedder;
	struct batch_item *items; /* the caller's */
	size_t count;
	char
	    error[PROVIDER_ERROR_BYTES]; /* of those that are BATCH_UNAVAILABLE; fit for logs */

	/* Its own. */
	void (*done)(void *arg);
	void *arg;
	struct provider_text *pieces;
	size_t *owners; /* of the pieces: which item */
	size_t piece_count;
	float *vectors;
	size_t at,
	    sending; /* pieces before at have their vectors; sending of them are under way */
	size_t alone_until; /* pieces before it go with those of their own memory only */
	struct provider_request request;
};

/* Zero the items but for their texts. done comes later, once. False: out of memory, done will not come. */
bool embed_batch_start(struct embed_batch *b, struct embedder *embedder,
    struct batch_item *items, size_t count, void (*done)(void *arg), void *arg)
    __attribute__((warn_unused_result));

/* Gives up what is under way, and frees; all zeros are fine. */
void embed_batch_fini(struct embed_batch *b);
