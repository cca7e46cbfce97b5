/* histogram: counts by class of duration. */
#include "histogram.h"

const double histogram_bounds_s[HISTOGRAM_BOUNDS] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025,
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

void histogram_add(struct histogram *h, int64_t us)
{
	double s = (double)us / 1e6;
	int i = 0;

	while (i < HISTOGRAM_BOUNDS && s > histogram_bounds_s[i])
		i++;
	h->counts[i]++;
	h->count++;
	h->sum_s += s;
}

void histogram_join(struct histogram *h, const struct histogram *other)
{
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
		h->counts[i] += other->counts[i];
	h->count += other->count;
	h->sum_s += other->sum_s;
}
