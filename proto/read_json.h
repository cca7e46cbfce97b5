/*
 * read_json: JSON into jansson's values, several times as fast as jansson reads it.
 *
 * It knows what clients send all day and nothing of what may be wrong: whatever is unusual
 * (an escaped key, an integer of 16 digits, a fault) it leaves to json_loadb(), which accepts
 * it or says what is wrong.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

/*
 * An object or array as json_loadb() with GUARD_DECODE_FLAGS would give it, or NULL: ask
 * json_loadb(). The text needs no NUL behind it.
 */
json_t *read_json(const char *text, size_t len);
