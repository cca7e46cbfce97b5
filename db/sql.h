/*
 * sql: the statements of db/sql/, one file each, as an enum and a table.
 *
 * The build turns NAME.sql into SQL(NAME, "text") lines (EmbedSql.cmake). Each
 * statement is prepared once per connection, under its name, when first used.
 *
 * The first line of a file says what it is:
 *
 *	-- read                may run on a replica; runs again when its connection breaks
 *	-- write               runs once
 *	-- write, repeatable   running it twice is as good as once: runs again like a read
 *	-- write, gathered     also repeatable; waiting ones of one namespace run as one statement
 *
 * A gathered statement has one VALUES (...) with the parameters of one row, and is given
 * as often as rows are gathered (sql_text_rows). $1 is the row's uuid, never NULL and only once in a
 * group, and the first column of what it returns is that uuid again, so that each row gets its own outcome.
 */
#pragma once

#include <stdbool.h>

enum sql_id {
#define SQL(name, text) SQL_##name,
#include "sql_statements.inc"
#undef SQL
	SQL_COUNT
};

/* How many rows a gathered statement can hold, by size class; it is filled up with NULL rows. */
#define SQL_CLASSES 4
#define SQL_CLASS_ROWS                                                                         \
	{                                                                                      \
		1, 4, 16, 64                                                                   \
	}
#define SQL_GATHERED_MAX 64

#define SQL_GATHERED_ID_BYTES 16 /* of $1 */

/* Name and text of a statement; both static. */
const char *sql_name(enum sql_id id);
const char *sql_text(enum sql_id id);

bool sql_is_read(enum sql_id id);
bool sql_is_repeatable(enum sql_id id);
bool sql_is_gathered(enum sql_id id);

/* The smallest class for so many rows, and its size. */
int sql_class_for(int rows);
int sql_class_rows(int class_index);

/* The text of a gathered statement with params parameters a row; static. Aborts without memory. */
const char *sql_text_rows(enum sql_id id, int class_index, int params);
