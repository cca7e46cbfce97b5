/*
 * mend: reads JSON that other programs wrote, also where it is slightly broken.
 *
 * Transcripts hold what tools printed: cut in the middle of a character, with NULs and half
 * surrogate pairs. Such characters become U+FFFD or '?'; the rest of the line is worth keeping.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#define MEND_WHY_BYTES 160

/* The value of a text; the caller owns it. NULL: why says what is wrong, and in which column. */
json_t *mend_json(const char *text, size_t len, char why[MEND_WHY_BYTES]);
