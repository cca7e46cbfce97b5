/* when: what is not RFC 3339 yet is made so. */
#include "ingest/when.h"

#include <string.h>

#include "rfc3339.h"

#define DATE_LEN   10 /* 2026-07-28 */
#define LONGEST    40
#define OFFSET_LEN 3 /* +08 */

bool when_parse(const char *s, size_t len, int64_t *unix_us)
{
	char text[LONGEST + sizeof(":00")];

	if (rfc3339_parse(s, len, unix_us))
		return true;
	if (len <= DATE_LEN || len > LONGEST)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	const char *sign = strpbrk(text + DATE_LEN, "+-");
	size_t offset = sign != NULL ? len - (size_t)(sign - text) : 0;

	if (sign == NULL) {
		text[len++] = 'Z';
	} else if (offset == OFFSET_LEN) {
		memcpy(text + len, ":00", 3);
		len += 3;
	} else if (offset == OFFSET_LEN + 2) { /* +0800 */
		text[len] = text[len - 1];
		text[len - 1] = text[len - 2];
		text[len - 2] = ':';
		len++;
	}
	return rfc3339_parse(text, len, unix_us);
}
