/* vector_families: the index on embeddings, and what its checks found. */
#include "admin/families.h"
#include "admin/prometheus.h"
#include "service.h"
#include "vector_index.h"

static void write_state(FILE *out, enum vector_index_state now)
{
	static const char name[] = "vector_index_state";
	char labels[PROMETHEUS_LABEL_BYTES];

	prometheus_family(
	    out, name, "gauge", "1 for the state that the index on embeddings is in.");
	for (int state = 0; state < VECTOR_INDEX_STATES; state++) {
		prometheus_label(
		    labels, "state", vector_index_name((enum vector_index_state)state));
		prometheus_count(out, name, labels, state == (int)now);
	}
}

void families_of_vectors(FILE *out, const struct service *service)
{
	struct vector_report report = vector_keeper_report(service->vectors);

	write_state(out, report.indexes[VECTOR_INDEX_WHOLES].state);
	prometheus_family(out, "vector_index_checked_total", "counter",
	    "Of what a search by vector should find, what the index found (true) and what it "
	    "missed (false), by a sample every hour: their ratio is its recall.");
	prometheus_count(out, "vector_index_checked_total", "found=\"true\"", report.found);
	prometheus_count(out, "vector_index_checked_total", "found=\"false\"", report.missed);
}
