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

/* By arithmetic: vectors are long, and a search of the alphabet is slow. */
static int value_of(const char *alphabet, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == alphabet[62])
		return 62;
	return c == alphabet[63] ? 63 : -1;
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
