/*
 * compact: JSON as text, with numbers in fifteen digits where those read back the same.
 *
 * jansson writes 0.1 as 0.10000000000000001. What is kept, or shown again, must
 * look as it was sent.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

/* Any JSON value without blanks; NULL when out of memory. The caller frees it with free(). */
char *compact_json(const json_t *value, size_t *len);
