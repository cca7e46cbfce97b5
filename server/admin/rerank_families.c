/* rerank_families: the rerank provider, as metrics. */
#include "admin/families.h"
#include "admin/prometheus.h"
#include "embed/reranker.h"
#include "service.h"

void families_of_rerank(FILE *out, const struct service *service)
{
	static const char *const outcomes[] = {[RERANK_OK] = "ok",
	    [RERANK_LATE] = "late",
	    [RERANK_FAILED] = "failed",
	    [RERANK_REFUSED] = "refused",
	    [RERANK_SKIPPED] = "skipped",
	    [RERANK_CANCELLED] = "cancelled"};
	char labels[PROMETHEUS_LABEL_BYTES];

	if (service->reranker == NULL)
		return;
	const struct reranker_stats *s = reranker_stats(service->reranker);

	prometheus_family(out, "rerank_requests_total", "counter",
	    "Requests to the rerank provider by outcome; skipped: it was not asked. But for "
	    "ok, hits "
	    "stayed in their order.");
	for (int i = 0; i < RERANK_OUTCOMES; i++) {
		prometheus_label(labels, "outcome", outcomes[i]);
		prometheus_count(out, "rerank_requests_total", labels, s->outcomes[i]);
	}
	prometheus_family(out, "rerank_request_duration_seconds", "histogram",
	    "Requests to the rerank provider that ended.");
	prometheus_histogram(out, "rerank_request_duration_seconds", "", &s->took);
	prometheus_family(
	    out, "rerank_running", "gauge", "Requests to the rerank provider under way.");
	prometheus_count(out, "rerank_running", "", (uint64_t)s->running);
}
