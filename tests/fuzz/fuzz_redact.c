/*
 * fuzz_redact: what redact.h promises, for any bytes.
 *
 * A second run finds nothing, valid UTF-8 stays valid, the growth is bounded, and what is
 * counted is what was replaced. The first byte may cut the text into a name and a value.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fact)
{
	if (!fact)
		abort();
}

/* Strict UTF-8 by its definition (RFC 3629). */
static bool is_utf8(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

	for (size_t i = 0; i < len;) {
		size_t n = s[i] < 0x80   ? 1
		           : s[i] < 0xc0 ? 0
		           : s[i] < 0xe0 ? 2
		           : s[i] < 0xf0 ? 3
		                         : 4;
		uint32_t c = n <= 1 ? s[i] : s[i] & (0xffU >> (n + 1));

		if (n == 0 || s[i] >= 0xf8 || len - i < n)
			return false;
		for (size_t k = 1; k < n; k++) {
			if ((s[i + k] & 0xc0) != 0x80)
				return false;
			c = (c << 6) | (s[i + k] & 0x3fU);
		}
		if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
		i += n;
	}
	return true;
}

static uint64_t total(const struct redactions *counts)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < REDACTION_KINDS; k++)
		sum += counts->of[k];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct redactions counts = {.of = {0}}, none = {.of = {0}};
	struct redacted out, again;
	enum redaction kind = REDACTION_KINDS;
	size_t name = len > 1 ? data[0] % len : 0;

	must(redact((const char *)data, len, &counts, &out));
	must((out.text != NULL) == (total(&counts) > 0));
	if (out.text != NULL) {
		must(strlen(out.text) <= out.len && out.text[out.len] == '\0');
		must(out.len <= REDACT_GROWTH * len);
		must(!is_utf8(data, len) || is_utf8((unsigned char *)out.text, out.len));
		must(redact(out.text, out.len, &none, &again));
		must(again.text == NULL && total(&none) == 0);
	}
	free(out.text);
	if (redact_by_name(
	        (const char *)data, name, (const char *)data + name, len - name, &kind))
		must(kind < REDACTION_KINDS);
	return 0;
}
