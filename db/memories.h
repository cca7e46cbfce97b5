/*
 * memories: storing one exchange of words and reading it back (principals.h
 * says what _ask and _read are).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

#define EMBEDDING_DIMENSIONS  4096
#define IDEMPOTENCY_KEY_BYTES 255

/* What is to be stored. All texts are borrowed and must outlive the query. */
struct memory_new {
	unsigned char id[16]; /* from memory_id_for() */
	const char *session_id;
	size_t session_id_len;
	const char *user_input;
	size_t user_input_len;
	const char *assistant_response;
	size_t assistant_response_len;
	const char *metadata; /* JSON text, or NULL */
	size_t metadata_len;
	const float *embedding; /* EMBEDDING_DIMENSIONS numbers, or NULL */
};

/*
 * The id that an idempotency key stands for in a namespace (UUIDv5, RFC 9562 5.5): saving
 * again with the same key finds what is there instead of storing it twice.
 */
void memory_id_for(
    const struct principal *who, const char *key, size_t len, unsigned char id[16]);

/* False: out of memory; the query is then empty. */
bool memory_save_ask(struct query *q, const struct principal *who,
    const struct memory_new *memory) __attribute__((warn_unused_result));

struct memory_saved {
	char id[37];
	int64_t created_us;
};

/* False: the idempotency key was used before, for other words. */
bool memory_save_read(const struct rows *rows, struct memory_saved *saved)
    __attribute__((warn_unused_result));

void memory_get_ask(struct query *q, const struct principal *who, const unsigned char id[16]);

/* A memory as stored; texts are borrowed from the rows. */
struct memory {
	char id[37];
	const char *session_id; /* NULL in rows older than sessions */
	const char *agent;
	const char *user_input;
	const char *assistant_response;
	const char *metadata; /* JSON text */
	int64_t created_us;
	int64_t updated_us;
	bool has_embedding;
};

/* False: there is none (or it is somebody else's, which is the same). */
bool memory_get_read(const struct rows *rows, struct memory *memory)
    __attribute__((warn_unused_result));

/* What a namespace holds. */
struct memory_totals {
	int64_t memories, embedded, sessions;
	int64_t first_us, last_us; /* ROWS_NO_TIME when there is none */
};

void memory_totals_ask(struct query *q, const struct principal *who);
void memory_totals_read(const struct rows *rows, struct memory_totals *totals);
