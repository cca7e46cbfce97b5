/*
 * vectors: the index on embeddings.
 *
 * HNSW over 4,096 numbers does not fit a page of PostgreSQL, so it holds their signs, one bit each
 * (pgvector's binary_quantize), and search_hybrid.sql compares its best exactly. A small table needs none: reading
 * all vectors is exact, and quick enough.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "query.h"
#include "rows.h"

struct event_base;

enum vector_index_state {
	VECTOR_INDEX_FEW,      /* not worth an index */
	VECTOR_INDEX_MISSING,  /* to be built */
	VECTOR_INDEX_BUILDING, /* by some process */
	VECTOR_INDEX_BROKEN,   /* a build was interrupted: to be dropped and built */
	VECTOR_INDEX_READY,
	VECTOR_INDEX_STATES,
};

enum vector_index_kind {
	VECTOR_INDEX_WHOLES, /* memories.embedding */
	VECTOR_INDEX_PARTS,  /* memory_vectors: pieces of long texts, and another model's */
	VECTOR_INDEX_KINDS,
};

struct vector_index {
	enum vector_index_state state;
	int64_t vectors; /* about so many */
	double built;    /* 0 to 1, while it is built */
};

/* "few", "missing", "building", "broken", "ready"; static. */
const char *vector_index_name(enum vector_index_state state);

/* least: from so many vectors on an index is wanted. */
void vector_index_ask(struct query *q, int64_t least);
void vector_index_read(
    const struct rows *rows, struct vector_index indexes[VECTOR_INDEX_KINDS]);

/* Whether the index of so many memories finds what is nearest, by a sample. */
void vector_check_ask(struct query *q, int64_t vectors);

struct vector_check {
	int64_t found, missed;
};

void vector_check_read(const struct rows *rows, struct vector_check *check);

/* What every search by vector needs for its transaction. */
void vector_settings(struct query *q);

/* --- building: minutes, on a connection of its own, while everything else goes on --- */

struct vector_build;

struct vector_build_config {
	const char *conninfo;
	enum vector_index_kind kind;
	int connect_ms;
	int memory_mb; /* maintenance_work_mem */
	bool drop;     /* what is left of an earlier one, first */
	/* From the loop, once; error is NULL when it was built. It must not be freed from there. */
	void (*done)(void *arg, const char *error);
	void *arg;
};

/* NULL: see error; done will not come. */
struct vector_build *vector_build_start(struct event_base *base,
    const struct vector_build_config *config, char *error, size_t error_len);

/* Gives up, or forgets what is done. NULL is fine. */
void vector_build_free(struct vector_build *build);
