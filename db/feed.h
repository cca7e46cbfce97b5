/*
 * feed: what changed in a namespace, in an order that never changes; and notes between agents.
 * Pairs of _ask and _read as in principals.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

#define FEED_SNIPPET_CHARACTERS 200
#define HANDOFF_NOTE_BYTES      (16 * 1024)

/* A place in the feed; all zeros: its beginning. */
struct feed_place {
	uint64_t xid; /* xid8 of PostgreSQL */
	int64_t seq;
	unsigned char id[16];
};

struct feed_change {
	char id[37];
	struct feed_place place;
	const char *kind; /* saved, updated, deleted */
	const char *agent;
	const char *session_id; /* may be NULL */
	int64_t created_us, updated_us;
	const char *snippet;
};

void feed_ask(struct query *q, const struct principal *who, const struct feed_place *behind,
    int32_t limit);
/* The place is of another database: the reader must begin anew. */
bool feed_is_foreign(const struct rows *rows);
int feed_count(const struct rows *rows);
void feed_read(const struct rows *rows, int row, struct feed_change *change);

struct handoff {
	char id[37];
	const char *from_agent, *note;
	int64_t created_us, fetched_us; /* ROWS_NO_TIME: it waits */
};

/* Texts are borrowed until it ran. */
void handoff_leave_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const char *to_agent, const char *note);
void handoff_fetch_ask(struct query *q, const struct principal *who, int32_t limit);
void handoff_list_ask(struct query *q, const struct principal *who, int32_t limit);
void handoff_read(const struct rows *rows, int row, struct handoff *handoff);
