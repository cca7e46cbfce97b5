/* args: checks what arrives against a table and stores it where the table says. */
#include "args.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uuid/uuid.h>

#include "args_impl.h"
#include "compact.h"
#include "rfc3339.h"
#include "utf8.h"

#define MAX_NAMES_BYTES  256 /* of the names that a complaint lists */
#define MAX_QUOTED_BYTES 64
#define MAX_WHOLE        9007199254740991.0 /* every whole number up to it is exact */

bool complain(const struct complaint *c, const char *format, ...)
{
	int at = snprintf(c->text, c->len, "%s: ", c->name);
	va_list list;

	if (at < 0 || (size_t)at >= c->len)
		return false;
	va_start(list, format);
	vsnprintf(c->text + at, c->len - (size_t)at, format, list);
	va_end(list);
	return false;
}

/* Adds name to a list of at most MAX_NAMES_BYTES, or "..." once they do not fit. */
static void add_name(char *list, const char *name)
{
	static const char more[] = ", ...";
	size_t len = strlen(list);
	bool fits = len + strlen(name) + 2 * sizeof(more) <= MAX_NAMES_BYTES;

	if (fits)
		snprintf(list + len, MAX_NAMES_BYTES - len, "%s%s", len > 0 ? ", " : "", name);
	else if (len > 0 && list[len - 1] != '.')
		snprintf(list + len, MAX_NAMES_BYTES - len, "%s", more);
}

static bool load_text(
    const struct arg *arg, const json_t *value, void *at, const struct complaint *c)
{
	struct arg_text *text = at;

	if (!json_is_string(value))
		return complain(c, "must be a string");
	text->s = json_string_value(value);
	text->len = json_string_length(value);
	if ((int64_t)text->len < arg->min)
		return complain(c, "is %zu bytes long, must have at least %lld", text->len,
		    (long long)arg->min);
	if ((int64_t)text->len > arg->max)
		return complain(
		    c, "is %zu bytes long, the limit is %lld", text->len, (long long)arg->max);
	return true;
}

bool load_enum(const struct arg *arg, const json_t *value, int *at, const struct complaint *c)
{
	char known[MAX_NAMES_BYTES] = "";

	for (int i = 0; json_is_string(value) && arg->choices[i] != NULL; i++) {
		if (strcmp(arg->choices[i], json_string_value(value)) == 0) {
			*at = i;
			return true;
		}
	}
	for (int i = 0; arg->choices[i] != NULL; i++)
		add_name(known, arg->choices[i]);
	return complain(c, "must be one of %s", known);
}

bool load_uuid(const json_t *value, struct arg_uuid *uuid, const struct complaint *c)
{
	if (!json_is_string(value) || uuid_parse(json_string_value(value), uuid->bytes) != 0)
		return complain(
		    c, "must be a UUID such as 123e4567-e89b-42d3-a456-426614174000");
	uuid->set = true;
	return true;
}

/* 10.0 is an integer too, as JSON Schema has it. */
static bool is_whole(const json_t *value)
{
	double number = json_number_value(value);

	return json_is_integer(value) ||
	       (json_is_real(value) && number == trunc(number) && fabs(number) <= MAX_WHOLE);
}

static bool load_integer(
    const struct arg *arg, const json_t *value, int64_t *at, const struct complaint *c)
{
	if (!is_whole(value))
		return complain(c, "must be an integer from %lld to %lld", (long long)arg->min,
		    (long long)arg->max);
	*at = json_is_integer(value) ? json_integer_value(value)
	                             : (int64_t)json_real_value(value);
	if (*at < arg->min || *at > arg->max)
		return complain(c, "%lld is out of range, must be an integer from %lld to %lld",
		    (long long)*at, (long long)arg->min, (long long)arg->max);
	return true;
}

static bool load_number(
    const struct arg *arg, const json_t *value, double *at, const struct complaint *c)
{
	*at = json_number_value(value);
	if (!json_is_number(value) || *at < (double)arg->min || *at > (double)arg->max)
		return complain(c, "must be a number from %lld to %lld", (long long)arg->min,
		    (long long)arg->max);
	return true;
}

static bool load_boolean(const json_t *value, bool *at, const struct complaint *c)
{
	if (!json_is_boolean(value))
		return complain(c, "must be true or false");
	*at = json_is_true(value);
	return true;
}

static bool load_time(const json_t *value, int64_t *at, const struct complaint *c)
{
	if (!json_is_string(value) ||
	    !rfc3339_parse(json_string_value(value), json_string_length(value), at))
		return complain(
		    c, "must be a date-time with an offset such as 2026-07-28T09:30:00+08:00");
	return true;
}

static bool load_object(
    const struct arg *arg, const json_t *value, struct arg_json *at, const struct complaint *c)
{
	if (!json_is_object(value))
		return complain(c, "must be an object");
	at->text = compact_json(value, &at->len);
	if (at->text == NULL)
		return complain(c, "the server is out of memory");
	if ((int64_t)at->len > arg->max)
		return complain(c, "is %zu bytes long as JSON, the limit is %lld", at->len,
		    (long long)arg->max);
	return true;
}

static bool load_element(
    size_t index, const json_t *value, float *at, const struct complaint *whole)
{
	char name[MAX_QUOTED_BYTES];
	const struct complaint c = {whole->text, whole->len, name};
	double number = json_number_value(value);

	if (json_is_number(value) && fabs(number) <= (double)FLT_MAX) {
		*at = (float)number;
		return true;
	}
	snprintf(name, sizeof(name), "%.32s[%zu]", whole->name, index);
	if (!json_is_number(value))
		return complain(&c, "must be a number");
	return complain(&c, "%g does not fit a 32-bit float", number);
}

/* Cosine distance divides by the length, which pgvector adds up in 32-bit floats. */
static bool check_length(const struct arg_vector *vector, const struct complaint *c)
{
	double squares = 0;

	for (size_t i = 0; i < vector->count; i++)
		squares += (double)vector->items[i] * (double)vector->items[i];
	if (squares == 0)
		return complain(c, "is all zeros, which has no direction to compare");
	if (squares < (double)FLT_MIN || squares > (double)FLT_MAX)
		return complain(c, "has a length of %g, too %s to compare in 32-bit floats",
		    sqrt(squares), squares < 1 ? "short" : "long");
	return true;
}

static bool load_vector(const struct arg *arg, const json_t *value, struct arg_vector *at,
    const struct complaint *c)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value))
		return complain(
		    c, "must be an array of exactly %lld numbers", (long long)arg->max);
	if ((int64_t)count != arg->max)
		return complain(
		    c, "has %zu numbers, must have exactly %lld", count, (long long)arg->max);
	at->items = calloc(count, sizeof(*at->items));
	if (at->items == NULL)
		return complain(c, "the server is out of memory");
	at->count = count;
	for (size_t i = 0; i < count; i++) {
		if (!load_element(i, json_array_get(value, i), &at->items[i], c))
			return false;
	}
	return check_length(at, c);
}

static bool load(
    const struct arg *arg, const json_t *value, void *at, const struct complaint *c)
{
	switch (arg->kind) {
	case ARG_TEXT:
		return load_text(arg, value, at, c);
	case ARG_ENUM:
		return load_enum(arg, value, at, c);
	case ARG_UUID:
		return load_uuid(value, at, c);
	case ARG_INTEGER:
		return load_integer(arg, value, at, c);
	case ARG_NUMBER:
		return load_number(arg, value, at, c);
	case ARG_BOOLEAN:
		return load_boolean(value, at, c);
	case ARG_TIME:
		return load_time(value, at, c);
	case ARG_OBJECT:
		return load_object(arg, value, at, c);
	case ARG_VECTOR:
		return load_vector(arg, value, at, c);
	case ARG_TEXTS:
		return load_texts(arg, value, at, c);
	case ARG_UUIDS:
		return load_uuids(arg, value, at, c);
	case ARG_LIST:
		return load_list(arg, value, at, c);
	case ARG_RECORD:
	case ARG_RECORDS:
		break;
	}
	return complain(c, "cannot be an argument");
}

/* The default, or what stands for "absent" where zero bytes would mean something. */
static void load_fallback(const struct arg *arg, void *at)
{
	const struct complaint nowhere = {.text = NULL};

	if (arg->kind == ARG_ENUM)
		*(int *)at = -1;
	else if (arg->kind == ARG_TIME)
		*(int64_t *)at = INT64_MIN;
	if (arg->fallback == NULL)
		return;
	if (arg->kind == ARG_TEXT) { /* the table's own text: it outlives any JSON value */
		*(struct arg_text *)at =
		    (struct arg_text){arg->fallback, strlen(arg->fallback)};
		return;
	}
	json_t *value = arg->kind == ARG_ENUM
	                    ? json_string(arg->fallback)
	                    : json_loads(arg->fallback, JSON_DECODE_ANY, NULL);
	bool loaded = load(arg, value, at, &nowhere);

	assert(loaded); /* else the table is wrong */
	(void)loaded;
	json_decref(value);
}

static const struct arg *find(const struct arg *table, const char *name)
{
	for (; table->name != NULL; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static bool refuse_name(const struct arg *table, const char *name, char *text, size_t text_len)
{
	char known[MAX_NAMES_BYTES] = "";

	for (; table->name != NULL; table++)
		add_name(known, table->name);
	snprintf(text, text_len, "%.*s: unknown argument; known are %s",
	    utf8_cut(name, strlen(name), MAX_QUOTED_BYTES), name,
	    *known != '\0' ? known : "none");
	return false;
}

static bool check_names(
    const struct arg *table, const json_t *arguments, char *text, size_t text_len)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)arguments, name, value) {
		if (find(table, name) == NULL)
			return refuse_name(table, name, text, text_len);
	}
	return true;
}

bool args_load(
    const struct arg *table, const json_t *arguments, void *base, char *text, size_t text_len)
{
	if (!check_names(table, arguments, text, text_len))
		return false;
	for (const struct arg *arg = table; arg->name != NULL; arg++) {
		const struct complaint c = {text, text_len, arg->name};
		const json_t *value = json_object_get(arguments, arg->name);
		void *at = (char *)base + arg->at;

		if (value == NULL || json_is_null(value)) {
			if (arg->required)
				return complain(&c, "is required");
			if (arg->explicit && value != NULL)
				return complain(
				    &c, "must not be null; leave it out or say what it is");
			load_fallback(arg, at);
		} else if (!load(arg, value, at, &c)) {
			return false;
		}
	}
	return true;
}

void args_defaults(const struct arg *table, void *base)
{
	for (; table->name != NULL; table++)
		load_fallback(table, (char *)base + table->at);
}

void args_fini(const struct arg *table, void *base)
{
	for (const struct arg *arg = table; arg->name != NULL; arg++) {
		void *at = (char *)base + arg->at;

		if (arg->kind == ARG_VECTOR) {
			free(((struct arg_vector *)at)->items);
			memset(at, 0, sizeof(struct arg_vector));
		} else if (arg->kind == ARG_TEXTS) {
			free(((struct arg_texts *)at)->items);
			memset(at, 0, sizeof(struct arg_texts));
		} else if (arg->kind == ARG_UUIDS) {
			free(((struct arg_uuids *)at)->items);
			memset(at, 0, sizeof(struct arg_uuids));
		} else if (arg->kind == ARG_OBJECT) {
			free(((struct arg_json *)at)->text);
			memset(at, 0, sizeof(struct arg_json));
		}
	}
}
