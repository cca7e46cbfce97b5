/*
 * changes: updating a memory with its history kept, hiding it, and showing it again.
 * Pairs of _ask and _read as in principals.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memories.h"
#include "principals.h"
#include "query.h"
#include "rows.h"

#define NO_VERSION 0

/* A memory as an update starts from; texts are borrowed from the rows. */
struct memory_edit {
	int version;        /* of the memory now */
	bool version_found; /* the earlier version that was asked for */
	const char *session_id, *user_input, *assistant_response;
	const char *metadata, *agent_metadata; /* JSON; may be NULL */
	const char *tags;                      /* JSON array */
	bool private, pinned;
	int64_t event_us, valid_until_us, expires_us; /* or ROWS_NO_TIME */
};

/* version: an earlier one, or NO_VERSION for how it is now. False: there is no such memory. */
void memory_edit_ask(
    struct query *q, const struct principal *who, const unsigned char id[16], int32_t version);
bool memory_edit_read(const struct rows *rows, struct memory_edit *edit)
    __attribute__((warn_unused_result));

/* What it shall be: id and embedding of memory do not count. False: out of memory. */
bool memory_update_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    int32_t version, const struct memory_new *memory) __attribute__((warn_unused_result));

struct memory_updated {
	char id[37];
	int version;
	int64_t updated_us;
	const char *embed_state, *session_id; /* borrowed from the rows */
};

/* False: the memory is not in that version any more. */
bool memory_update_read(const struct rows *rows, struct memory_updated *updated)
    __attribute__((warn_unused_result));

/* Hides them, or with undo shows them again. ids are copied. */
void memory_delete_ask(struct query *q, const struct principal *who,
    const unsigned char (*ids)[16], size_t count, bool undo);

struct memory_deleted {
	char id[37];
	unsigned char bytes[16];
	const char *session_id; /* may be NULL */
	bool unchanged;         /* undo: it was not deleted */
};

/* One that was meant and is there; ids without a row are not. */
void memory_delete_read(const struct rows *rows, int row, struct memory_deleted *deleted);
