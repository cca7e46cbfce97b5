/* mcp_header: trimmed, decoded, compared. */
#include "mcp_header.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"

#define MAX_VALUE_BYTES (16 * 1024) /* as long as the HTTP layer lets all headers be */

/* A header value without the blanks around it. */
struct span {
	const char *s;
	size_t len;
};

static struct span trim(const char *value)
{
	struct span span = {value, 0};

	span.s += strspn(value, " \t");
	span.len = strlen(span.s);
	while (span.len > 0 && strchr(" \t", span.s[span.len - 1]) != NULL)
		span.len--;
	return span;
}

bool mcp_header_says(const char *header, const char *expected)
{
	struct span span = trim(header != NULL ? header : "");

	return strlen(expected) == span.len && memcmp(span.s, expected, span.len) == 0;
}

static bool decode_text(const char *text, size_t text_len, char *out, size_t out_len)
{
	size_t len;

	if (!base64_decode(BASE64_STANDARD, text, text_len, out, out_len - 1, &len))
		return false;
	out[len] = '\0';
	return strlen(out) == len;
}

bool mcp_header_decode(const char *value, char *out, size_t out_len)
{
	static const char begin[] = "=?base64?", end[] = "?=";
	const size_t begin_len = sizeof(begin) - 1, end_len = sizeof(end) - 1;
	struct span span = trim(value);

	if (span.len >= begin_len + end_len && memcmp(span.s, begin, begin_len) == 0 &&
	    memcmp(span.s + span.len - end_len, end, end_len) == 0)
		return decode_text(
		    span.s + begin_len, span.len - begin_len - end_len, out, out_len);
	if (span.len >= out_len)
		return false;
	for (size_t i = 0; i < span.len; i++) {
		if ((span.s[i] < ' ' || span.s[i] > '~') && span.s[i] != '\t')
			return false;
		out[i] = span.s[i];
	}
	out[span.len] = '\0';
	return true;
}

bool mcp_header_matches(const char *value, const json_t *argument)
{
	char text[MAX_VALUE_BYTES];
	char *end;

	if (value == NULL || argument == NULL || json_is_null(argument))
		return value == NULL && (argument == NULL || json_is_null(argument));
	if (!mcp_header_decode(value, text, sizeof(text)))
		return false;
	if (json_is_integer(argument)) {
		long long number = strtoll(text, &end, 10);

		return end != text && *end == '\0' && number == json_integer_value(argument);
	}
	if (json_is_boolean(argument))
		return strcmp(text, json_is_true(argument) ? "true" : "false") == 0;
	return json_is_string(argument) && strcmp(text, json_string_value(argument)) == 0;
}
