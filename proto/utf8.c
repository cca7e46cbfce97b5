/* utf8: the well-formed sequences of Unicode 15.0, table 3-7. */
#include "utf8.h"

#include <stdint.h>
#include <string.h>

size_t utf8_sequence(const char *text, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text;
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = s[0] & (0xffU >> (len + 1));

	if (len <= 1 || len > left)
		return len > left ? 0 : len;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = (c << 6) | (s[i] & 0x3fU);
	}
	if (s[0] >= 0xf8 || c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return len;
}

void utf8_repair(char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t len = utf8_sequence(text, left);

		if (len == 0) {
			*text = '?';
			len = 1;
		}
		text += len;
		left -= len;
	}
}

int utf8_cut(const char *s, size_t len, int max)
{
	if (len <= (size_t)max)
		return (int)len;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}
