/* reading: a whole text through a reader, as JSON that tests compare. */
#pragma once

#include <jansson.h>

#include "ingest/reader.h"

/*
 * What a text gives: {"format": "...", "items": [...], "problems": ["..."], "counts": {...}}. Items
 * are as export.h writes them, with "line", and "open" where it is set. The text is read whole,
 * in single bytes, and in pieces of seven bytes; it must give the same each time.
 */
json_t *read_all(enum reader_format format, const struct reader_options *options,
    const char *text, size_t len);

/* The item of this index; fails the test when there is none. Borrowed. */
json_t *item_at(const json_t *all, size_t index);

/* Fails the test when the member of an item is not this text; NULL: when it is there. */
void check_text(const json_t *item, const char *member, const char *expected);

/* Fails the test when what was read has other numbers of items and problems. */
void check_counts(const json_t *all, size_t items, size_t problems);
