/*
 * fuzz_ranks: what ranks.h promises, for any bytes: finite scores when it says so, and a reason when not.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "embed/ranks.h"

#define TEXTS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	double scores[TEXTS] = {NAN, NAN, NAN};
	enum ranks_fault fault = ranks_read((const char *)data, len, scores, TEXTS);

	must(strlen(ranks_fault_text(fault)) > 0);
	for (size_t i = 0; fault == RANKS_OK && i < TEXTS; i++)
		must(isfinite(scores[i]));
	return 0;
}
