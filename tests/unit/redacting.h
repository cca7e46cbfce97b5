/* redacting: texts with what must be left of them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "redact.h"

/* What is left of a text; checks on the way what holds for every text. */
static inline char *redacted(const char *text, struct redactions *counts)
{
	struct redactions again = {.of = {0}};
	struct redacted out, second;
	size_t len = strlen(text);
	char *exact = malloc(len + 1); /* reading past it is seen */

	assert_non_null(exact);
	memcpy(exact, text, len);
	assert_true(redact(exact, len, counts, &out));
	free(exact);
	if (out.text == NULL)
		return strdup(text);
	assert_int_equal(strlen(out.text), out.len);
	assert_true(out.len <= REDACT_GROWTH * len);
	assert_true(redact(out.text, out.len, &again, &second));
	if (second.text != NULL)
		fail_msg("%s -> %s -> %s", text, out.text, second.text);
	return out.text;
}

struct example {
	const char *text, *left;
};

static inline void check(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct redactions counts = {.of = {0}};
		char *left = redacted(examples[i].text, &counts);

		if (strcmp(left, examples[i].left) != 0)
			fail_msg("%s\n-> %s\nnot %s", examples[i].text, left, examples[i].left);
		free(left);
	}
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof(*(examples)))
