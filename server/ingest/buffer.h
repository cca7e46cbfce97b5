/*
 * buffer: a text that grows, up to a limit.
 *
 * s is NUL-terminated, also while empty. What would not fit is cut between characters, and
 * cut is set; nothing is added after that. When memory runs out, failed is set and stays.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *s; /* NULL until something was added */
	size_t len, size;
	size_t most; /* bytes */
	bool cut, failed;
};

#define BUFFER_INIT(limit)                                                                     \
	{                                                                                      \
		.most = (limit)                                                                \
	}

void buffer_add(struct buffer *buffer, const char *s, size_t len);

/* Adds a text as another paragraph: behind an empty line, when something is there. */
void buffer_add_paragraph(struct buffer *buffer, const char *s, size_t len);

/* Removes blanks and line ends at the end. */
void buffer_trim(struct buffer *buffer);

/* Empties it for the next text and keeps its memory. */
void buffer_clear(struct buffer *buffer);
void buffer_fini(struct buffer *buffer);
