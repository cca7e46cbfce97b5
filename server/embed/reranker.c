/*
 * reranker: one request, maybe once more in the other kind, and the breaker in front of it.
 *
 *	ask -> on the wire -> done
 *	          ^   |
 *	          `---'  refused, and it may be of the other kind
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "embed/reranker_impl.h"
#include "log.h"

#define PROBE_MS 10000 /* it may be loading its model */

/* Each failure is a search that has waited in vain. */
static const struct breaker_limits breaker_limits = {
    .failures = 3,
    .patience_ms = 20000,
    .first_wait_ms = 200,
    .most_wait_ms = 15000,
};

/* Until something has succeeded, what is refused may be of the other kind. */
static bool may_be_of_other_kind(
    const struct reranker *r, const struct rerank *q, CURLcode code)
{
	long status = post_status(&q->wire->post);

	return code == CURLE_OK && (status == 400 || status == 422) && !r->proven &&
	       !q->switched;
}

/* --- the way of one request --- */

static void on_sent(void *arg, CURLcode code);

static void take_off_wire(struct rerank *q)
{
	q->reranker->stats.running--;
	rerank_send_fini(q);
}

static bool put_on_wire(struct reranker *r, struct rerank *q, bool texts)
{
	snprintf(q->why, sizeof(q->why), "out of memory");
	if (!rerank_send_prepare(r, q, texts))
		return false;
	r->stats.running++;
	q->wire->post.job.done = on_sent;
	q->wire->post.job.arg = q;
	if (curl_loop_start(r->loop, &q->wire->post.job))
		return true;
	take_off_wire(q);
	return false;
}

static void note_failure(struct reranker *r, const struct rerank *q, int64_t retry_ms)
{
	int64_t now = clock_ms();
	bool was_closed = r->breaker.state == BREAKER_CLOSED;

	breaker_failed(&r->breaker, q->began_ms, now);
	breaker_hold(&r->breaker, now + retry_ms);
	snprintf(r->error, sizeof(r->error), "%s", q->why);
	if (was_closed && r->breaker.state == BREAKER_OPEN)
		log_warn(
		    "the rerank provider is left alone for a while; hits stay in the order "
		    "of the search",
		    "error", q->why);
}

static void note_success(struct reranker *r)
{
	if (r->breaker.state != BREAKER_CLOSED)
		log_info("the rerank provider answers again");
	breaker_succeeded(&r->breaker);
}

/* The one way out. */
static void end(struct rerank *q, enum rerank_outcome outcome)
{
	q->reranker->stats.outcomes[outcome]++;
	q->done(q->arg);
}

static void on_sent(void *arg, CURLcode code)
{
	struct rerank *q = arg;
	struct reranker *r = q->reranker;
	bool texts = q->wire->texts;

	if (may_be_of_other_kind(r, q, code)) {
		q->switched = true;
		take_off_wire(q);
		if (!put_on_wire(r, q, !texts))
			end(q, RERANK_FAILED);
		return;
	}
	int64_t retry_ms = post_retry_ms(&q->wire->post);
	enum rerank_outcome outcome = rerank_send_judge(r, q, code);

	histogram_add(&r->stats.took, (clock_ms() - q->began_ms) * 1000);
	if (outcome == RERANK_OK) {
		r->proven = true;
		r->texts = texts;
	}
	if (outcome == RERANK_OK || outcome == RERANK_REFUSED)
		note_success(r);
	else
		note_failure(r, q, retry_ms);
	take_off_wire(q);
	end(q, outcome);
}

static bool start(struct reranker *r, struct rerank *q, int timeout_ms)
{
	q->reranker = r;
	q->began_ms = clock_ms();
	q->deadline_ms = q->began_ms + timeout_ms;
	return put_on_wire(r, q, r->texts);
}

/* Why it is not asked now; NULL: it is. */
static const char *skips(struct reranker *r)
{
	int64_t now = clock_ms();

	if (r->stats.running >= RERANK_AT_ONCE)
		return "too many requests to it are under way";
	if (breaker_refuses(&r->breaker, now) || !breaker_permits(&r->breaker, now))
		return r->error;
	return NULL;
}

bool reranker_ask(struct reranker *r, struct rerank *q, const char *query, size_t query_len,
    const struct rerank_text *texts, size_t count, void (*done)(void *arg), void *arg)
{
	const char *skipped = skips(r);

	q->reranker = r;
	q->count = count;
	q->done = done;
	q->arg = arg;
	if (skipped == NULL && rerank_send_copy(q, query, query_len, texts) &&
	    start(r, q, r->config.timeout_ms))
		return true;
	snprintf(q->why, sizeof(q->why), "%s", skipped != NULL ? skipped : "out of memory");
	r->stats.outcomes[RERANK_SKIPPED]++;
	return false;
}

void rerank_fini(struct rerank *q)
{
	if (q->wire != NULL) {
		curl_loop_stop(q->reranker->loop, &q->wire->post.job);
		take_off_wire(q);
		q->reranker->stats.outcomes[RERANK_CANCELLED]++;
	}
	free(q->scores);
	free(q->query);
	free(q->texts);
	memset(q, 0, sizeof(*q));
}

/* --- the probe --- */

static void on_probed(void *arg)
{
	struct reranker *r = arg;

	if (r->probe.scores != NULL)
		log_info("the rerank provider is ready", "model", r->model);
	else
		log_warn("the rerank provider could not be probed; searches try it again",
		    "model", r->model, "error", r->probe.why, "answer", r->said);
	rerank_fini(&r->probe);
}

void reranker_probe(struct reranker *r)
{
	static const struct rerank_text texts[] = {
	    {{"A heron is a bird.", NULL}, {18, 0}}, {{"Tea is hot.", NULL}, {11, 0}}};
	static const char query[] = "What is a heron?";

	r->probe.count = 2;
	r->probe.done = on_probed;
	r->probe.arg = r;
	if (!rerank_send_copy(&r->probe, query, strlen(query), texts) ||
	    !start(r, &r->probe, PROBE_MS))
		log_warn("the rerank provider could not be probed; searches try it again",
		    "model", r->model, "error", "out of memory");
}

/* --- the whole --- */

/* ".../v1/rerank", ".../v2/rerank": with a version. */
static bool has_version(const char *url)
{
	size_t len = strlen(url), name = strlen(RERANK_ENDPOINT);

	if (len < name + 3 || strcmp(url + len - name, RERANK_ENDPOINT) != 0)
		return false;
	const char *end = url + len - name, *at = end;

	while (at > url && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return at < end && at >= url + 2 && at[-1] == 'v' && at[-2] == '/';
}

struct reranker *reranker_new(struct event_base *base, const struct reranker_config *config,
    char *error, size_t error_len)
{
	const struct post_target target = {config->url, config->key};
	struct reranker *r;

	if (!post_target_fits(&target, "RERANK", error, error_len))
		return NULL;
	snprintf(error, error_len, "out of memory");
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	breaker_init(&r->breaker, "rerank", &breaker_limits);
	r->texts = !has_version(config->url);
	r->url = strdup(config->url);
	r->key = strdup(config->key);
	r->model = strdup(config->model);
	r->config = *config;
	r->config.url = r->url;
	r->config.key = r->key;
	r->config.model = r->model;
	if (r->url != NULL && r->key != NULL && r->model != NULL)
		r->loop = curl_loop_new(base, error, error_len);
	if (r->loop != NULL)
		return r;
	reranker_free(r);
	return NULL;
}

void reranker_free(struct reranker *r)
{
	if (r == NULL)
		return;
	rerank_fini(&r->probe);
	curl_loop_free(r->loop);
	free(r->url);
	free(r->key);
	free(r->model);
	free(r);
}

const struct reranker_config *reranker_config(const struct reranker *r)
{
	return &r->config;
}

const struct reranker_stats *reranker_stats(const struct reranker *r)
{
	return &r->stats;
}

struct breaker *reranker_breaker(struct reranker *r)
{
	return &r->breaker;
}

const char *reranker_problem(const struct reranker *r)
{
	return r->breaker.failures > 0 ? r->error : NULL;
}
