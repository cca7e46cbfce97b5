/*
 * import_copy: copies of items for their statements, since the reader that lent them reads on meanwhile.
 *
 *	import_copy_memory() -> transfer_memory_ask() -> the statement has ended -> import_copy_fini()
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "ingest/item.h"
#include "principals.h"
#include "tools/clean.h"
#include "tools/memory_limits.h"
#include "transfer.h"

#define IMPORT_COPY_TEXTS 8 /* at most, of an item of any kind */

/* One item's; zeroed at first. What the transfer_* structs below point to. */
struct import_copy {
	char *texts[IMPORT_COPY_TEXTS]; /* owned */
	int text_count;
	float *numbers; /* owned */
	json_t *tags;   /* owned */
	const char *tag_list[MAX_TAGS];
	struct clean clean;
};

/* False: it has no id, or too many dimensions, or there is no memory for it. The copy wants its fini all the same. */
bool import_copy_memory(struct import_copy *copy, const struct principal *who,
    const struct item *item, struct transfer_memory *memory)
    __attribute__((warn_unused_result));
bool import_copy_session(struct import_copy *copy, const struct item *item,
    struct transfer_session *session) __attribute__((warn_unused_result));
bool import_copy_vector(struct import_copy *copy, const struct item *item,
    struct transfer_vector *vector) __attribute__((warn_unused_result));

/* As at first, for the next one. */
void import_copy_fini(struct import_copy *copy);
