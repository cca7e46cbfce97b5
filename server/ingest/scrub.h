/*
 * scrub: takes secrets out of an item, or out of any JSON value, before it is stored.
 *
 * db/redact.h knows texts; here are the texts of JSON: every string and every name, a value
 * under a name such as "password" as a whole, and numbers that are card numbers. Scrubbing
 * twice is scrubbing once.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "redact.h"

/*
 * The value without secrets; takes value and returns one that the caller owns, often the
 * same. Adds to counts. NULL: out of memory, and nothing may be stored.
 */
json_t *scrub_json(json_t *value, struct redactions *counts)
    __attribute__((warn_unused_result));

/*
 * The same for JSON as text, such as the metadata of a call. The caller frees the text with
 * free(); *out_len gets its length. NULL: out of memory, or it is no JSON.
 */
char *scrub_json_text(const char *text, size_t len, struct redactions *counts, size_t *out_len)
    __attribute__((warn_unused_result));
