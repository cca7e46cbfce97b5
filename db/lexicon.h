/*
 * lexicon: what is stored of a memory's words, and how a question asks for them.
 *
 * A term is stored as a number from 2 to LEXICON_DIMENSIONS, mixed with its namespace, so that the lists
 * of the index are each namespace's own. Beside the sorted numbers there is a sparse vector with what a
 * term counts in BM25 before length and rarity: tf (k1 + 1) / (tf + k1). Both of these change with the
 * namespace and are looked up when asking (db/sql/search_words.sql). The vector also has the phrases: pairs of
 * words that follow each other, the beginnings of words, the terms of its last text's questions, and LEXICON_ASKS when it ends in one.
 */
#pragma once

#include <stdint.h>

#include "query.h"
#include "text.h"

#define LEXICON_DIMENSIONS 1000000000 /* pgvector's most */
#define LEXICON_ASKS       1          /* no term's number */
/* pgvector's most entries of a sparse vector. Of a memory with more distinct terms and phrases the
 * most frequent count in a search; erasing by words knows all terms. */
#define LEXICON_VECTOR_TERMS 16000
/* Distinct terms of a question that are looked up, and its phrases, and beginnings; the first ones. */
#define LEXICON_QUERY_TERMS 64

/* What a memory is found by. Texts may be NULL with a length of 0. */
struct lexicon_source {
	const char *user_input;
	size_t user_input_len;
	const char *assistant_response;
	size_t assistant_response_len;
	int64_t event_us; /* ROWS_NO_TIME: none */
};

#define LEXICON_PARAMS 4

/* Adds what is stored: terms int[], lexicon sparsevec, words int, text_version int. False: out of memory; then NULLs. */
bool lexicon_add(struct query *q, const char *namespace, const struct lexicon_source *source)
    __attribute__((warn_unused_result));

/*
 * The same in slices, for long texts, which must outlive the job until it is ready. NULL: out of memory.
 * After LEXICON_MORE go on; lexicon_end() frees it in any case.
 */
struct lexicon_job;
enum lexicon_progress { LEXICON_MORE, LEXICON_READY, LEXICON_FAILED };

struct lexicon_job *lexicon_begin(const char *namespace, const struct lexicon_source *source);
/* About so many bytes of the texts, or one of the lists that they gave; texts of no more than so many all at once. */
enum lexicon_progress lexicon_some(struct lexicon_job *job, size_t bytes);
/* A job that is ready, as often as it is asked for. */
void lexicon_add_job(struct query *q, const struct lexicon_job *job);
void lexicon_end(struct lexicon_job *job); /* NULL is fine */

/* Adds int[]: all terms of a text, as memories that hold every one of them have them. The same. */
bool lexicon_add_words(struct query *q, const char *namespace, const char *words, size_t len)
    __attribute__((warn_unused_result));

/* Begins as {0}; lexicon_question_fini() frees it in any case. */
struct lexicon_question {
	uint32_t namespace;
	struct terms terms; /* numbers, each once, without function words if there are others */
	struct terms_beside beside;
};

/* False: out of memory. */
bool lexicon_find(struct lexicon_question *question, const char *namespace, const char *words,
    size_t len) __attribute__((warn_unused_result));
/* Adds its terms: int[]. */
void lexicon_add_terms(struct query *q, const struct lexicon_question *question);
/* Adds its phrases and beginnings: int[] of their numbers, of their (first) terms, of their second ones, 0 for a beginning. */
void lexicon_add_beside(struct query *q, const struct lexicon_question *question);
void lexicon_question_fini(struct lexicon_question *question);
