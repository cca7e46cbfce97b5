/*
 * detail: how much of each memory an answer shows.
 */
#pragma once

#include "pages.h"

enum detail { DETAIL_IDS, DETAIL_SNIPPET, DETAIL_FULL };

/* Choices of an argument, in the order of enum detail. */
extern const char *const detail_choices[];

/* What is fetched for it; a snippet has so many characters of each text. */
struct memory_detail detail_of(int detail, int32_t snippet_characters);

#define MAX_TOKENS_HELP "Of the answer, at 4 bytes a token."
#define MAX_TOKENS_TOO_SMALL                                                                   \
	"max_tokens: %lld holds not even the first memory; give more, or ask for detail ids"
