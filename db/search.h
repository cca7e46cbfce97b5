/*
 * search: finding memories by their words (BM25 over the memory, its neighbours and its session: any word counts),
 * by the direction of their embedding (cosine similarity), or by both.
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
	const char *words; /* NULL: by embedding alone */
	size_t words_len;
	const float *embedding; /* EMBEDDING_DIMENSIONS numbers; NULL: by words alone */
	const char *session_id; /* NULL: all sessions */
	size_t session_id_len;
	const struct search_period *period; /* NULL: any time */
	int64_t half_life_s;                /* the newer counts more; 0: age does not matter */
	int32_t limit;
	int32_t characters; /* of each text in a hit */
	bool exact;         /* by embedding: compare all, do not use the index */
	bool strict;        /* nothing that was superseded or is no longer valid */
	bool explained;     /* hits have their terms */
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
	int64_t created_us, event_us;
	bool stale;
	char superseded_by[37]; /* "": nothing */
	/* By words: BM25 (0 and up). By embedding: cosine similarity (-1 to 1). By both: 0 to 2. */
	double score;
};

void search_read(const struct rows *rows, int row, struct search_hit *hit);

/* Why a hit is where it is. */
struct search_reasons {
	int word_rank, vector_rank; /* from 1; 0: not found that way */
	double word_score, own, around, session,
	    phrase; /* the first is the sum of the others */
	double similarity;
	bool measured;     /* there is a similarity */
	double fresh;      /* what half_life_s leaves of the score: 1 to 0.5 */
	const char *terms; /* JSON: [[term, idf], ...]; NULL: none, or not asked for */
};

void search_read_reasons(const struct rows *rows, int row, struct search_reasons *reasons);

/* What keeps a memory from being among the hits of a search. */
struct search_absence {
	bool exists; /* and may be seen; else nothing below counts */
	bool deleted, in_session, in_period, valid, indexed;
	const char *terms; /* JSON, as above: what it shares with the question; NULL: nothing */
	const char *embed_state; /* pending, ok, ... */
};

/* False: out of memory. */
bool search_absent_ask(struct query *q, const struct principal *who,
    const struct search *search, const unsigned char id[16])
    __attribute__((warn_unused_result));
void search_absent_read(const struct rows *rows, struct search_absence *absence);

/* The words of a question behind a number in terms: a callback for each. False: out of memory. */
typedef void (*search_word)(void *arg, int32_t term, const char *word, size_t len);
bool search_words_of(const struct principal *who, const char *words, size_t len,
    search_word found, void *arg) __attribute__((warn_unused_result));
