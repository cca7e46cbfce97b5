/*
 * cache: the vectors of the latest queries by their text, the least recently used one goes first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector_cache;

/* Room for entries of so many numbers. NULL: out of memory. */
struct vector_cache *vector_cache_new(size_t entries);
void vector_cache_free(struct vector_cache *cache); /* NULL is fine */

/* Borrowed until the next put; NULL: it is not there. Which text it was is known by its SHA-256. */
const float *vector_cache_get(struct vector_cache *cache, const char *text, size_t len);

/* Copies numbers floats. Without memory it is not kept. */
void vector_cache_put(struct vector_cache *cache, const char *text, size_t len,
    const float *vector, size_t numbers);
