/*
 * text: words of a text as hashed terms, the same for storing and for asking.
 *
 *	bytes -> code points in NFKC (text_split.c) -> runs of one script -> words (text_words.c) -> terms
 *
 * A word gives its stem (Snowball English) in lower case, Latin letters without accents. CJK text, which
 * has no blanks, gives every character and every pair of neighbours; an emoji gives itself. What is
 * glued together (snake_case, CamelCase, paths, versions, addresses) gives the whole and its
 * parts; a long hexadecimal number also its first seven digits. Written dates give their words and
 * the date they mean (text_dates.c), in whatever form they were written.
 *
 * A term is a hash of 32 bits. Whoever stores terms stores TEXT_VERSION with them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One more whenever a text gives other terms than before; see migrations/0020_lexicon.sql. */
#define TEXT_VERSION 1

struct terms {
	int32_t *items; /* owned */
	size_t count;
	size_t capacity;
};

/* Appends the terms of a text, repeated as often as they occur. False: out of memory. */
bool terms_add_text(struct terms *terms, const char *text, size_t len)
    __attribute__((warn_unused_result));

/* What a text has beside its terms; terms_beside_fini() frees it. */
struct terms_beside {
	struct terms
	    pairs; /* two by two: words that follow each other, function words left out */
	struct terms
	    beginnings;     /* two by two: an English word and its first letters, which have a
	                          * term of their own: paint, painter */
	struct terms asked; /* the terms of its questions */
	bool asks;          /* it ends in a question, whatever stands in brackets behind it */
};

/* The same, and adds what there is beside them; asked and asks are those of this text. */
bool terms_add_text_beside(struct terms *terms, struct terms_beside *beside, const char *text,
    size_t len) __attribute__((warn_unused_result));

/* The same in slices, for long texts, which must outlive the job like terms and beside. NULL: out of memory. */
struct terms_job;
enum terms_progress { TERMS_MORE, TERMS_DONE, TERMS_FAILED };

struct terms_job *terms_begin(
    struct terms *terms, struct terms_beside *beside, const char *text, size_t len);
/* About so many bytes of it. After TERMS_MORE go on, after the others terms_end(). */
enum terms_progress terms_some(struct terms_job *job, size_t bytes);
void terms_end(struct terms_job *job); /* NULL is fine */

/* The same for a time (microseconds since 1970, as UTC), as if its date were written out. */
bool terms_add_date(struct terms *terms, int64_t unix_us) __attribute__((warn_unused_result));

/* Leaves out English function words, unless nothing else is left. Keeps the order. */
void terms_drop_function_words(struct terms *terms);

/* Turns terms of a question into search terms: without function words, sorted, each once. */
void terms_reduce(struct terms *terms);

void terms_fini(struct terms *terms);
void terms_beside_fini(struct terms_beside *beside);
