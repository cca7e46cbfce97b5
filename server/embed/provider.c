/*
 * provider: the line of requests, and the breaker in front of it.
 *
 *	ask -> WAITING -> RUNNING -> done
 *	          ^          |
 *	          `----------'  failed, and there is time
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "clock.h"
#include "embed/provider_impl.h"
#include "log.h"

static const struct breaker_limits breaker_limits = {
    .failures = 5,
    .patience_ms = 20000,
    .first_wait_ms = 200,
    .most_wait_ms = 15000,
};

/* --- the way out --------------------------------------------------------- */

static void leave(struct provider_request *r)
{
	struct provider *p = r->provider;

	if (r->place == REQUEST_WAITING)
		TAILQ_REMOVE(&p->waiting, r, link);
	else if (r->place == REQUEST_RUNNING)
		TAILQ_REMOVE(&p->running, r, link);
	p->stats.waiting -= r->place == REQUEST_WAITING;
	p->stats.running -= r->place == REQUEST_RUNNING;
	r->place = REQUEST_NOWHERE;
}

static void end(struct provider_request *r, enum provider_outcome outcome)
{
	leave(r);
	r->provider->stats.outcomes[outcome]++;
	r->done(r->arg, outcome);
}

/* --- the line ------------------------------------------------------------ */

static void pump_in(struct provider *p, int64_t ms)
{
	const struct timeval after = {ms / 1000, ms % 1000 * 1000};

	event_add(p->pump, &after);
}

static void wait_in_line(struct provider *p, struct provider_request *r)
{
	r->place = REQUEST_WAITING;
	p->stats.waiting++;
	if (r->urgent)
		TAILQ_INSERT_HEAD(&p->waiting, r, link);
	else
		TAILQ_INSERT_TAIL(&p->waiting, r, link);
	pump_in(p, 0);
}

void provider_ask(struct provider *p, struct provider_request *r)
{
	r->provider = p;
	r->tries = 0;
	r->wire = NULL;
	*r->error = *r->message = '\0';
	wait_in_line(p, r);
}

/* After a failure: the breaker's wait, and no sooner than the provider wants. */
static void note_failure(struct provider *p, const struct provider_request *r, int64_t retry_ms)
{
	int64_t now = clock_ms();
	bool was_closed = p->breaker.state == BREAKER_CLOSED;

	breaker_failed(&p->breaker, r->began_ms, now);
	breaker_hold(&p->breaker, now + retry_ms);
	if (was_closed && p->breaker.state == BREAKER_OPEN)
		log_warn(
		    "the embedding provider is left alone for a while; searches use words only",
		    "error", r->error);
}

static void note_success(struct provider *p)
{
	if (p->breaker.state != BREAKER_CLOSED)
		log_info("the embedding provider answers again");
	breaker_succeeded(&p->breaker);
}

static void on_tried(void *arg, CURLcode code)
{
	struct provider_request *r = arg;
	struct provider *p = r->provider;
	int64_t retry_ms;
	enum sent outcome = provider_send_judge(p, r, code, &retry_ms);

	histogram_add(&p->stats.took, (clock_ms() - r->began_ms) * 1000);
	provider_send_fini(r);
	if (outcome == SENT_OK || outcome == SENT_REFUSED || outcome == SENT_FLOATS)
		note_success(p);
	else
		note_failure(p, r, retry_ms);
	pump_in(p, 0);
	if (outcome == SENT_OK) {
		p->proven = true;
		p->stats.texts += r->count;
		end(r, PROVIDER_OK);
	} else if (outcome == SENT_REFUSED) {
		end(r, PROVIDER_REFUSED);
	} else if (outcome == SENT_DENIED || r->tries >= PROVIDER_MOST_TRIES) {
		end(r, PROVIDER_UNAVAILABLE);
	} else {
		p->floats = p->floats || outcome == SENT_FLOATS;
		p->stats.retries++;
		leave(r);
		wait_in_line(p, r);
	}
}

static void start(struct provider *p, struct provider_request *r)
{
	leave(r);
	r->tries++;
	r->began_ms = clock_ms();
	r->place = REQUEST_RUNNING;
	p->stats.running++;
	TAILQ_INSERT_TAIL(&p->running, r, link);
	if (provider_send_prepare(p, r)) {
		r->wire->post.job.done = on_tried;
		r->wire->post.job.arg = r;
		if (curl_loop_start(p->loop, &r->wire->post.job))
			return;
		provider_send_fini(r);
	}
	snprintf(r->error, sizeof(r->error), "out of memory");
	end(r, PROVIDER_UNAVAILABLE);
}

/* Why r waits in vain; NULL: it does not. */
static const char *vain(
    struct provider *p, const struct provider_request *r, int at, int64_t now)
{
	if (p->breaker.state == BREAKER_OPEN && now < p->breaker.retry_at_ms)
		return "it has failed again and again";
	if (r->deadline_ms <= now + breaker_wait_ms(&p->breaker, now))
		return "it does not answer in time";
	return at > PROVIDER_QUEUE_LIMIT ? "too many requests wait for it" : NULL;
}

/* Those that wait in vain are told now. The done of one may cancel others, so it begins again. */
static void refuse(struct provider *p, int64_t now)
{
	struct provider_request *r = TAILQ_FIRST(&p->waiting);

	for (int at = 1; r != NULL; at++) {
		const char *why = vain(p, r, at, now);

		if (why == NULL) {
			r = TAILQ_NEXT(r, link);
			continue;
		}
		if (*r->error == '\0')
			snprintf(r->error, sizeof(r->error), "%s", why);
		end(r, PROVIDER_UNAVAILABLE);
		r = TAILQ_FIRST(&p->waiting);
		at = 0;
	}
}

static bool has_room(const struct provider *p, const struct provider_request *r)
{
	return p->stats.running <
	       p->config.concurrency + (r->urgent ? PROVIDER_URGENT_MORE : 0);
}

/* When something may have to be done next: the breaker's time, or a deadline. */
static void sleep_on(struct provider *p, int64_t now)
{
	const struct provider_request *r;
	int64_t wait = breaker_wait_ms(&p->breaker, now);

	if (TAILQ_EMPTY(&p->waiting))
		return;
	TAILQ_FOREACH (r, &p->waiting, link) {
		if (wait == 0 || r->deadline_ms - now < wait)
			wait = r->deadline_ms - now;
	}
	pump_in(p, wait > 0 ? wait : 1);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	struct provider *p = arg;
	struct provider_request *r;
	int64_t now = clock_ms();

	(void)fd;
	(void)what;
	refuse(p, now);
	while ((r = TAILQ_FIRST(&p->waiting)) != NULL && has_room(p, r) &&
	       breaker_permits(&p->breaker, now))
		start(p, r);
	sleep_on(p, now);
}

void provider_cancel(struct provider_request *r)
{
	if (r->place == REQUEST_RUNNING) {
		curl_loop_stop(r->provider->loop, &r->wire->post.job);
		provider_send_fini(r);
		pump_in(r->provider, 0);
	}
	if (r->place != REQUEST_NOWHERE)
		leave(r);
}

/* --- the whole ----------------------------------------------------------- */

struct provider *provider_new(struct event_base *base, const struct provider_config *config,
    char *error, size_t error_len)
{
	const struct post_target target = {config->url, config->key};
	struct provider *p;

	if (!post_target_fits(&target, "EMBEDDING", error, error_len))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->running);
	p->config = *config;
	breaker_init(&p->breaker, config->name, &breaker_limits);
	p->url = strdup(config->url);
	p->key = strdup(config->key);
	p->model = strdup(config->model);
	p->pump = evtimer_new(base, on_pump, p);
	snprintf(error, error_len, "out of memory");
	if (p->url != NULL && p->key != NULL && p->model != NULL && p->pump != NULL)
		p->loop = curl_loop_new(base, error, error_len);
	if (p->loop != NULL)
		return p;
	provider_free(p);
	return NULL;
}

void provider_free(struct provider *p)
{
	if (p == NULL)
		return;
	while (!TAILQ_EMPTY(&p->running))
		provider_cancel(TAILQ_FIRST(&p->running));
	curl_loop_free(p->loop);
	if (p->pump != NULL)
		event_free(p->pump);
	free(p->url);
	free(p->key);
	free(p->model);
	free(p);
}

bool provider_is_away(struct provider *p)
{
	return breaker_refuses(&p->breaker, clock_ms());
}

struct breaker *provider_breaker(struct provider *p)
{
	return &p->breaker;
}

void provider_reset_breaker(struct provider *p)
{
	breaker_reset(&p->breaker);
	pump_in(p, 0);
}

const struct provider_stats *provider_stats(const struct provider *p)
{
	return &p->stats;
}
