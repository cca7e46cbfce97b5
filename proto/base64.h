/*
 * base64: RFC 4648, both alphabets, strictly.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum base64_alphabet {
	BASE64_STANDARD, /* section 4, with padding */
	BASE64_URL,      /* section 5, without padding */
};

#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4 + 1) /* of the text, NUL included */

/* Writes BASE64_LEN(len) bytes at the most. Returns the length without the NUL. */
size_t base64_encode(enum base64_alphabet alphabet, const void *bytes, size_t len, char *text);

/*
 * False when text is not what base64_encode() makes of some bytes (foreign characters, wrong
 * padding, stray bits), or out_size is too small. *len gets the number of bytes.
 */
bool base64_decode(enum base64_alphabet alphabet, const char *text, size_t text_len, void *out,
    size_t out_size, size_t *len) __attribute__((warn_unused_result));
