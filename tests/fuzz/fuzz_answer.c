/*
 * fuzz_answer: what answer.h promises, for any bytes: the same outcome however they are cut, and vectors that
 * are finite and not zero when it says so.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "embed/answer.h"

#define TEXTS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fact)
{
	if (!fact)
		abort();
}

static enum answer_fault read_in(const uint8_t *data, size_t len, size_t step, float *vectors)
{
	struct answer a;

	must(answer_init(&a, vectors, TEXTS, 0));
	for (size_t at = 0; at < len; at += step)
		answer_feed(&a, (const char *)data + at, at + step < len ? step : len - at);
	enum answer_fault fault = answer_end(&a);

	must(strlen(a.message) < ANSWER_MESSAGE_BYTES && a.dimensions <= EMBEDDING_DIMENSIONS);
	must(fault != ANSWER_OK || a.dimensions > 0);
	answer_fini(&a);
	return fault;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static float whole[TEXTS * EMBEDDING_DIMENSIONS], cut[TEXTS * EMBEDDING_DIMENSIONS];
	enum answer_fault fault = read_in(data, len, len > 0 ? len : 1, whole);

	must(read_in(data, len, len > 0 ? 1 + data[0] % 7 : 1, cut) == fault);
	if (fault != ANSWER_OK)
		return 0;
	must(memcmp(whole, cut, sizeof(whole)) == 0);
	for (size_t t = 0; t < TEXTS; t++) {
		double sum = 0;

		for (size_t i = 0; i < EMBEDDING_DIMENSIONS; i++)
			sum += fabs((double)whole[t * EMBEDDING_DIMENSIONS + i]);
		must(isfinite(sum) && sum > 0);
	}
	return 0;
}
