/* breaker: three states, and waits that double. */
#include "breaker.h"

#include <stdio.h>
#include <string.h>

#include <event2/util.h>

void breaker_init(struct breaker *b, const char *name, const struct breaker_limits *limits)
{
	memset(b, 0, sizeof(*b));
	snprintf(b->name, sizeof(b->name), "%s", name);
	b->limits = *limits;
}

bool breaker_refuses(struct breaker *b, int64_t now_ms)
{
	if (b->state != BREAKER_OPEN || now_ms >= b->retry_at_ms)
		return false;
	b->refused_total++;
	return true;
}

/* Anything from 1 ms to the doubled wait (full jitter). */
static int64_t draw_wait(const struct breaker *b)
{
	int64_t most = b->limits.first_wait_ms;
	uint32_t random;

	for (int i = 1; i < b->failures && most < b->limits.most_wait_ms; i++)
		most *= 2;
	if (most > b->limits.most_wait_ms)
		most = b->limits.most_wait_ms;
	if (most < 1)
		most = 1;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	return 1 + (int64_t)(random % (uint32_t)most);
}

bool breaker_permits(struct breaker *b, int64_t now_ms)
{
	if (now_ms < b->retry_at_ms)
		return false;
	if (b->state == BREAKER_CLOSED)
		return true;
	b->state = BREAKER_HALF_OPEN;
	/* A probe that never tells how it went is followed by another one. */
	b->retry_at_ms = now_ms + b->limits.most_wait_ms;
	return true;
}

void breaker_failed(struct breaker *b, int64_t began_ms, int64_t now_ms)
{
	if (b->failures++ == 0)
		b->failing_since_ms = began_ms;
	b->failed_total++;
	b->retry_at_ms = now_ms + draw_wait(b);
	if (b->state == BREAKER_CLOSED && b->failures < b->limits.failures &&
	    now_ms - b->failing_since_ms < b->limits.patience_ms)
		return;
	if (b->state == BREAKER_CLOSED)
		b->opened++;
	b->state = BREAKER_OPEN;
}

void breaker_succeeded(struct breaker *b)
{
	breaker_reset(b);
}

void breaker_hold(struct breaker *b, int64_t until_ms)
{
	if (b->retry_at_ms < until_ms)
		b->retry_at_ms = until_ms;
}

void breaker_reset(struct breaker *b)
{
	b->state = BREAKER_CLOSED;
	b->failures = 0;
	b->retry_at_ms = 0;
}

int64_t breaker_wait_ms(const struct breaker *b, int64_t now_ms)
{
	return b->retry_at_ms > now_ms ? b->retry_at_ms - now_ms : 0;
}

const char *breaker_state_name(enum breaker_state state)
{
	static const char *const names[] = {
	    [BREAKER_CLOSED] = "closed",
	    [BREAKER_OPEN] = "open",
	    [BREAKER_HALF_OPEN] = "half_open",
	};

	return names[state];
}
