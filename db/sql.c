/* sql: the table of statements that the build made from db/sql/. */
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *text;
} statements[SQL_COUNT] = {
#define SQL(name, text) [SQL_##name] = {#name, text},
#include "sql_statements.inc"
#undef SQL
};

static const int class_rows[SQL_CLASSES] = SQL_CLASS_ROWS;

const char *sql_name(enum sql_id id)
{
	return statements[id].name;
}

const char *sql_text(enum sql_id id)
{
	return statements[id].text;
}

/* Does the first line begin like this? */
static bool is(enum sql_id id, const char *words)
{
	size_t len = strlen(words);

	return strncmp(statements[id].text, words, len) == 0 &&
	       statements[id].text[len] == '\n';
}

bool sql_is_read(enum sql_id id)
{
	return is(id, "-- read");
}

bool sql_is_gathered(enum sql_id id)
{
	return is(id, "-- write, gathered");
}

bool sql_is_repeatable(enum sql_id id)
{
	return sql_is_read(id) || sql_is_gathered(id) || is(id, "-- write, repeatable");
}

int sql_class_for(int rows)
{
	int i = 0;

	while (i < SQL_CLASSES - 1 && class_rows[i] < rows)
		i++;
	return i;
}

int sql_class_rows(int class_index)
{
	return class_rows[class_index];
}

/* One row's parenthesis with its parameters moved on by so many. */
static void print_row(FILE *out, const char *row, size_t len, int offset)
{
	for (const char *at = row; at < row + len; at++) {
		fputc(*at, out);
		if (*at != '$')
			continue;
		char *end;
		long number = strtol(at + 1, &end, 10);

		fprintf(out, "%ld", number + offset);
		at = end - 1;
	}
}

static char *make_rows(enum sql_id id, int rows, int params)
{
	const char *text = statements[id].text;
	const char *row = strstr(text, "VALUES (");
	char *made = NULL;
	size_t made_len;
	FILE *out = open_memstream(&made, &made_len);

	if (out == NULL || row == NULL)
		abort();
	row += strlen("VALUES ");
	size_t row_len =
	    strcspn(row, ")") + 1; /* casts and parameters only: no inner parenthesis */

	fwrite(text, 1, (size_t)(row - text), out);
	for (int i = 0; i < rows; i++) {
		if (i > 0)
			fputs(",\n", out);
		print_row(out, row, row_len, i * params);
	}
	fputs(row + row_len, out);
	if (fclose(out) != 0)
		abort();
	return made;
}

const char *sql_text_rows(enum sql_id id, int class_index, int params)
{
	static char *made[SQL_COUNT][SQL_CLASSES];
	char **text = &made[id][class_index];

	if (class_index == 0)
		return statements[id].text;
	if (*text == NULL)
		*text = make_rows(id, class_rows[class_index], params);
	return *text;
}
