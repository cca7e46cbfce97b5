/*
 * transfer: whole namespaces out of the database and into one. For the operator: private and deleted
 * memories go too. Pairs of _ask and _read as in principals.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memories.h"
#include "query.h"
#include "rows.h"

/* What is exported; NULL and ROWS_NO_TIME: does not matter. */
struct transfer_scope {
	const char *namespace;
	const char *session_id;
	int64_t from_us, to_us;
};

struct transfer_session {
	const char *id, *name, *status, *metadata; /* JSON; all but id may be NULL */
	int64_t created_us, updated_us, active_us;
};

/* Behind a session id ("": from the first). */
void transfer_sessions_ask(
    struct query *q, const struct transfer_scope *scope, const char *behind, int32_t limit);
void transfer_session_read(const struct rows *rows, int row, struct transfer_session *session);

/* A memory or one of its versions; texts are borrowed from the rows, or for imports from the caller. */
struct transfer_memory {
	unsigned char id[16];
	const char *session_id, *agent, *user_input, *assistant_response;
	const char *metadata, *agent_metadata; /* JSON, or NULL */
	const char *tags;                      /* exports: JSON array */
	const char *const *tag_list;           /* imports */
	size_t tag_count;
	bool private, pinned;
	int64_t created_us, updated_us, event_us, valid_until_us, deleted_us;
	bool has_supersedes;
	unsigned char supersedes[16];
	const char *content_hash; /* hex; NULL: to be made */
	int version;              /* 0: the first */
	const char *embed_model;
	const float *embedding; /* EMBEDDING_DIMENSIONS numbers, or NULL */
};

/* Behind a place (ROWS_NO_TIME: from the first). */
void transfer_memories_ask(struct query *q, const struct transfer_scope *scope,
    int64_t behind_us, const unsigned char behind_id[16], int32_t limit);
/* embedding, if there is one, is put into numbers. */
void transfer_memory_read(const struct rows *rows, int row, struct transfer_memory *memory,
    float numbers[EMBEDDING_DIMENSIONS]);

/* The vector of a further piece of a memory's text; the first piece's is the memory's own. */
struct transfer_vector {
	unsigned char memory_id[16];
	int version;              /* of the memory */
	const char *content_hash; /* hex, of the memory; NULL: it has none */
	const char *model;
	int part;             /* from 1 on */
	const float *numbers; /* EMBEDDING_DIMENSIONS of them */
};

/* Of count memories, each with the model of its own vector, in this order; the first one's from behind a part on. Copied. */
void transfer_vectors_ask(struct query *q, const unsigned char (*ids)[16],
    const char *const *models, size_t count, int32_t behind_part, int32_t limit);
/* Returns of which memory, counted from 0; the numbers are put into numbers. */
size_t transfer_vector_read(const struct rows *rows, int row, struct transfer_vector *vector,
    float numbers[EMBEDDING_DIMENSIONS]);

void transfer_versions_ask(struct query *q, const unsigned char memory_id[16]);
void transfer_version_read(const struct rows *rows, int row, struct transfer_memory *version);

/* Texts are borrowed until it ran. Rows: none where it was there already. False: out of memory. */
void transfer_session_ask(
    struct query *q, const char *namespace, const struct transfer_session *session);
bool transfer_memory_ask(struct query *q, const char *namespace,
    const struct transfer_memory *memory) __attribute__((warn_unused_result));
void transfer_version_ask(
    struct query *q, const char *namespace, const struct transfer_memory *version);
/* Not stored where the memory is not there, or has other words or vectors of another model; no row then. */
void transfer_vector_ask(
    struct query *q, const char *namespace, const struct transfer_vector *vector);
