/* compact: jansson writes, then the reals are shortened where they stand. */
#include "compact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Including both quotes. */
static size_t string_len(const char *s)
{
	const char *end = s + 1;

	while (*end != '"')
		end += *end == '\\' ? 2 : 1;
	return (size_t)(end + 1 - s);
}

/* Fifteen digits are enough for what people write; seventeen are for every double. */
static size_t shorten_real(char *to, const char *from, size_t len)
{
	double value = strtod(from, NULL);
	char text[32];

	for (int digits = 15; digits < 17; digits++) {
		int shorter = snprintf(text, sizeof(text), "%.*g", digits, value);

		/* 5.0 stays 5.0: an integer is another kind of number to some readers. */
		if (strtod(text, NULL) == value && (size_t)shorter < len &&
		    strpbrk(text, ".e") != NULL) {
			memcpy(to, text, (size_t)shorter);
			return (size_t)shorter;
		}
	}
	memmove(to, from, len);
	return len;
}

/* Moves the token at from down to to, which may be the same place; returns its new length. */
static size_t move_token(char *to, const char *from, size_t *taken)
{
	size_t number = strspn(from, "+-.0123456789eE");

	if (*from == '"') {
		*taken = string_len(from);
	} else if (*from != '-' && (*from < '0' || *from > '9')) {
		*taken = 1;
	} else {
		*taken = number;
		if (strcspn(from, ".eE") < number)
			return shorten_real(to, from, number);
	}
	memmove(to, from, *taken);
	return *taken;
}

char *compact_json(const json_t *value, size_t *len)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	char *to = text;
	size_t token;

	if (text == NULL)
		return NULL;
	for (const char *from = text; *from != '\0'; from += token)
		to += move_token(to, from, &token);
	*to = '\0';
	*len = (size_t)(to - text);
	return text;
}
