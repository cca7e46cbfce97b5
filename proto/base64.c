/* base64: three bytes are four characters of six bits. */
#include "base64.h"

static const char *const alphabets[] = {
    [BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

size_t base64_encode(enum base64_alphabet alphabet, const void *bytes, size_t len, char *text)
{
	const unsigned char *in = bytes;
	size_t at = 0;

	for (size_t i = 0; i < len; i += 3) {
		size_t have = len - i < 3 ? len - i : 3;
		unsigned long group = (unsigned long)in[i] << 16;

		group |= have > 1 ? (unsigned long)in[i + 1] << 8 : 0;
		group |= have > 2 ? (unsigned long)in[i + 2] : 0;
		for (size_t k = 0; k <= have; k++)
			text[at++] = alphabets[alphabet][(group >> (18 - 6 * k)) & 63];
		for (size_t k = have; k < 3 && alphabet == BASE64_STANDARD; k++)
			text[at++] = '=';
	}
	text[at] = '\0';
	return at;
}

/* One more than the value of a character of either alphabet; 0: it is of none. */
/* clang-format off */
static const unsigned char values[256] = {
    ['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
    ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15,
    ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22,
    ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29,
    ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
    ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43,
    ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50,
    ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57,
    ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    ['/'] = 64, ['_'] = 64,
};
/* clang-format on */

/* By a table: vectors are long, and what their characters are cannot be predicted. */
static int value_of(const char *alphabet, char c)
{
	int value = values[(unsigned char)c] - 1;

	return value >= 0 && alphabet[value] == c ? value : -1;
}

bool base64_decode(enum base64_alphabet alphabet, const char *text, size_t text_len, void *out,
    size_t out_size, size_t *len)
{
	unsigned char *bytes = out;
	unsigned bits = 0, held = 0;

	*len = 0;
	if (alphabet == BASE64_STANDARD) {
		if (text_len % 4 != 0)
			return false;
		for (int pad = 0; pad < 2 && text_len > 0 && text[text_len - 1] == '='; pad++)
			text_len--;
	}
	if (text_len % 4 == 1 || text_len / 4 * 3 + text_len % 4 * 3 / 4 > out_size)
		return false;
	for (size_t i = 0; i < text_len; i++) {
		int value = value_of(alphabets[alphabet], text[i]);

		if (value < 0)
			return false;
		bits = (bits << 6) | (unsigned)value;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[(*len)++] = (unsigned char)(bits >> held);
		}
	}
	return (bits & ((1U << held) - 1)) == 0;
}
