/*
 * operations: erasing for good, rolling back what somebody wrote, and the receipts of both.
 * Pairs of _ask and _read as in principals.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

/* What an operation is about; NULL, 0 and ROWS_NO_TIME: does not matter. Borrowed until it ran. */
struct operation_scope {
	const unsigned char (*ids)[16];
	size_t id_count;
	const char *session_id, *agent;
	const unsigned char *key_id; /* 16 bytes */
	const char *metadata;        /* JSON that must be contained */
	const char *words;           /* all of them must occur */
	int64_t from_us, to_us; /* of the event, or of the writing; to_us is not part of it */
	const char *json;       /* all of this, for the receipt */
};

/* Nothing is named: it would be everything. */
bool operation_scope_is_empty(const struct operation_scope *scope);

/* False from each _ask: out of memory. dry: only counted. */
bool erase_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct operation_scope *scope, bool dry) __attribute__((warn_unused_result));
bool erase_scan_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct operation_scope *scope) __attribute__((warn_unused_result));
/* What is left; all zeros: nothing. */
void erase_scan_read(
    const struct rows *rows, int64_t *memories, int64_t *versions, int64_t *handoffs);

bool roll_back_ask(struct query *q, const struct principal *who, const unsigned char id[16],
    const struct operation_scope *scope, bool dry, int64_t reversible_until_us)
    __attribute__((warn_unused_result));

/* Of erase and roll_back: counts as JSON (borrowed), and how many memories it is about. */
const char *operation_counts(const struct rows *rows, int64_t *memories);

void roll_back_reverse_ask(
    struct query *q, const struct principal *who, const unsigned char id[16]);
/* False: there is no such roll-back, or it is too late. */
bool roll_back_reverse_read(const struct rows *rows, int64_t *shown, int64_t *restored)
    __attribute__((warn_unused_result));

struct operation {
	char id[37];
	const char *kind, *agent, *scope, *counts;            /* scope, counts: JSON */
	int64_t created_us, reversible_until_us, reversed_us; /* or ROWS_NO_TIME */
};

void operation_get_ask(
    struct query *q, const struct principal *who, const unsigned char id[16]);
bool operation_get_read(const struct rows *rows, struct operation *operation)
    __attribute__((warn_unused_result));

struct memory_receipt {
	char id[37];
	int64_t xid, seq; /* its place in the feed */
	char content_hash[65];
	int version, merged;
	const char *embed_state;
	int64_t created_us, updated_us;
	bool deleted;
};

void memory_receipt_ask(
    struct query *q, const struct principal *who, const unsigned char id[16]);
bool memory_receipt_read(const struct rows *rows, struct memory_receipt *receipt)
    __attribute__((warn_unused_result));
