/* embed_families: the embedding provider, its queue, and what waits for vectors, as metrics. */
#include <time.h>

#include "admin/families.h"
#include "admin/prometheus.h"
#include "backfill.h"
#include "embed/embedder.h"
#include "rows.h"
#include "service.h"

static void write_requests(FILE *out, const struct provider_stats *s)
{
	static const char *const outcomes[] = {[PROVIDER_OK] = "ok",
	    [PROVIDER_UNAVAILABLE] = "unavailable",
	    [PROVIDER_REFUSED] = "refused"};
	char labels[PROMETHEUS_LABEL_BYTES];

	prometheus_family(out, "embedding_requests_total", "counter",
	    "Requests to the embedding provider by outcome, retries within.");
	for (int i = 0; i < PROVIDER_OUTCOMES; i++) {
		prometheus_label(labels, "outcome", outcomes[i]);
		prometheus_count(out, "embedding_requests_total", labels, s->outcomes[i]);
	}
	prometheus_family(out, "embedding_request_duration_seconds", "histogram",
	    "Each try of a request to the embedding provider.");
	prometheus_histogram(out, "embedding_request_duration_seconds", "", &s->took);
}

/* How long the oldest has waited; 0 when there is none, or so many that nobody looked. */
static double oldest_s(const struct backfill_stats *s)
{
	struct timespec now;

	if (s->oldest_us == ROWS_NO_TIME)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	double age = (double)now.tv_sec - (double)s->oldest_us / 1e6;

	return age > 0 ? age : 0;
}

static void write_counters(FILE *out, const struct provider_stats *p,
    const struct backfill_stats *b, const struct embedder_cache_stats *c)
{
	const struct {
		const char *name;
		uint64_t value;
		const char *help;
	} counters[] = {
	    {"embedding_texts_total", p->texts, "Texts that got a vector."},
	    {"embedding_retries_total", p->retries, "Requests that were sent once more."},
	    {"embedding_stored_total", b->stored, "Memories whose vectors were stored."},
	    {"embedding_failed_total", b->failed,
	        "Memories that the provider gave no vector for."},
	    {"embedding_query_cache_hits_total", c->hits, "Queries whose vector was known."},
	    {"embedding_query_cache_misses_total", c->misses,
	        "Queries whose vector was asked for."},
	};

	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++) {
		prometheus_family(out, counters[i].name, "counter", counters[i].help);
		prometheus_count(out, counters[i].name, "", counters[i].value);
	}
}

void families_of_embedding(FILE *out, struct service *service)
{
	if (service->embedder == NULL)
		return;
	const struct provider_stats *p = provider_stats(embedder_provider(service->embedder));
	const struct backfill_stats *b = backfill_stats(service->backfill);
	const struct embedder_cache_stats c = embedder_cache_stats(service->embedder);

	write_requests(out, p);
	write_counters(out, p, b, &c);
	prometheus_family(out, "embedding_waiting", "gauge",
	    "Requests that wait for the embedding provider.");
	prometheus_count(out, "embedding_waiting", "", (uint64_t)p->waiting);
	prometheus_family(out, "embedding_backlog", "gauge",
	    "Memories without a vector, up to 100,000, as of the latest round.");
	prometheus_count(out, "embedding_backlog", "", (uint64_t)b->waiting);
	prometheus_family(out, "embedding_oldest_pending_seconds", "gauge",
	    "How long the memory has waited for its vector that waits longest.");
	prometheus_number(out, "embedding_oldest_pending_seconds", "", oldest_s(b));
	prometheus_family(out, "embedding_usable", "gauge",
	    "1 while queries get vectors: the provider answers, and the stored vectors are of "
	    "its model.");
	prometheus_count(
	    out, "embedding_usable", "", embedder_problem(service->embedder) == NULL);
}
