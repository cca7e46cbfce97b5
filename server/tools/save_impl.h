/*
 * save_impl: what save_memory and save_memories share: the arguments of one memory, and what they mean.
 */
#pragma once

#include "call.h"
#include "memories.h"
#include "tools/clean.h"

#define SAVE_NO_MEMORY "The server is out of memory. Nothing was saved. Try again later."
#define SAVE_MAX_TRIES 3 /* while somebody stores the same words at the same moment */

struct save_memory {
	struct call call;
	struct arg_text user_input;
	struct arg_text assistant_response;
	struct arg_text session_id;
	struct arg_json metadata;
	struct arg_texts tags;
	int visibility;
	bool pinned, force;
	int64_t event_time, valid_until, expires_at;
	struct arg_uuid supersedes;
	struct arg_json agent_metadata;
	struct arg_vector embedding;
	struct arg_text idempotency_key;
	bool wait_embedded;
	int tries;
	unsigned char saved[16]; /* what is waited for ... */
	int64_t until_ms;        /* ... for so long; 0: nothing is */
	struct memory_new memory;
	struct clean clean;
};

extern const struct arg save_arguments[];

/* Why the embedding of this one is not taken; NULL: it is, or there is none. */
const char *save_complaint(const struct save_memory *save);

/* Texts are borrowed from the arguments; the id is the caller's to set. */
void save_describe(const struct save_memory *save, struct memory_new *memory);
