/* cursor: "time id" in base64url, by libcrypto. */
#include "mcp/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "rows.h"

void cursor_format(int64_t time_us, const char *id, char text[CURSOR_TEXT_BYTES])
{
	char plain[CURSOR_ID_BYTES + 24];
	int len = snprintf(plain, sizeof(plain), "%" PRId64 " %s", time_us, id);

	EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)plain, len);
}

bool cursor_parse(const char *text, struct cursor *cursor)
{
	unsigned char plain[CURSOR_TEXT_BYTES];
	int used = 0;

	cursor->time_us = ROWS_NO_TIME;
	*cursor->id = '\0';
	if (text == NULL)
		return true;
	int len = (int)strlen(text);

	if (len == 0 || len >= CURSOR_TEXT_BYTES)
		return false;
	len = EVP_DecodeBlock(plain, (const unsigned char *)text, len);
	if (len <= 0)
		return false;
	plain[len] = '\0';
	if (sscanf((const char *)plain, "%" SCNd64 " %n", &cursor->time_us, &used) != 1 ||
	    used == 0)
		return false;
	snprintf(cursor->id, sizeof(cursor->id), "%s", (const char *)plain + used);
	return true;
}
