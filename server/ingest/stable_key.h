/*
 * stable_key: an idempotency key for what has no id of its own.
 *
 * The same parts give the same key, on every machine and at every time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "args.h"

#define STABLE_KEY_BYTES 96 /* NUL included */

/* "turn:" and 64 hexadecimal digits; kind is the text before the colon, at most 30 bytes. False: no SHA-256. */
bool stable_key(char key[STABLE_KEY_BYTES], const char *kind, const struct arg_text *parts,
    size_t count) __attribute__((warn_unused_result));
