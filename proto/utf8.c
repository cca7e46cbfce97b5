/* utf8: the well-formed sequences of Unicode 15.0, table 3-7. */
#include "utf8.h"

#include <stdint.h>

/* Length of the valid sequence at s, or 0. The NUL at the end is never a continuation. */
static size_t sequence(const unsigned char *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = s[0] & (0xffU >> (len + 1));

	if (len <= 1)
		return len;
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
	unsigned char *s = (unsigned char *)text;

	while (*s != '\0') {
		size_t len = sequence(s);

		if (len == 0)
			*s = '?';
		s += len == 0 ? 1 : len;
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
