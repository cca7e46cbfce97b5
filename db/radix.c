/* radix: one pass for each digit in which keys differ, the lowest first. */
#include "radix.h"

#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS                                                                             \
	10 /* three passes for a term's number; more would spread over too many pages */
#define DIGITS (1U << DIGIT_BITS)
#define FEW    1024 /* fewer are sorted by comparing: a pass looks at all digits, too */

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void pass(const uint64_t *from, uint64_t *to, size_t count, int shift)
{
	size_t places[DIGITS] = {0}, place = 0;

	for (size_t i = 0; i < count; i++)
		places[from[i] >> shift & (DIGITS - 1)]++;
	for (size_t digit = 0; digit < DIGITS; digit++) {
		size_t of_it = places[digit];

		places[digit] = place;
		place += of_it;
	}
	for (size_t i = 0; i < count; i++)
		to[places[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

void radix_sort(uint64_t *keys, uint64_t *scratch, size_t count)
{
	uint64_t *from = keys, *to = scratch, differ = 0;

	if (count < FEW) {
		if (count > 0)
			qsort(keys, count, sizeof(*keys), compare_keys);
		return;
	}
	for (size_t i = 1; i < count; i++)
		differ |= keys[i] ^ keys[0];
	for (int shift = differ != 0 ? __builtin_ctzll(differ) : 64; shift < 64;
	     shift += DIGIT_BITS) {
		if ((differ >> shift & (DIGITS - 1)) == 0)
			continue;
		pass(from, to, count, shift);
		uint64_t *sorted = to;

		to = from;
		from = sorted;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(*keys));
}
