/*
 * transfer_words: the words behind `sage-mcp export` and `sage-mcp import`: FILE and NAME=VALUE.
 */
#pragma once

#include <stdbool.h>

#include "transfer.h"

struct transfer_words {
	const char *file;   /* "-": standard input or output */
	const char *format; /* NULL: not said */
	struct transfer_scope scope;
};

/* False: said on stderr what is wrong. */
bool transfer_words_read(struct transfer_words *words, const char *usage, int argc, char **argv)
    __attribute__((warn_unused_result));
