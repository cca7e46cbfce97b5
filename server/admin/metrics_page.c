/* metrics_page: GET /metrics, with what server/metrics.h counted. */
#include <stdlib.h>
#include <string.h>

#include "admin/families.h"
#include "admin/handlers.h"
#include "admin/prometheus.h"
#include "http/http.h"
#include "mcp/methods.h"
#include "metrics.h"
#include "routes.h"
#include "service.h"
#include "tools/tools.h"

static void write_http_requests(FILE *out, const struct metrics *m)
{
	static const char name[] = "http_requests_total";
	char labels[PROMETHEUS_LABEL_BYTES];

	prometheus_family(out, name, "counter",
	    "Requests on the public listener; code 499: the client left before its answer.");
	for (unsigned route = 0; route_name(route) != NULL; route++) {
		for (unsigned verb = 0; verb < VERB_COUNT; verb++) {
			for (unsigned i = 0; metrics_code(i) >= 0; i++) {
				char code[8] = "other";

				if (m->http[route][verb][i] == 0)
					continue;
				if (metrics_code(i) > 0)
					snprintf(code, sizeof(code), "%d", metrics_code(i));
				snprintf(labels, sizeof(labels),
				    "method=\"%s\",route=\"%s\",code=\"%s\"",
				    metrics_verb_name((enum metrics_verb)verb),
				    route_name(route), code);
				prometheus_count(out, name, labels, m->http[route][verb][i]);
			}
		}
	}
}

static void write_http(FILE *out, const struct metrics *m, struct service *service)
{
	static const char took[] = "http_request_duration_seconds";
	char labels[PROMETHEUS_LABEL_BYTES];

	write_http_requests(out, m);
	prometheus_family(out, took, "histogram",
	    "From the complete request to its answer, or to the start of its stream.");
	for (unsigned route = 0; route_name(route) != NULL; route++) {
		if (m->http_took[route].count == 0)
			continue;
		prometheus_label(labels, "route", route_name(route));
		prometheus_histogram(out, took, labels, &m->http_took[route]);
	}
	prometheus_family(out, "http_connections", "gauge", "Client connections now.");
	prometheus_count(out, "http_connections", "", http_stats(service->http).connections);
}

/* cells: one for each outcome. Those that may be watched for are shown before they occur. */
static void write_outcomes(
    FILE *out, const char *method, const char *tool, const uint64_t *cells, bool always)
{
	char labels[PROMETHEUS_LABEL_BYTES];

	for (unsigned outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
		if (cells[outcome] == 0 &&
		    !(always && (outcome == OUTCOME_OK || outcome == OUTCOME_ERROR)))
			continue;
		snprintf(labels, sizeof(labels), "method=\"%s\",tool=\"%s\",outcome=\"%s\"",
		    method, tool, metrics_outcome_name((enum metrics_outcome)outcome));
		prometheus_count(out, "mcp_requests_total", labels, cells[outcome]);
	}
}

static void write_mcp(FILE *out, const struct metrics *m)
{
	static const char took[] = "mcp_call_duration_seconds";
	char labels[PROMETHEUS_LABEL_BYTES];

	prometheus_family(out, "mcp_requests_total", "counter",
	    "MCP messages by outcome; a tool's isError result is an error.");
	for (unsigned i = 0; method_name(i) != NULL; i++)
		write_outcomes(out, method_name(i), "", m->mcp[i], false);
	for (unsigned i = 1; tool_name(i) != NULL; i++)
		write_outcomes(out, "tools/call", tool_name(i), m->tools[i], true);
	prometheus_family(
	    out, took, "histogram", "Calls of tools, from their start to their end.");
	for (unsigned i = 1; tool_name(i) != NULL; i++) {
		prometheus_label(labels, "tool", tool_name(i));
		prometheus_histogram(out, took, labels, &m->call_took[i]);
	}
}

static void add_queued(void *bytes, const struct http_client *client)
{
	if (client->streams)
		*(size_t *)bytes += client->queued_bytes;
}

static void write_streams(FILE *out, struct service *service)
{
	static const char *const reasons[DROP_COUNT] = {[DROP_QUEUE_FULL] = "queue_full",
	    [DROP_STALLED] = "stalled",
	    [DROP_BROKEN] = "broken"};
	struct http_stats stats = http_stats(service->http);
	char labels[PROMETHEUS_LABEL_BYTES];
	size_t queued = 0;

	http_each_client(service->http, add_queued, &queued);
	prometheus_family(out, "sse_streams", "gauge", "Streams of events now.");
	prometheus_count(out, "sse_streams", "", stats.streams);
	prometheus_family(out, "sse_dropped_total", "counter",
	    "Streams that ended because their client did not keep up, or its connection "
	    "failed.");
	for (int i = 0; i < DROP_COUNT; i++) {
		prometheus_label(labels, "reason", reasons[i]);
		prometheus_count(out, "sse_dropped_total", labels, stats.dropped[i]);
	}
	prometheus_family(out, "sse_queue_bytes", "gauge",
	    "Events that wait for the readers of streams, all together.");
	prometheus_count(out, "sse_queue_bytes", "", queued);
}

static void write_loop(FILE *out, const struct metrics *m)
{
	prometheus_family(out, "event_loop_lag_seconds", "histogram",
	    "How late the loop is for an appointment, ten times a second.");
	prometheus_histogram(out, "event_loop_lag_seconds", "", &m->lag);
	prometheus_family(out, "event_loop_turn_seconds", "histogram",
	    "How long turns of the loop are busy in which requests come or are answered.");
	prometheus_histogram(out, "event_loop_turn_seconds", "", &m->turn);
	prometheus_family(out, "event_loop_lag_max_seconds", "gauge",
	    "The longest lag or busy turn since the last scrape.");
	prometheus_number(
	    out, "event_loop_lag_max_seconds", "", (double)metrics_take_worst() / 1e6);
}

void admin_metrics(struct service *service, struct exchange *x)
{
	const struct metrics *m = metrics_all();
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL) {
		exchange_reply(x, &(struct reply){.status = 503});
		return;
	}
	write_http(out, m, service);
	write_mcp(out, m);
	write_streams(out, service);
	families_of_database(out, service);
	families_of_embedding(out, service);
	families_of_rerank(out, service);
	write_loop(out, m);
	families_of_vectors(out, service);
	families_of_process(out, service);
	fclose(out);
	exchange_reply(x,
	    &(struct reply){
	        .status = 200, .content_type = PROMETHEUS_TYPE, .body = text, .body_len = len});
	free(text);
}
