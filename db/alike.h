/*
 * alike: do two texts say nearly the same, by the words in them?
 */
#pragma once

#include <stdbool.h>

#include "text.h"

/*
 * Terms of a text to what terms_alike() compares: each once, sorted, and of a long text only the
 * lowest hashes, which are a fair sample of it (a bottom-k sketch), so that comparing is cheap.
 */
void terms_sketch(struct terms *terms);

/*
 * Both sorted, as by terms_sketch() or terms_reduce(). True when nine of ten words that occur
 * in either occur in both; texts without words are like no other.
 */
bool terms_alike(const struct terms *a, const struct terms *b);

/* Of the words in either, how many are in both: 0 to 1. */
double terms_likeness(const struct terms *a, const struct terms *b);
