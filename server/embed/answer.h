/*
 * answer: reads what an embedding provider answers (the JSON of OpenAI's /v1/embeddings), piece by piece as
 * it arrives, so that a large one holds nobody up.
 *
 * Vectors come as arrays of numbers or as base64 of little-endian floats, in any order of their
 * index. Each is checked when it ends: finite numbers, not all zero, as many as in the others. What else
 * the answer holds is skipped. Pure: bytes in, numbers out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "embed/number.h"
#include "memories.h"

#define ANSWER_DEPTH         16  /* of containers in each other */
#define ANSWER_KEY_BYTES     16  /* longer keys are none that matter */
#define ANSWER_MESSAGE_BYTES 240 /* kept of what the provider says about an error */

enum answer_fault {
	ANSWER_OK,
	ANSWER_NOT_JSON,   /* HTML, half a body, nothing at all */
	ANSWER_NO_VECTORS, /* JSON, but not of this kind */
	ANSWER_COUNT,      /* fewer or more vectors than texts, or one twice */
	ANSWER_DIMENSIONS, /* vectors of different lengths, or another length than before */
	ANSWER_TOO_LARGE,  /* more than EMBEDDING_DIMENSIONS numbers */
	ANSWER_NOT_FINITE, /* NaN, infinity, or no number at all */
	ANSWER_ZERO,       /* all zeros: no direction */
	ANSWER_BASE64,
};

struct answer {
	/* The caller's: wanted vectors of EMBEDDING_DIMENSIONS numbers, padded with zeros. */
	float *vectors;
	size_t wanted;
	size_t dimensions; /* of each; 0: as the first has it */

	enum answer_fault fault;            /* the first one; nothing is read behind it */
	char message[ANSWER_MESSAGE_BYTES]; /* an error's text, when the answer has one */

	/* The reader's own. */
	bool *seen;
	size_t arrived;
	float *vector; /* the one being read */
	char *base64;
	size_t length, base64_len; /* of these */
	bool has_vector, has_index;
	size_t index;
	enum answer_fault shape; /* of the vector, known before its index is */
	struct {
		unsigned char kind; /* '{' or '[' */
		unsigned char role;
	} open[ANSWER_DEPTH];
	int depth;
	int expects;
	int token;
	const char *literal;
	unsigned char value_role;
	bool is_key, message_taken;
	char key[ANSWER_KEY_BYTES];
	size_t key_len, message_len;
	int escape;
	struct number number;
};

/* False: out of memory. */
bool answer_init(struct answer *a, float *vectors, size_t wanted, size_t dimensions)
    __attribute__((warn_unused_result));

/* The next bytes. False: there is a fault, and more is of no use. */
bool answer_feed(struct answer *a, const char *bytes, size_t len);

/* The answer is complete: the outcome. */
enum answer_fault answer_end(struct answer *a);
void answer_fini(struct answer *a);

/* "is not JSON", for a sentence that begins with "the answer". */
const char *answer_fault_text(enum answer_fault fault);
