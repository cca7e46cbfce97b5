/* metrics: the counters, and where in them something is counted. */
#include "metrics.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static struct metrics all;

static const char *const verbs[VERB_COUNT] = {
    "GET", "POST", "DELETE", "HEAD", "OPTIONS", "other"};
static const char *const outcomes[OUTCOME_COUNT] = {"cancelled", "ok", "error", "asks"};

/* The frequent ones first: they are looked for in this order. */
static const int codes[] = {200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409, 413, 414,
    415, 417, 429, 431, 499, 500, 501, 503, 504, 505, 507, 0};

#define CODE_COUNT (sizeof(codes) / sizeof(*codes))

_Static_assert(CODE_COUNT <= METRICS_CODES, "room for all codes");

static enum metrics_verb verb_of(const char *name)
{
	unsigned verb = 0;

	while (verb < VERB_OTHER && (name == NULL || strcmp(verbs[verb], name) != 0))
		verb++;
	return (enum metrics_verb)verb;
}

static unsigned place_of(int status)
{
	unsigned place = 0;

	while (place < CODE_COUNT - 1 && codes[place] != status)
		place++;
	return place;
}

void metrics_http(unsigned route, const char *verb, int status, int64_t us)
{
	assert(route < METRICS_ROUTES);
	all.http[route][verb_of(verb)][place_of(status)]++;
	if (us >= 0)
		histogram_add(&all.http_took[route], us);
}

void metrics_mcp(unsigned method, unsigned tool, enum metrics_outcome outcome)
{
	assert(method < METRICS_METHODS && tool < METRICS_TOOLS);
	if (tool != 0)
		all.tools[tool][outcome]++;
	else
		all.mcp[method][outcome]++;
}

void metrics_call(unsigned tool, int64_t us)
{
	assert(tool < METRICS_TOOLS);
	if (tool != 0)
		histogram_add(&all.call_took[tool], us);
}

static void keep_worst(int64_t us)
{
	if (us > all.worst_us)
		all.worst_us = us;
}

void metrics_lag(int64_t us)
{
	histogram_add(&all.lag, us);
	keep_worst(us);
}

void metrics_turn(int64_t us)
{
	histogram_add(&all.turn, us);
	keep_worst(us);
}

const struct metrics *metrics_all(void)
{
	return &all;
}

int64_t metrics_take_worst(void)
{
	int64_t worst_us = all.worst_us;

	all.worst_us = 0;
	return worst_us;
}

const char *metrics_verb_name(enum metrics_verb verb)
{
	return verbs[verb];
}

const char *metrics_outcome_name(enum metrics_outcome outcome)
{
	return outcomes[outcome];
}

int metrics_code(unsigned place)
{
	return place < CODE_COUNT ? codes[place] : -1;
}
