/* compact: writes into a text that grows; reals in the shortest form that reads back. */
#include "compact.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM   512
#define NUMBER_BYTES 32

struct output {
	char *text; /* NULL: out of memory, or a value that JSON does not have */
	size_t len, room;
};

static void fail(struct output *out)
{
	free(out->text);
	*out = (struct output){.text = NULL};
}

/* Where len bytes may be written; NULL after a failure. */
static char *reserve(struct output *out, size_t len)
{
	if (out->text == NULL)
		return NULL;
	if (out->len + len > out->room) {
		size_t room = 2 * out->room + len;
		char *text = realloc(out->text, room);

		if (text == NULL) {
			fail(out);
			return NULL;
		}
		out->text = text;
		out->room = room;
	}
	return out->text + out->len;
}

static void put(struct output *out, const char *s, size_t len)
{
	char *to = reserve(out, len);

	if (to == NULL)
		return;
	memcpy(to, s, len);
	out->len += len;
}

static void put_escape(struct output *out, unsigned char c)
{
	static const char short_ones[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *found = memchr(short_ones, c, sizeof(short_ones) - 1);
	char text[8] = "\\";
	int len = 2;

	if (found != NULL)
		text[1] = names[found - short_ones];
	else
		len = snprintf(text, sizeof(text), "\\u%04X", c);
	put(out, text, (size_t)len);
}

static void put_string(struct output *out, const char *s, size_t len)
{
	const char *end = s + len, *plain = s;

	put(out, "\"", 1);
	for (; s < end; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		put(out, plain, (size_t)(s - plain));
		put_escape(out, c);
		plain = s + 1;
	}
	put(out, plain, (size_t)(end - plain));
	put(out, "\"", 1);
}

static void put_integer(struct output *out, json_int_t value)
{
	char text[NUMBER_BYTES];
	int len = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, value);

	put(out, text, (size_t)len);
}

/* Fifteen digits are enough for what people write; seventeen are for every double. */
static void put_real(struct output *out, const json_t *real)
{
	double value = json_real_value(real);
	char *whole = json_dumps(real, JSON_ENCODE_ANY); /* in seventeen */
	char text[NUMBER_BYTES];

	if (whole == NULL) {
		fail(out);
		return;
	}
	for (int digits = 15; digits < 17; digits++) {
		size_t len = (size_t)snprintf(text, sizeof(text), "%.*g", digits, value);

		/* 5.0 stays 5.0: an integer is another kind of number to some readers. */
		if (strtod(text, NULL) == value && len < strlen(whole) &&
		    strpbrk(text, ".e") != NULL) {
			put(out, text, len);
			free(whole);
			return;
		}
	}
	put(out, whole, strlen(whole));
	free(whole);
}

static void put_value(struct output *out, const json_t *value);

static void put_object(struct output *out, json_t *object)
{
	const char *key, *comma = "";
	json_t *member;

	put(out, "{", 1);
	json_object_foreach (object, key, member) {
		put(out, comma, strlen(comma));
		put_string(out, key, strlen(key));
		put(out, ":", 1);
		put_value(out, member);
		comma = ",";
	}
	put(out, "}", 1);
}

static void put_array(struct output *out, const json_t *array)
{
	const json_t *element;
	size_t i;

	put(out, "[", 1);
	json_array_foreach (array, i, element) {
		put(out, ",", i > 0);
		put_value(out, element);
	}
	put(out, "]", 1);
}

static void put_value(struct output *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(out, (json_t *)(uintptr_t)value);
		break;
	case JSON_ARRAY:
		put_array(out, value);
		break;
	case JSON_STRING:
		put_string(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		put_integer(out, json_integer_value(value));
		break;
	case JSON_REAL:
		put_real(out, value);
		break;
	case JSON_TRUE:
		put(out, "true", 4);
		break;
	case JSON_FALSE:
		put(out, "false", 5);
		break;
	case JSON_NULL:
		put(out, "null", 4);
		break;
	}
}

char *compact_json(const json_t *value, size_t *len)
{
	struct output out = {.text = malloc(FIRST_ROOM), .room = FIRST_ROOM};

	if (value == NULL) /* there was no memory for it */
		fail(&out);
	else
		put_value(&out, value);
	put(&out, "", 1);
	if (out.text != NULL)
		*len = out.len - 1;
	return out.text;
}
