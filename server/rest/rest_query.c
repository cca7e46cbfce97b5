/* rest_query: percent-decoding, and a type for each value from the table. */
#include "rest/rest_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uri.h"
#include "utf8.h"

#define MAX_NAME_BYTES 64

/* application/x-www-form-urlencoded, in place. False: malformed, or it holds a NUL. */
static bool decode(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++, out++) {
		if (*s == '+') {
			*out = ' ';
		} else if (*s != '%') {
			*out = *s;
		} else {
			int byte = uri_escaped_byte(s);

			if (byte <= 0)
				return false;
			*out = (char)byte;
			s += 2;
		}
	}
	*out = '\0';
	return true;
}

static bool is_utf8(const char *s)
{
	size_t left = strlen(s), len = 1;

	for (; left > 0 && len > 0; s += len, left -= len)
		len = utf8_sequence(s, left);
	return len > 0;
}

/* As the table has it; what does not fit stays text, and args_load() says so. */
static json_t *typed(const struct arg *arg, const char *value)
{
	json_t *json = NULL;

	if (arg->kind == ARG_TEXTS || arg->kind == ARG_UUIDS) {
		json = json_array();
		for (const char *at = value; at != NULL && *at != '\0';) {
			size_t len = strcspn(at, ",");

			json_array_append_new(json, json_stringn(at, len));
			at = at[len] == ',' ? at + len + 1 : NULL;
		}
		return json;
	}
	if (arg->kind != ARG_TEXT && arg->kind != ARG_ENUM && arg->kind != ARG_UUID &&
	    arg->kind != ARG_TIME)
		json = json_loads(value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	return json != NULL ? json : json_string(value);
}

static const struct arg *find(const struct arg *table, const char *name)
{
	while (table->name != NULL && strcmp(table->name, name) != 0)
		table++;
	return table->name != NULL ? table : NULL;
}

static bool add(const struct arg *table, const char *main_name, char *pair, json_t *arguments,
    char *text, size_t text_len)
{
	char *value = strchr(pair, '=');
	const struct arg *arg;

	if (value != NULL)
		*value++ = '\0';
	if (value == NULL || !decode(pair) || !decode(value) || !is_utf8(pair) ||
	    !is_utf8(value)) {
		snprintf(text, text_len,
		    "the query must be NAME=VALUE pairs joined by &, percent-encoded UTF-8");
		return false;
	}
	arg = find(table, strcmp(pair, "q") == 0 ? main_name : pair);
	if (arg == NULL) {
		snprintf(text, text_len,
		    "%.*s: unknown parameter; q and the arguments of the tool are known",
		    utf8_cut(pair, strlen(pair), MAX_NAME_BYTES), pair);
		return false;
	}
	json_object_set_new(arguments, arg->name, typed(arg, value));
	return true;
}

json_t *rest_query_arguments(const struct arg *table, const char *main_name, const char *query,
    char *text, size_t text_len)
{
	json_t *arguments = json_object();
	char *copy = strdup(query), *rest = copy, *pair;
	bool ok = copy != NULL && arguments != NULL;

	if (!ok)
		snprintf(text, text_len, "out of memory; try again later");
	while (ok && (pair = strsep(&rest, "&")) != NULL) {
		if (*pair != '\0')
			ok = add(table, main_name, pair, arguments, text, text_len);
	}
	free(copy);
	if (ok)
		return arguments;
	json_decref(arguments);
	return NULL;
}
