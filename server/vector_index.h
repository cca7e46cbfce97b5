/*
 * vector_index: looks after the indexes on embeddings: builds one once there are enough of them, builds it again when
 * that was interrupted, and checks now and then, by a sample, whether it finds what is nearest.
 * Any number of processes may do it beside each other.
 */
#pragma once

#include <stdint.h>

#include "vectors.h"

struct service;
struct vector_keeper;

/* NULL: out of memory. conninfo is borrowed for as long as it lives. */
struct vector_keeper *vector_keeper_new(struct service *service, const char *conninfo);
void vector_keeper_open(struct vector_keeper *keeper); /* the schema is there */
void vector_keeper_free(struct vector_keeper *keeper); /* before the database; NULL is fine */

struct vector_report {
	struct vector_index
	    indexes[VECTOR_INDEX_KINDS]; /* as last seen; all zero before that */
	uint64_t found, missed; /* by the index, of what the checks expected since the start */
};

struct vector_report vector_keeper_report(const struct vector_keeper *keeper);
