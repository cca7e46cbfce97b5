/* sql: the table of statements that the build made from db/sql/. */
#include "sql.h"

#include <string.h>

static const struct {
	const char *name;
	const char *text;
} statements[SQL_COUNT] = {
#define SQL(name, text) [SQL_##name] = {#name, text},
#include "sql_statements.inc"
#undef SQL
};

const char *sql_name(enum sql_id id)
{
	return statements[id].name;
}

const char *sql_text(enum sql_id id)
{
	return statements[id].text;
}

bool sql_is_read(enum sql_id id)
{
	return strncmp(statements[id].text, "-- read", 7) == 0;
}
