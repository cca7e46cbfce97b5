/*
 * extract: the sentences of some texts that say most about a question, without any model.
 *
 * A sentence counts by the rare words it shares with the question (BM25 over the sentences
 * at hand), and each thing said is taken once.
 *
 *	extract_add each text -> extract_pick -> read the picked items -> extract_fini
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct sentence {
	const char *s; /* borrowed from the text */
	size_t len;
	int source; /* as given to extract_add() */
	double score;
	bool picked;
	struct terms terms;
};

/* All zeros is empty. */
struct extract {
	struct sentence *items; /* owned; in the order of the texts */
	size_t count, capacity;
};

/*
 * The length of the sentence that begins at s, its end included: a full stop, question or
 * exclamation mark of any script, a line's end, or EXTRACT_SENTENCE_BYTES.
 */
#define EXTRACT_SENTENCE_BYTES 500
size_t sentence_len(const char *s, size_t len);

/* Takes the sentences of a text, at most EXTRACT_SENTENCES in all. False: out of memory. */
#define EXTRACT_SENTENCES 1000
bool extract_add(struct extract *e, int source, const char *text, size_t len)
    __attribute__((warn_unused_result));

/*
 * Marks the best sentences, bytes in all, where the first of a source costs source_bytes more;
 * far worse ones than the best are left even when there is room.
 * When none shares a word with the question, the first sentence of each source is as good as
 * any. question is reduced (terms_reduce).
 */
void extract_pick(
    struct extract *e, const struct terms *question, size_t bytes, size_t source_bytes);

void extract_fini(struct extract *e);
