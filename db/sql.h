/*
 * sql: the statements of db/sql/, one file each, as an enum and a table.
 *
 * The build turns NAME.sql into SQL(NAME, "text") lines (EmbedSql.cmake). Each
 * statement is prepared once per connection, under its name, when first used.
 */
#pragma once

enum sql_id {
#define SQL(name, text) SQL_##name,
#include "sql_statements.inc"
#undef SQL
	SQL_COUNT
};

/* Name and text of a statement; both static. */
const char *sql_name(enum sql_id id);
const char *sql_text(enum sql_id id);
