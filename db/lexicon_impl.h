/* lexicon_impl: how terms become numbers, for memories and for questions. namespace is its hash (fnv_text). */
#pragma once

#include "lexicon.h"

int32_t lexicon_number(int32_t term, uint32_t namespace);
void lexicon_number_all(struct terms *terms, uint32_t namespace);
/* Of what only the vector has: it is no term of the index. */
int32_t lexicon_number_beside(int32_t term, uint32_t namespace);
/* Two words that follow each other. */
int32_t lexicon_number_of_pair(const int32_t *pair, uint32_t namespace);
