/* show: JSON for machines, and the same as tables for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/handlers.h"

#define MAX_CELL_BYTES 512

static void write_cell(char cell[MAX_CELL_BYTES], const json_t *value)
{
	if (json_is_string(value))
		snprintf(cell, MAX_CELL_BYTES, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(
		    cell, MAX_CELL_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(cell, MAX_CELL_BYTES, json_is_true(value) ? "yes" : "no");
	else
		*cell = '\0'; /* null */
}

static int width_of(const json_t *rows, const char *column)
{
	char cell[MAX_CELL_BYTES];
	size_t width = strlen(column), i;
	const json_t *row;

	json_array_foreach (rows, i, row) {
		write_cell(cell, json_object_get(row, column));
		if (strlen(cell) > width)
			width = strlen(cell);
	}
	return (int)width;
}

/* Pads on the right, numbers on the left; nothing behind the last column. */
static void print_cell(FILE *out, const char *cell, int width, bool number, bool last)
{
	fprintf(out, "%*s", number ? width : last ? 0 : -width, cell);
	fputs(last ? "\n" : "  ", out);
}

#define MAX_COLUMNS 32

/* Rows that all have the members of the first one. */
static void print_table(FILE *out, json_t *rows)
{
	const char *columns[MAX_COLUMNS], *column;
	int widths[MAX_COLUMNS], count = 0;
	char cell[MAX_CELL_BYTES];
	json_t *row, *value;
	size_t i;

	json_object_foreach (json_array_get(rows, 0), column, value) {
		if (count < MAX_COLUMNS) {
			widths[count] = width_of(rows, column);
			columns[count++] = column;
		}
	}
	for (int c = 0; c < count; c++)
		print_cell(out, columns[c], widths[c],
		    json_is_integer(json_object_get(json_array_get(rows, 0), columns[c])),
		    c == count - 1);
	json_array_foreach (rows, i, row) {
		for (int c = 0; c < count; c++) {
			value = json_object_get(row, columns[c]);
			write_cell(cell, value);
			print_cell(
			    out, cell, widths[c], json_is_integer(value), c == count - 1);
		}
	}
	fprintf(out, "(%zu)\n", json_array_size(rows));
}

static void print_text(FILE *out, json_t *object)
{
	char cell[MAX_CELL_BYTES];
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		if (json_is_array(value)) {
			print_table(out, value);
		} else {
			write_cell(cell, value);
			fprintf(out, "%s: %s\n", name, cell);
		}
	}
}

static char *as_text(json_t *object)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	print_text(out, object);
	fclose(out);
	return text;
}

void admin_show(struct exchange *x, json_t *object)
{
	const char *accept = exchange_header(x, "accept", NULL);
	bool for_people = accept != NULL && strcasestr(accept, "text/plain") != NULL;
	char *body = for_people ? as_text(object) : json_dumps(object, JSON_COMPACT);

	exchange_reply(x,
	    &(struct reply){.status = body != NULL ? 200 : 503,
	        .content_type = for_people ? "text/plain; charset=utf-8" : "application/json",
	        .body = body,
	        .body_len = body != NULL ? strlen(body) : 0});
	free(body);
	json_decref(object);
}
