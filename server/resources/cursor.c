/* cursor: "time id" in base64url. */
#include "resources/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "rows.h"

void cursor_format(int64_t time_us, const char *id, char text[CURSOR_TEXT_BYTES])
{
	char plain[CURSOR_ID_BYTES + 24];
	int len = snprintf(plain, sizeof(plain), "%" PRId64 " %s", time_us, id);

	base64_encode(BASE64_URL, plain, (size_t)len, text);
}

bool cursor_parse(const char *text, struct cursor *cursor)
{
	char plain[CURSOR_ID_BYTES + 24];
	size_t len;
	int used = 0;

	cursor->time_us = ROWS_NO_TIME;
	*cursor->id = '\0';
	if (text == NULL)
		return true;
	if (!base64_decode(BASE64_URL, text, strlen(text), plain, sizeof(plain) - 1, &len) ||
	    len == 0)
		return false;
	plain[len] = '\0';
	if (sscanf(plain, "%" SCNd64 "%n", &cursor->time_us, &used) != 1 || plain[used] != ' ')
		return false;
	snprintf(cursor->id, sizeof(cursor->id), "%s", plain + used + 1);
	return true;
}
