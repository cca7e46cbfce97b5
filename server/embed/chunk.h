/*
 * chunk: cuts a long text into pieces that a model takes, each with a vector of its own. An average over
 * them would be a vector of nothing in particular.
 */
#pragma once

#include <stddef.h>

#define CHUNK_LEAST_BYTES 200 /* that a piece may be limited to */
#define CHUNK_MOST        512 /* pieces of one text; what is behind them is found by its words only */

struct chunk {
	size_t from, len;
};

/*
 * Pieces of at most most bytes, in order, nothing left out but white space between them: at a blank
 * line, else a line, a sentence, a space, and never within a character of valid UTF-8. Returns how
 * many were written, at most room. A text of white space has none.
 */
size_t chunk_text(const char *text, size_t len, size_t most, struct chunk *chunks, size_t room);
