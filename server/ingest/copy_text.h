/*
 * copy_text: the text format of PostgreSQL's COPY, as a plain pg_dump holds tables.
 *
 *	COPY public.memories (id, session_id, user_input) FROM stdin;
 *	9a51...	default	two\nlines
 *	\.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "args.h"
#include "ingest/buffer.h"

#define COPY_COLUMNS    32
#define COPY_NAME_BYTES 64

struct copy_table {
	char name[COPY_NAME_BYTES]; /* without its schema; "" outside of a COPY */
	size_t count;
	char columns[COPY_COLUMNS][COPY_NAME_BYTES];
};

/* Is the line the beginning of a COPY? Then table is what it names. */
bool copy_begins(const char *line, size_t len, struct copy_table *table);

/* Is it the end of one: "\."? */
bool copy_ends(const char *line, size_t len);

/*
 * Decodes the fields of a row; those that are NULL have s NULL. They are in room, which is
 * emptied before. False: not as many as the table has columns, or room is too small.
 */
bool copy_fields(const struct copy_table *table, const char *line, size_t len,
    struct buffer *room, struct arg_text fields[COPY_COLUMNS]);
