/*
 * fuzz_text: what text.h promises, for any bytes.
 *
 * The same text gives the same terms, as many as are bounded by its length; a reduced list is sorted and
 * each term is in it once; what is beside them comes in twos, and asking for it changes no term.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TERMS_PER_BYTE 40 /* one code point can become 18, each a character and a pair */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool fact)
{
	if (!fact)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct terms terms = {0}, again = {0};
	struct terms_beside beside = {0};

	must(terms_add_text(&terms, (const char *)data, len));
	must(terms_add_text_beside(&again, &beside, (const char *)data, len));
	must(terms.count == again.count && terms.count <= TERMS_PER_BYTE * len);
	must(terms.count == 0 ||
	     memcmp(terms.items, again.items, terms.count * sizeof(*terms.items)) == 0);
	must(beside.pairs.count % 2 == 0 && beside.beginnings.count % 2 == 0);
	terms_drop_function_words(&again);
	must(again.count > 0 || terms.count == 0);
	terms_reduce(&terms);
	for (size_t i = 1; i < terms.count; i++)
		must(terms.items[i - 1] < terms.items[i]);
	must(terms.count <= again.count);
	terms_fini(&terms);
	terms_fini(&again);
	terms_beside_fini(&beside);
	return 0;
}
