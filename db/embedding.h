/*
 * embedding: the statements around vectors: which memories want one, storing what was made, and changing the model.
 *
 * A model is "name@dimensions". What is claimed is the claimer's for a while; every vector is stored with the version of the
 * words it was made from, and not at all when these have changed. principals.h says what _ask and _read are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memories.h"
#include "query.h"
#include "rows.h"

/*
 * Numbers drawn from a normal or a uniform distribution, as an original Sage stored when its provider failed:
 * known by their kurtosis. Embeddings have heavy tails.
 */
#define KURTOSIS_NORMAL  3.0
#define KURTOSIS_UNIFORM 1.8
#define KURTOSIS_NEAR    .2 /* four standard errors over 4096 numbers, and more */

/*
 * What a client brings, before it is sent anywhere. keep_vectors.sql sums up the same of what is stored: fetching
 * it would move 16 KB for each vector of an original Sage, and judging here in SQL would cost every save a
 * round trip before it. Numbers that are all the same are not random here; there they are no vector of a model.
 */
bool vector_looks_random(const float *numbers, size_t count);

/* What waits is counted up to this. */
#define EMBED_BACKLOG_LIMIT 100000

/* First column current, building; adopts the model when there are no vectors of another. */
void embed_round_ask(struct query *q, const char *model);

struct embed_round {
	const char *current, *building; /* borrowed; building NULL: nothing */
	int64_t waiting;
	int64_t oldest_us; /* ROWS_NO_TIME: nothing waits, or too much to look */
	bool moving;       /* a switch has left vectors to be moved */
};

void embed_round_read(const struct rows *rows, struct embed_round *round);

/* Rows for embed_claimed_read(). */
void embed_claim_ask(struct query *q, int32_t memories, int64_t bytes, int32_t lease_ms);

struct embed_claimed {
	unsigned char id[16];
	int32_t version;
	const char *user_input, *assistant_response; /* borrowed from the rows */
	size_t user_input_len, assistant_response_len;
};

void embed_claimed_read(const struct rows *rows, int row, struct embed_claimed *claimed);

/* parts vectors of EMBEDDING_DIMENSIONS numbers; copied. One row: it was stored. */
void embed_store_ask(struct query *q, const unsigned char id[16], int32_t version,
    const char *model, const float *vectors, size_t parts);

/* error: borrowed. */
void embed_release_ask(struct query *q, const unsigned char (*ids)[16], size_t count,
    int32_t again_ms, const char *error);
void embed_fail_ask(struct query *q, const unsigned char id[16], int32_t version,
    const char *error, int32_t most_attempts);

/* A row for each memory, at most limit. */
void embed_move_ask(struct query *q, const char *model, int32_t limit);
void embed_strays_ask(struct query *q, const char *model, int32_t limit);

/* --- another model --- */

struct reembed_begun {
	const char *current, *building; /* borrowed; current NULL: there is none */
	int64_t memories, missing;
};

void reembed_begin_ask(struct query *q, const char *model, bool instead);
void reembed_begin_read(const struct rows *rows, struct reembed_begun *begun);

/* Rows for embed_claimed_read(), in the order of their ids. */
void reembed_next_ask(struct query *q, const char *model, const unsigned char behind[16],
    int32_t memories, int64_t bytes);
void reembed_store_ask(struct query *q, const unsigned char id[16], int32_t version,
    const char *model, const float *vectors, size_t parts);

/* Recalls below 0: not measured. */
void reembed_switch_ask(
    struct query *q, const char *model, double recall_before, double recall_after);
void reembed_sweep_ask(struct query *q, int32_t limit);

/* Rows: id, two texts of at most so many characters. */
void canary_sample_ask(struct query *q, int32_t limit, int32_t characters);

/* One row: how many are nearer; none: no vector. pool: how many memories are looked at. */
void canary_rank_ask(struct query *q, const unsigned char id[16], const char *model,
    const float *vector, int32_t pool, bool unknown_too);
