/*
 * reset_circuit_breaker: lets a dependency that failed be tried again at once.
 *
 *	reset
 */
#include <string.h>

#include "service.h"
#include "tools/show_breakers.h"
#include "tools/tools.h"

#define MAX_NAME_BYTES (BREAKER_NAME_BYTES - 1)

struct reset_circuit_breaker {
	struct call call;
	struct arg_text name;
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "name", .kind = ARG_TEXT, .min = 1, .max = MAX_NAME_BYTES,
	  .at = offsetof(struct reset_circuit_breaker, name),
	  .help = "One of get_status's circuit_breakers; all of them without it." },
	{ 0 },
};

static const struct arg breaker_results[] = {
	{ .name = "name", .kind = ARG_TEXT, .required = true },
	{ .name = "was", .kind = ARG_TEXT, .required = true },
	{ .name = "now", .kind = ARG_TEXT, .required = true },
	{ 0 },
};

static const struct arg results[] = {
	{ .name = "reset", .kind = ARG_RECORDS, .required = true, .items = breaker_results },
	{ 0 },
};
/* clang-format on */

static enum step_result reset(struct call *call)
{
	const struct reset_circuit_breaker *r = (const struct reset_circuit_breaker *)call;
	json_t *list = reset_breakers(call->service, r->name.s);

	if (r->name.s != NULL && json_array_size(list) == 0) {
		json_decref(list);
		return call_bad_argument(call,
		    "name: there is no circuit breaker '%s'; get_status lists them", r->name.s);
	}
	call->result = json_pack("{s:o}", "reset", list);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(reset), {0}};

const struct tool tool_reset_circuit_breaker = {
    .work = {.name = "reset_circuit_breaker",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct reset_circuit_breaker),
        /* While the database is away, no credential can be checked; it does no more than what the
         * next call would do a little later. */
        .serves_anybody = true},
    .title = "Reset circuit breakers",
    .description =
        "Try a dependency that failed again at once, instead of after a while; call it "
        "when get_status shows an open breaker and its cause is mended.",
    .results = results,
    .repeatable = true,
};
