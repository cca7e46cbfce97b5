/* guard: one walk over the tree; the place is only worked out when something is wrong. */
#include "guard.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* The way down to the value that is being looked at, kept on the stack of the recursion. */
struct place {
	const struct place *up;
	const char *key; /* NULL: an array element */
	size_t key_len;
	size_t index;
};

/* A place as text, cut with "..." where it gets too long. */
struct path {
	char *text;
	size_t size, len;
	bool cut;
};

#define MAX_KEY_BYTES 64

static void put(struct path *path, const char *s, size_t len)
{
	static const char more[] = "...";

	if (path->cut)
		return;
	if (path->len + len + sizeof(more) > path->size) {
		path->cut = true;
		s = more;
		len = sizeof(more) - 1;
	}
	memcpy(path->text + path->len, s, len);
	path->len += len;
	path->text[path->len] = '\0';
}

/* "params.arguments.tags[3]", from the top down. */
static void put_place(struct path *path, const struct place *place)
{
	char index[24];

	if (place == NULL)
		return;
	put_place(path, place->up);
	if (place->key == NULL) {
		put(path, index, (size_t)snprintf(index, sizeof(index), "[%zu]", place->index));
		return;
	}
	if (path->len > 0)
		put(path, ".", 1);
	put(path, place->key, (size_t)utf8_cut(place->key, place->key_len, MAX_KEY_BYTES));
}

struct fault {
	char *text;
	size_t text_len;
};

static bool refuse(const struct fault *fault, const struct place *place, const char *why)
{
	char text[GUARD_PATH_BYTES] = "";
	struct path path = {.text = text, .size = sizeof(text)};

	put_place(&path, place);
	snprintf(fault->text, fault->text_len, "%s%s%s", text, path.len > 0 ? ": " : "", why);
	return false;
}

static bool check(
    const json_t *value, const struct place *place, int depth, const struct fault *fault);

static bool check_members(
    const json_t *object, const struct place *place, int depth, const struct fault *fault)
{
	struct place below = {.up = place};
	json_t *item;

	json_object_foreach ((json_t *)(uintptr_t)object, below.key, item) {
		below.key_len = strlen(below.key);
		if (!check(item, &below, depth, fault))
			return false;
	}
	return true;
}

static bool check_elements(
    const json_t *array, const struct place *place, int depth, const struct fault *fault)
{
	struct place below = {.up = place};
	const json_t *item;

	json_array_foreach (array, below.index, item) {
		if (!check(item, &below, depth, fault))
			return false;
	}
	return true;
}

static bool check(
    const json_t *value, const struct place *place, int depth, const struct fault *fault)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		if (strlen(json_string_value(value)) == json_string_length(value))
			return true;
		return refuse(fault, place, "contains U+0000, which PostgreSQL cannot store");
	case JSON_INTEGER:
		if (json_integer_value(value) <= GUARD_MAX_INTEGER &&
		    json_integer_value(value) >= -GUARD_MAX_INTEGER)
			return true;
		return refuse(fault, place,
		    "integers are limited to 2^53 - 1 (9007199254740991); send "
		    "larger ones as a string");
	case JSON_OBJECT:
	case JSON_ARRAY:
		if (depth == GUARD_MAX_DEPTH)
			return refuse(fault, place, "nested deeper than 64 levels");
		return json_is_object(value) ? check_members(value, place, depth + 1, fault)
		                             : check_elements(value, place, depth + 1, fault);
	case JSON_REAL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		return true;
	}
	return true;
}

bool guard_check(const json_t *value, char *text, size_t text_len)
{
	const struct fault fault = {text, text_len};

	return check(value, NULL, 0, &fault);
}

/* One open array or object of the text before the offset. */
struct level {
	bool is_array;
	bool wants_key;
	size_t index;
	const char *key;
	size_t key_len;
};

struct scan {
	struct level levels[GUARD_MAX_DEPTH];
	int depth; /* may be more than there are levels; those are then not named */
};

static struct level *top(struct scan *scan)
{
	return scan->depth > 0 && scan->depth <= GUARD_MAX_DEPTH
	           ? &scan->levels[scan->depth - 1]
	           : NULL;
}

static void scan_char(struct scan *scan, char c)
{
	struct level *level = top(scan);

	if (c == '{' || c == '[') {
		scan->depth++;
		level = top(scan);
		if (level != NULL)
			*level = (struct level){.is_array = c == '[', .wants_key = c == '{'};
	} else if (c == '}' || c == ']') {
		if (scan->depth > 0)
			scan->depth--;
	} else if (level != NULL && c == ',') {
		level->index++;
		level->wants_key = !level->is_array;
		level->key = NULL;
	} else if (level != NULL && c == ':') {
		level->wants_key = false;
	}
}

/* Steps over the string that begins at i; returns the index of its closing quote, or end. */
static size_t scan_string(struct scan *scan, const char *json, size_t i, size_t end)
{
	struct level *level = top(scan);
	size_t close = i + 1;

	while (close < end && json[close] != '"')
		close += json[close] == '\\' ? 2 : 1;
	if (close > end)
		close = end;
	if (level != NULL && level->wants_key) {
		level->key = json + i + 1;
		level->key_len = close - i - 1;
	}
	return close;
}

void guard_path_at(const char *json, size_t len, size_t offset, char *path, size_t path_len)
{
	struct scan scan = {.depth = 0};
	struct place places[GUARD_MAX_DEPTH];
	const struct place *last = NULL;
	struct path text = {.text = path, .size = path_len};
	size_t end = offset < len ? offset : len;

	*path = '\0';
	for (size_t i = 0; i < end; i++) {
		if (json[i] == '"')
			i = scan_string(&scan, json, i, end);
		else
			scan_char(&scan, json[i]);
	}
	for (int i = 0; i < scan.depth && i < GUARD_MAX_DEPTH; i++) {
		const struct level *level = &scan.levels[i];

		if (!level->is_array && level->key == NULL)
			break;
		places[i] = (struct place){.up = last,
		    .key = level->is_array ? NULL : level->key,
		    .key_len = level->key_len,
		    .index = level->index};
		last = &places[i];
	}
	put_place(&text, last);
}
