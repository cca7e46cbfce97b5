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

/*
 * What is to be stored. All texts are borrowed and must outlive the query; those that end in a
 * NUL need no length. A time that is not given is ROWS_NO_TIME.
 */
struct memory_new {
	unsigned char id[16]; /* from memory_id_for() */
	bool forced;          /* stored even when the same words are there already */
	const char *session_id;
	size_t session_id_len;
	const char *user_input;
	size_t user_input_len;
	const char *assistant_response;
	size_t assistant_response_len;
	const char *metadata; /* JSON text, or NULL */
	size_t metadata_len;
	const char *agent_metadata; /* JSON text: an agent's report; or NULL */
	size_t agent_metadata_len;
	const char *const *tags;
	size_t tag_count;
	bool private; /* seen by its agent alone */
	bool pinned;
	int64_t event_us, valid_until_us, expires_us;
	const unsigned char *supersedes; /* 16 bytes, or NULL */
	const float *embedding;          /* EMBEDDING_DIMENSIONS numbers, or NULL */
	const struct lexicon_job
	    *words; /* what its words are found by, ready; NULL: to be made */
};

/*
 * The id that an idempotency key stands for in a namespace (UUIDv5, RFC 9562 5.5): saving
 * again with the same key finds what is there instead of storing it twice.
 */
void memory_id_for(
    const struct principal *who, const char *key, size_t len, unsigned char id[16]);

#define CONTENT_HASH_BYTES 32

/* SHA-256 of everything that would be lost if two memories were taken for the same. */
void memory_hash(const struct memory_new *memory, unsigned char hash[CONTENT_HASH_BYTES]);

/* Of its texts; they must outlive the job. NULL: out of memory. */
struct lexicon_job *memory_begin_lexicon(
    const char *namespace, const struct memory_new *memory);

/* Adds what its words are found by (lexicon_add). False: out of memory. */
bool memory_add_lexicon(struct query *q, const char *namespace, const struct memory_new *memory)
    __attribute__((warn_unused_result));

/* False: out of memory; the query must not be run. */
bool memory_save_ask(struct query *q, const struct principal *who,
    const struct memory_new *memory) __attribute__((warn_unused_result));

enum save_state {
	SAVE_STORED,
	SAVE_MERGED,   /* the same words are there already: id is theirs */
	SAVE_REPLAYED, /* the same idempotency key and words: stored before */
	SAVE_REUSED, /* the idempotency key was used before for other words: nothing was stored */
	SAVE_AGAIN, /* somebody stores the same at this moment: ask again */
};

struct memory_saved {
	enum save_state state;
	char id[37];
	int64_t created_us;
	char content_hash[65];   /* SHA-256 in hex */
	const char *embed_state; /* borrowed from the rows: pending, ok, ... */
	const char *session_id;  /* the same; of one that was there already, its own */
};

void memory_save_read(const struct rows *rows, struct memory_saved *saved);
const char *save_state_name(enum save_state state);

/* Subscribers are to be told: of what was stored before they may not have been. */
bool memory_is_news(const struct memory_saved *saved);

/* What a namespace holds. */
struct memory_totals {
	int64_t memories, embedded, sessions;
	int64_t first_us, last_us; /* ROWS_NO_TIME when there is none */
	int64_t to_embed, embed_failed;
	int64_t oldest_to_embed_us;     /* ROWS_NO_TIME when there is none */
	const char *sessions_by_status; /* JSON objects of numbers; borrowed; NULL: none */
	const char *redacted;
	int schema;
	const char *postgresql, *pgvector; /* versions */
};

void memory_totals_ask(struct query *q, const struct principal *who);
void memory_totals_read(const struct rows *rows, struct memory_totals *totals);
