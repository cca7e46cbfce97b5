/* alike: the Jaccard index of two sets of terms, of long ones by samples. */
#include "alike.h"

#include <stdint.h>
#include <stdlib.h>

#define SKETCH_TERMS 256

static int compare_terms(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a;
	int32_t y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

void terms_sketch(struct terms *terms)
{
	size_t distinct = 0;

	if (terms->count == 0)
		return;
	qsort(terms->items, terms->count, sizeof(*terms->items), compare_terms);
	for (size_t i = 0; i < terms->count && distinct < SKETCH_TERMS; i++) {
		if (i == 0 || terms->items[i] != terms->items[i - 1])
			terms->items[distinct++] = terms->items[i];
	}
	terms->count = distinct;
}

/* Up to which hash all terms of a text are known: a sample ends with its last one. */
static int32_t reach_of(const struct terms *terms)
{
	return terms->count < SKETCH_TERMS ? INT32_MAX : terms->items[terms->count - 1];
}

struct shares {
	size_t shared, either;
};

static struct shares shares_of(const struct terms *a, const struct terms *b)
{
	size_t i = 0, j = 0, shared = 0, either = 0;
	int64_t reach, x, y;

	if (a->count == 0 || b->count == 0)
		return (struct shares){0, 1};
	reach = reach_of(a) < reach_of(b) ? reach_of(a) : reach_of(b);
	for (; i < a->count || j < b->count; either++) {
		x = i < a->count ? a->items[i] : INT64_MAX;
		y = j < b->count ? b->items[j] : INT64_MAX;
		if (x > reach && y > reach)
			break;
		shared += x == y;
		i += x <= y;
		j += y <= x;
	}
	return (struct shares){shared, either};
}

bool terms_alike(const struct terms *a, const struct terms *b)
{
	struct shares s = shares_of(a, b);

	return s.shared * 10 >= s.either * 9;
}

double terms_likeness(const struct terms *a, const struct terms *b)
{
	struct shares s = shares_of(a, b);

	return (double)s.shared / (double)s.either;
}
