/* uri: escapes and unescapes. */
#include "uri.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	int lower = tolower((unsigned char)c);

	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int uri_escaped_byte(const char *s)
{
	int high = hex(s[1]);
	int low = high < 0 ? -1 : hex(s[2]);

	return low < 0 ? -1 : high * 16 + low;
}

bool uri_unescape(const char *s, char *out, size_t out_len)
{
	size_t len = 0;

	while (*s != '\0' && len + 1 < out_len) {
		int c = *s == '%' ? uri_escaped_byte(s) : (unsigned char)*s;

		if (c <= 0 || *s == '/')
			return false;
		s += *s == '%' ? 3 : 1;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return *s == '\0' && len > 0;
}

void uri_escape(const char *s, char *out, size_t out_len)
{
	size_t len = 0;

	for (; *s != '\0' && len + 4 <= out_len; s++) {
		unsigned char c = (unsigned char)*s;

		if (isalnum(c) || strchr("-._~", c) != NULL)
			out[len++] = *s;
		else
			len += (size_t)snprintf(out + len, out_len - len, "%%%02X", c);
	}
	out[len] = '\0';
}
