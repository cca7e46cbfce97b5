/* alike: the Jaccard index of two sorted sets of terms, given up as soon as it is too small. */
#include "alike.h"

bool terms_alike(const struct terms *a, const struct terms *b)
{
	size_t total = a->count + b->count;
	size_t apart_max =
	    total / 19; /* shared/(shared + apart) >= 0.9, total = 2 shared + apart */
	size_t i = 0, j = 0, apart = 0;

	if (a->count == 0 || b->count == 0)
		return false;
	while (i < a->count && j < b->count && apart <= apart_max) {
		if (a->items[i] == b->items[j]) {
			i++;
			j++;
		} else {
			apart++;
			if (a->items[i] < b->items[j])
				i++;
			else
				j++;
		}
	}
	return apart + (a->count - i) + (b->count - j) <= apart_max;
}
