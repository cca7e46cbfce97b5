/*
 * embedder: the probe, the guard, and queries with their cache.
 *
 *	PROBING -> READY
 *	   `-----> USELESS   its vectors cannot be stored
 */
#include "embed/embedder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "embed/cache.h"
#include "embed/chunk.h"
#include "log.h"

#define CACHE_ENTRIES  256 /* of 16 KB at the most */
#define PROBE_AGAIN_MS 2000
#define PROBE_TEXT     "How many dimensions has a vector of this text?"

enum state { PROBING, READY, USELESS };

struct embedder {
	struct embedder_config config;
	char *query_prefix, *text_prefix;
	struct provider *provider;
	struct vector_cache *cache;
	struct embedder_cache_stats cached;
	enum state state;
	char model[EMBEDDER_MODEL_BYTES];
	size_t dimensions;
	char why[PROVIDER_ERROR_BYTES + ANSWER_MESSAGE_BYTES + 8]; /* PROBING and USELESS */
	char blocked[EMBEDDER_WHY_BYTES];                          /* "": it is not */
	char problem[EMBEDDER_WHY_BYTES];                          /* the last one told */
	struct provider_request probe;
	struct provider_text probe_text;
	float probed[EMBEDDING_DIMENSIONS];
	struct event *again;
	void (*opened)(void *arg);
	void *arg;
};

/* --- the probe ----------------------------------------------------------- */

static void on_probed(void *arg, enum provider_outcome outcome);

static void probe(struct embedder *e)
{
	e->probe = (struct provider_request){
	    .prefix = "",
	    .texts = &e->probe_text,
	    .count = 1,
	    .vectors = e->probed,
	    .deadline_ms = clock_ms() + e->config.provider.timeout_ms,
	    .done = on_probed,
	    .arg = e,
	};
	provider_ask(e->provider, &e->probe);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	probe(arg);
}

static void be_ready(struct embedder *e)
{
	e->dimensions = e->probe.dimensions;
	e->state = READY;
	snprintf(e->model, sizeof(e->model), "%s@%zu", e->config.provider.model, e->dimensions);
	log_info("the embedding provider is ready", "model", e->model);
	if (e->opened != NULL)
		e->opened(e->arg);
}

static void fail_probe(struct embedder *e)
{
	static const struct timeval after = {
	    PROBE_AGAIN_MS / 1000, PROBE_AGAIN_MS % 1000 * 1000};
	const struct provider_request *r = &e->probe;
	bool useless = r->fault == ANSWER_TOO_LARGE;
	bool told = *e->why != '\0';

	snprintf(e->why, sizeof(e->why), "%s%s%s%s", r->error, *r->message != '\0' ? " (" : "",
	    r->message, *r->message != '\0' ? ")" : "");
	if (useless) {
		e->state = USELESS;
		log_error("the embedding model cannot be used: choose another with "
		          "EMBEDDING_MODEL, or ask "
		          "for fewer dimensions with EMBEDDING_DIMENSION",
		    "model", e->config.provider.model, "error", e->why);
		return;
	}
	if (!told)
		log_warn(
		    "the embedding provider could not be probed; this is tried again and again",
		    "model", e->config.provider.model, "error", e->why);
	event_add(e->again, &after);
}

static bool asked_dimension_missed(const struct embedder *e)
{
	return e->config.provider.dimensions > 0 &&
	       e->probe.dimensions != e->config.provider.dimensions;
}

static void on_probed(void *arg, enum provider_outcome outcome)
{
	struct embedder *e = arg;

	if (outcome == PROVIDER_OK && asked_dimension_missed(e)) {
		e->state = USELESS;
		snprintf(e->why, sizeof(e->why),
		    "the model gives %zu dimensions, EMBEDDING_DIMENSION asks for %zu",
		    e->probe.dimensions, e->config.provider.dimensions);
		log_error(
		    "the embedding model does not give the dimensions it is asked for; leave "
		    "EMBEDDING_DIMENSION out, or choose another with EMBEDDING_MODEL",
		    "model", e->config.provider.model, "error", e->why);
	} else if (outcome == PROVIDER_OK) {
		be_ready(e);
	} else {
		fail_probe(e);
	}
}

void embedder_open(struct embedder *e, void (*opened)(void *arg), void *arg)
{
	e->opened = opened;
	e->arg = arg;
	probe(e);
}

/* --- how it is ----------------------------------------------------------- */

const char *embedder_problem(struct embedder *e)
{
	const struct breaker *b = provider_breaker(e->provider);

	if (*e->blocked != '\0')
		return e->blocked;
	if (e->state == READY && !(b->state == BREAKER_OPEN && clock_ms() < b->retry_at_ms))
		return NULL;
	snprintf(e->problem, sizeof(e->problem), "the embedding provider is unavailable%s%s",
	    e->state != READY && *e->why != '\0' ? ": " : "", e->state != READY ? e->why : "");
	return e->problem;
}

void embedder_block(struct embedder *e, const char *why)
{
	snprintf(e->blocked, sizeof(e->blocked), "%s", why != NULL ? why : "");
}

const char *embedder_model(const struct embedder *e)
{
	return e->state == READY ? e->model : NULL;
}

size_t embedder_dimensions(const struct embedder *e)
{
	return e->dimensions;
}

const struct embedder_config *embedder_config(const struct embedder *e)
{
	return &e->config;
}

struct provider *embedder_provider(struct embedder *e)
{
	return e->provider;
}

struct embedder_cache_stats embedder_cache_stats(const struct embedder *e)
{
	return e->cached;
}

/* --- queries ------------------------------------------------------------- */

static void on_queried(void *arg, enum provider_outcome outcome)
{
	struct embedder_query *q = arg;
	struct embedder *e = q->embedder;

	if (outcome == PROVIDER_OK) {
		vector_cache_put(e->cache, q->text.s, q->text.len, q->vector, e->dimensions);
	} else {
		snprintf(q->why, sizeof(q->why), "the embedding provider %s: %s",
		    outcome == PROVIDER_REFUSED ? "gave no vector for the query"
		                                : "is unavailable",
		    q->request.error);
		free(q->vector);
		q->vector = NULL;
	}
	q->done(q->arg);
}

static bool ask(struct embedder *e, struct embedder_query *q)
{
	q->copy = strndup(q->text.s, q->text.len);
	if (q->copy == NULL)
		return false;
	q->text.s = q->copy;
	q->request = (struct provider_request){
	    .prefix = e->query_prefix,
	    .texts = &q->text,
	    .count = 1,
	    .vectors = q->vector,
	    .dimensions = e->dimensions,
	    .urgent = true,
	    .deadline_ms = clock_ms() + e->config.query_ms,
	    .done = on_queried,
	    .arg = q,
	};
	provider_ask(e->provider, &q->request);
	return true;
}

enum embedder_query_state embedder_query(struct embedder *e, struct embedder_query *q,
    const char *text, size_t len, void (*done)(void *arg), void *arg)
{
	const char *problem = embedder_problem(e);
	struct chunk first;
	const float *known;

	if (chunk_text(text, len, e->config.chunk_bytes, &first, 1) == 0)
		problem = "the query is empty";
	q->embedder = e;
	q->done = done;
	q->arg = arg;
	snprintf(q->why, sizeof(q->why), "%s", problem != NULL ? problem : "out of memory");
	if (problem != NULL)
		return QUERY_NO_VECTOR;
	q->text = (struct provider_text){text + first.from, first.len};
	q->vector = calloc(EMBEDDING_DIMENSIONS, sizeof(*q->vector));
	if (q->vector == NULL)
		return QUERY_NO_VECTOR;
	known = vector_cache_get(e->cache, q->text.s, q->text.len);
	e->cached.hits += known != NULL;
	e->cached.misses += known == NULL;
	if (known != NULL) {
		memcpy(q->vector, known, e->dimensions * sizeof(*known));
		return QUERY_VECTOR;
	}
	if (ask(e, q))
		return QUERY_WAITS;
	free(q->vector);
	q->vector = NULL;
	return QUERY_NO_VECTOR;
}

void embedder_query_fini(struct embedder_query *q)
{
	if (q->request.provider != NULL)
		provider_cancel(&q->request);
	free(q->vector);
	free(q->copy);
	memset(q, 0, sizeof(*q));
}

/* --- the whole ----------------------------------------------------------- */

struct embedder *embedder_new(struct event_base *base, const struct embedder_config *config,
    char *error, size_t error_len)
{
	struct embedder *e = calloc(1, sizeof(*e));

	snprintf(error, error_len, "out of memory");
	if (e == NULL)
		return NULL;
	e->config = *config;
	e->probe_text = (struct provider_text){PROBE_TEXT, strlen(PROBE_TEXT)};
	e->query_prefix = strdup(config->query_prefix);
	e->text_prefix = strdup(config->text_prefix);
	e->config.query_prefix = e->query_prefix;
	e->config.text_prefix = e->text_prefix;
	e->cache = vector_cache_new(CACHE_ENTRIES);
	e->again = evtimer_new(base, on_again, e);
	if (e->query_prefix != NULL && e->text_prefix != NULL && e->cache != NULL &&
	    e->again != NULL)
		e->provider = provider_new(base, &config->provider, error, error_len);
	if (e->provider != NULL)
		return e;
	embedder_free(e);
	return NULL;
}

void embedder_free(struct embedder *e)
{
	if (e == NULL)
		return;
	if (e->probe.provider != NULL)
		provider_cancel(&e->probe);
	provider_free(e->provider);
	vector_cache_free(e->cache);
	if (e->again != NULL)
		event_free(e->again);
	free(e->query_prefix);
	free(e->text_prefix);
	free(e);
}
