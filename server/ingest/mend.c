/* mend: fast first, then strictly; only what fails is copied and mended. */
#include "ingest/mend.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read_json.h"
#include "utf8.h"

#define ESCAPE_LEN 6 /* \u0000 */

/* The code unit of the escape at s, or -1. */
static int escaped_unit(const char *s, const char *end)
{
	char digits[5] = "";

	if (end - s < ESCAPE_LEN || s[0] != '\\' || s[1] != 'u')
		return -1;
	memcpy(digits, s + 2, 4);
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)digits[i]))
			return -1;
	}
	return (int)strtol(digits, NULL, 16);
}

static void put_replacement(char *escape)
{
	escape[2] = escape[3] = escape[4] = 'f';
	escape[5] = 'd';
}

/* Replaces escapes of NUL and of half a surrogate pair by that of U+FFFD. */
static void mend_escapes(char *s, const char *end)
{
	for (; s < end; s++) {
		if (*s != '\\')
			continue;
		int unit = escaped_unit(s, end);
		bool high = unit >= 0xd800 && unit < 0xdc00;
		int low = high ? escaped_unit(s + ESCAPE_LEN, end) : -1;

		if (low >= 0xdc00 && low < 0xe000)
			s += 2 * ESCAPE_LEN - 1;
		else if (unit == 0 || (unit >= 0xd800 && unit < 0xe000))
			put_replacement(s);
		else
			s++;
	}
}

json_t *mend_json(const char *text, size_t len, char why[MEND_WHY_BYTES])
{
	json_error_t error;
	json_t *value = read_json(text, len);

	if (value == NULL)
		value = json_loadb(text, len, 0, &error);
	if (value != NULL)
		return value;
	char *mended = strndup(text, len);

	if (mended != NULL && strlen(mended) == len) {
		mend_escapes(mended, mended + len);
		utf8_repair(mended);
		value = json_loadb(mended, len, 0, &error);
	}
	free(mended);
	if (value == NULL)
		snprintf(why, MEND_WHY_BYTES, "broken JSON at column %d: %.100s", error.column,
		    error.text);
	return value;
}
