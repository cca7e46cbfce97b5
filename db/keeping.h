/*
 * keeping: the statements of housekeeping. They are the server's own, of no namespace.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

/* Rows: id, namespace, session_id of what expired. */
void keep_expire_ask(struct query *q, int32_t limit);

/* Rows: memories without indexed words. */
void keep_unindexed_ask(struct query *q, int32_t limit);
/* Indexes one of them. False: out of memory. */
bool keep_index_ask(struct query *q, const struct rows *unindexed, int row)
    __attribute__((warn_unused_result));

/* Adds up what changed in how many memories have which terms: so many changes at once. */
void keep_lexicon_ask(struct query *q, int32_t limit);
int64_t keep_lexicon_read(const struct rows *rows); /* how many changes it were */

/* Rows: id, and whether its vector was a random one. */
void keep_vectors_ask(struct query *q, int32_t limit);

void keep_feed_ask(struct query *q);

/* Times that do not matter are ROWS_NO_TIME, keep_latest then -1. */
struct retention {
	int64_t older_us, idle_us, purge_us;
	int64_t keep_latest;
	bool dry;
	const char *json; /* for the receipt; borrowed until it ran */
};

void retention_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct retention *retention);

struct retention_counts {
	int64_t all, old, idle, beyond, purged;
};

void retention_read(const struct rows *rows, struct retention_counts *counts);
