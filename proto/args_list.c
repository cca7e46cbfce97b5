/* args_list: arguments that are arrays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args_impl.h"

#define MAX_ELEMENT_NAME_BYTES 64

static bool check_count(
    const struct arg *arg, const json_t *value, const char *of, const struct complaint *c)
{
	size_t count = json_array_size(value);

	if (!json_is_array(value))
		return complain(c, "must be an array of %s", of);
	if ((int64_t)count < arg->min || (int64_t)count > arg->max)
		return complain(c, "has %zu %s, must have %lld to %lld", count, of,
		    (long long)arg->min, (long long)arg->max);
	return true;
}

/* The complaint about one element: "tags[3]: ...". */
static struct complaint about(
    const struct complaint *whole, size_t index, char name[MAX_ELEMENT_NAME_BYTES])
{
	snprintf(name, MAX_ELEMENT_NAME_BYTES, "%.32s[%zu]", whole->name, index);
	return (struct complaint){whole->text, whole->len, name};
}

static bool check_text(const struct arg *arg, const json_t *value,
    const struct arg_texts *before, const struct complaint *c)
{
	size_t len = json_string_length(value);
	int choice;

	if (!json_is_string(value))
		return complain(c, "must be a string");
	if (arg->choices != NULL && !load_enum(arg, value, &choice, c))
		return false;
	if (len == 0 || (int64_t)len > arg->each_max)
		return complain(
		    c, "is %zu bytes long, must have 1 to %lld", len, (long long)arg->each_max);
	for (size_t i = 0; i < before->count; i++) {
		if (strcmp(before->items[i], json_string_value(value)) == 0)
			return complain(c, "'%.40s' is there twice", json_string_value(value));
	}
	return true;
}

bool load_texts(
    const struct arg *arg, const json_t *value, struct arg_texts *at, const struct complaint *c)
{
	char name[MAX_ELEMENT_NAME_BYTES];
	const json_t *element;
	size_t i;

	if (!check_count(arg, value, "texts", c))
		return false;
	at->count = 0;
	at->items = calloc(json_array_size(value) + 1, sizeof(*at->items));
	if (at->items == NULL)
		return complain(c, "the server is out of memory");
	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		const struct complaint own = about(c, i, name);

		if (!check_text(arg, element, at, &own))
			return false;
		at->items[at->count++] = json_string_value(element);
	}
	return true;
}

bool load_uuids(
    const struct arg *arg, const json_t *value, struct arg_uuids *at, const struct complaint *c)
{
	char name[MAX_ELEMENT_NAME_BYTES];
	struct arg_uuid uuid;
	const json_t *element;
	size_t i;

	if (!check_count(arg, value, "UUIDs", c))
		return false;
	at->count = 0;
	at->items = calloc(json_array_size(value) + 1, sizeof(*at->items));
	if (at->items == NULL)
		return complain(c, "the server is out of memory");
	json_array_foreach ((json_t *)(uintptr_t)value, i, element) {
		const struct complaint own = about(c, i, name);

		if (!load_uuid(element, &uuid, &own))
			return false;
		memcpy(at->items[at->count++], uuid.bytes, sizeof(uuid.bytes));
	}
	return true;
}

/* The objects themselves are read one by one, so that a bad one does not spoil the others. */
bool load_list(
    const struct arg *arg, const json_t *value, struct arg_list *at, const struct complaint *c)
{
	if (!check_count(arg, value, "items", c))
		return false;
	at->items = value;
	at->count = json_array_size(value);
	return true;
}
