/* options_conninfo: from the options to what libpq wants. */
#include <stdio.h>
#include <string.h>

#include "options.h"

/* One key='value' of a connection string, with quotes and backslashes escaped. */
static void print_conninfo(FILE *out, const char *key, const char *value)
{
	if (*value == '\0')
		return;
	fprintf(out, "%s='", key);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputs("' ", out);
}

char *options_conninfo(const struct options *o)
{
	char *text = NULL;
	size_t len;

	if (*option_text(o, OPT_DATABASE_URL) != '\0')
		return strdup(option_text(o, OPT_DATABASE_URL));
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	print_conninfo(out, "host", option_text(o, OPT_DB_HOST));
	print_conninfo(out, "port", option_text(o, OPT_DB_PORT));
	print_conninfo(out, "user", option_text(o, OPT_DB_USER));
	print_conninfo(out, "password", option_text(o, OPT_DB_PASSWORD));
	print_conninfo(out, "dbname", option_text(o, OPT_DB_NAME));
	fclose(out);
	return text;
}
