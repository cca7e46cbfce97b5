/*
 * cursor: a place in a list ordered by time and id, as opaque text.
 *
 * It names a place, not a right: whoever shows it sees the own namespace from there on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CURSOR_ID_BYTES   1024
#define CURSOR_TEXT_BYTES 1500

struct cursor {
	int64_t time_us; /* ROWS_NO_TIME: from the beginning */
	char id[CURSOR_ID_BYTES];
};

void cursor_format(int64_t time_us, const char *id, char text[CURSOR_TEXT_BYTES]);

/* NULL text: the beginning. False: not a cursor. */
bool cursor_parse(const char *text, struct cursor *cursor);
