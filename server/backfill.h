/*
 * backfill: gives every memory its vectors, after it was saved: row first, vector later.
 *
 * Any number of processes may do it beside each other, and die at any moment: what one has claimed is
 * free again after a while. While the provider is away it waits; while the stored vectors are of another
 * model it says so and does nothing.
 */
#pragma once

#include <stdint.h>

struct backfill;
struct service;

/* service->embedder is there. NULL: out of memory. */
struct backfill *backfill_new(struct service *service);
void backfill_open(struct backfill *b); /* the schema is there */
void backfill_free(struct backfill *b); /* before embedder and database; NULL is fine */

/* Something was saved that wants a vector; NULL is fine: there is no provider. */
void backfill_kick(struct backfill *b);

struct backfill_stats {
	int64_t waiting; /* at the latest round; up to EMBED_BACKLOG_LIMIT */
	int64_t
	    oldest_us; /* when the oldest of them was saved; ROWS_NO_TIME: none, or too many to look */
	uint64_t stored, failed; /* memories with vectors, and without */
};

const struct backfill_stats *backfill_stats(const struct backfill *b);
