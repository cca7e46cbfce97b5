/*
 * text: words of a text as hashed terms, the same for storing and for asking.
 *
 * Words are runs of letters and digits, in lower case. CJK text, which has no
 * blanks, gives every character and every pair of neighbours; emoji and other
 * pictographs give themselves. A term is the 32-bit FNV-1a hash of its UTF-8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct terms {
	int32_t *items; /* owned */
	size_t count;
	size_t capacity;
};

/* Appends the terms of a text, repeated as often as they occur. False: out of memory. */
bool terms_add_text(struct terms *terms, const char *text, size_t len)
    __attribute__((warn_unused_result));

/*
 * Turns terms of a question into search terms: each once, and without English
 * function words unless nothing else is left.
 */
void terms_reduce(struct terms *terms);

void terms_fini(struct terms *terms);
