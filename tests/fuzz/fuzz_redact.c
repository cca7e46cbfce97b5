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

static bool is_utf8(const void *bytes, size_t len)
{
	char *plain = malloc(len + 1), *repaired;

	must(plain != NULL);
	memcpy(plain, bytes, len);
	for (size_t i = 0; i < len; i++)
		plain[i] = plain[i] != '\0' ? plain[i] : ' ';
	plain[len] = '\0';
	repaired = strdup(plain);
	must(repaired != NULL);
	utf8_repair(repaired);
	bool same = strcmp(plain, repaired) == 0;

	free(plain);
	free(repaired);
	return same;
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
		must(!is_utf8(data, len) || is_utf8(out.text, out.len));
		must(redact(out.text, out.len, &none, &again));
		must(again.text == NULL && total(&none) == 0);
	}
	free(out.text);
	if (redact_by_name(
	        (const char *)data, name, (const char *)data + name, len - name, &kind))
		must(kind < REDACTION_KINDS);
	return 0;
}
