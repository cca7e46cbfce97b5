/*
 * sql: the statements of db/sql/, one file each, as an enum and a table.
 *
 * The build turns NAME.sql into SQL(NAME, "text") lines (EmbedSql.cmake). Each
 * statement is prepared once per connection, under its name, when first used.
 *
 * The first line of a file is "-- read" or "-- write". A read may be run again on
 * another connection when the first one breaks; a write never is.
 */
#pragma once

#include <stdbool.h>

enum sql_id {
#define SQL(name, text) SQL_##name,
#include "sql_statements.inc"
#undef SQL
	SQL_COUNT
};

/* Name and text of a statement; both static. */
const char *sql_name(enum sql_id id);
const char *sql_text(enum sql_id id);

bool sql_is_read(enum sql_id id);
