/*
 * ranks: reads what a rerank provider answers: {"results": [{"index", "relevance_score"}, ...]} (Jina, Cohere) or
 * [{"index", "score"}, ...] (Text Embeddings Inference), in any order. Pure: bytes in, numbers out.
 */
#pragma once

#include <stddef.h>

#define RANKS_MOST_VALUES 4096 /* in an answer; one of 50 scores has a few hundred */

enum ranks_fault {
	RANKS_OK,
	RANKS_NOT_JSON,  /* HTML, half a body, nothing at all, NaN */
	RANKS_CROWDED,   /* more than RANKS_MOST_VALUES: not read at all */
	RANKS_NO_SCORES, /* JSON, but not of this kind */
	RANKS_COUNT,     /* fewer or more scores than texts */
	RANKS_INDEX,     /* of a text that was not sent, or of one twice */
};

/*
 * The score of each of so many texts; numbers, finite, of any scale. After a fault nothing in scores counts. The
 * caller limits len: it is read in one go.
 */
enum ranks_fault ranks_read(const char *json, size_t len, double *scores, size_t count);

/* "is not JSON", for a sentence that begins with "the answer". */
const char *ranks_fault_text(enum ranks_fault fault);
