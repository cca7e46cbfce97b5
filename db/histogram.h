/*
 * histogram: how long something took, as counts by class of duration (Prometheus' kind:
 * bucket i counts what took at most histogram_bounds_s[i], the last one has no bound).
 */
#pragma once

#include <stdint.h>

#define HISTOGRAM_BOUNDS 15

extern const double histogram_bounds_s[HISTOGRAM_BOUNDS]; /* rising */

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* each by itself, not cumulated */
	uint64_t count;
	double sum_s;
};

void histogram_add(struct histogram *h, int64_t us);

/* Adds what another one counted. */
void histogram_join(struct histogram *h, const struct histogram *other);
