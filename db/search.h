/*
 * search: finding memories, by their words (BM25, any word counts) or by the
 * direction of their embedding (cosine similarity).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memories.h"
#include "principals.h"
#include "query.h"
#include "rows.h"

#define SEARCH_SNIPPET_CHARACTERS 1000 /* of each text in a hit; memory_get gives the whole */

/* When it happened, or was written where that is not known: [from, to); ROWS_NO_TIME: open. */
struct search_period {
	int64_t from_us, to_us;
};

struct search {
	const char *words; /* used when embedding is NULL */
	size_t words_len;
	const float *embedding; /* EMBEDDING_DIMENSIONS numbers, or NULL */
	const char *session_id; /* NULL: all sessions */
	size_t session_id_len;
	const struct search_period *period; /* NULL: any time */
	int32_t limit;
	int32_t characters; /* of each text in a hit */
};

/* Borrowed texts must outlive the query. False: out of memory. */
bool search_ask(struct query *q, const struct principal *who, const struct search *search)
    __attribute__((warn_unused_result));

/* The latest memories instead, newest first, with the columns of a search (score 0). */
void search_recent_ask(struct query *q, const struct principal *who, const char *session_id,
    size_t session_id_len, int32_t limit);

/* One hit, best first; texts are borrowed from the rows. */
struct search_hit {
	char id[37];
	const char *session_id; /* may be NULL */
	const char *agent;
	const char *user_input;
	const char *assistant_response;
	bool truncated; /* a text is longer than SEARCH_SNIPPET_CHARACTERS */
	int64_t created_us;
	double score; /* BM25 (0 and up), or cosine similarity (-1 to 1) */
};

void search_read(const struct rows *rows, int row, struct search_hit *hit);
