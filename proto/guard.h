/*
 * guard: what JSON allows and this server does not.
 *
 * U+0000 in a text (PostgreSQL cannot store it), integers beyond 2^53 - 1
 * (JavaScript clients would read back another number), nesting deeper than
 * GUARD_MAX_DEPTH. One walk over the parsed message finds the first of them
 * and names its place.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define GUARD_MAX_DEPTH   64
#define GUARD_MAX_INTEGER 9007199254740991LL /* 2^53 - 1 */
#define GUARD_PATH_BYTES  160

/* Flags with which a body must be decoded so that guard_check() sees everything. */
#define GUARD_DECODE_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY)

/*
 * True when value is fine. Otherwise text gets one sentence with the place,
 * "params.arguments.metadata.n: integers beyond 2^53 - 1 ...".
 */
bool guard_check(const json_t *value, char *text, size_t text_len);

/*
 * The place in a broken JSON text at byte offset: "params.arguments.user_input",
 * or "" at the top. Used for parse errors, where no tree exists. Keys are quoted
 * as they were sent, so the path may hold invalid UTF-8.
 */
void guard_path_at(const char *json, size_t len, size_t offset, char *path, size_t path_len);
