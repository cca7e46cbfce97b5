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
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fact)
{
	if (!fact)
		abort();
}

static bool is_utf8(const char *s, size_t len)
{
	size_t n = 1;

	for (; len > 0 && n > 0; s += n, len -= n)
		n = utf8_sequence(s, len);
	return n > 0;
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
		must(!is_utf8((const char *)data, len) || is_utf8(out.text, out.len));
		must(redact(out.text, out.len, &none, &again));
		must(again.text == NULL && total(&none) == 0);
	}
	free(out.text);
	if (redact_by_name(
	        (const char *)data, name, (const char *)data + name, len - name, &kind))
		must(kind < REDACTION_KINDS);
	return 0;
}
