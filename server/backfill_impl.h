/*
 * backfill_impl: between the rounds (backfill.c) and one batch of memories (backfill_lane.c).
 */
#pragma once

#include <stdbool.h>

#include "backfill.h"
#include "embed/batch.h"
#include "embedding.h"
#include "query.h"
#include "server_limits.h"

struct event;

struct lane {
	struct backfill *backfill;
	bool busy;
	struct query query;
	struct rows *rows; /* claimed */
	struct embed_claimed *claimed;
	struct batch_item *items;
	struct embed_batch batch;
	int count, at; /* memories, and how many of them are settled */
	unsigned char (*unavailable)[16];
	size_t unavailable_count;
};

struct backfill {
	struct service *service;
	struct event *timer, *kick, *again;
	struct query query;
	bool asking;                     /* query runs */
	bool fits;                       /* the stored vectors are of this model */
	char told[EMBEDDER_MODEL_BYTES]; /* the other model, once it was said */
	void (*asked)(
	    struct backfill *b, struct rows *rows); /* who gets what the query brings */
	struct lane lanes[BACKFILL_LANES];
	struct backfill_stats stats;
};

/* Claims memories and embeds them, again and again, until there are none. */
void lane_start(struct lane *lane);
void lane_stop(struct lane *lane);

/* What was given back is due again after so long. */
void backfill_again(struct backfill *b, int64_t ms);

/* Has found as many as it could take: another one may help. */
void backfill_help(struct backfill *b);
