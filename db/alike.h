/*
 * alike: do two texts say nearly the same, by the words in them?
 */
#pragma once

#include <stdbool.h>

#include "text.h"

/*
 * Both reduced (terms_reduce). True when nine of ten words that occur in either occur in both;
 * texts without words are like no other.
 */
bool terms_alike(const struct terms *a, const struct terms *b);
