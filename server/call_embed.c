/* call_embed: the vector of a text, for a step that searches by meaning. */
#include <assert.h>
#include <stdio.h>

#include "call.h"
#include "call_impl.h"
#include "service.h"

static void on_vector(void *arg)
{
	struct call *call = arg;

	assert(call->waiting == WAIT_VECTOR && !call->running);
	call->waiting = WAIT_NOTHING;
	call_run(call);
}

enum step_result call_embed(struct call *call, const char *text, size_t len)
{
	embedder_query_fini(&call->vector);
	if (text == NULL)
		return STEP_NEXT;
	if (call->service->embedder == NULL) {
		snprintf(call->vector.why, sizeof(call->vector.why),
		    "this server has no embedding provider");
		return STEP_NEXT;
	}
	if (embedder_query(call->service->embedder, &call->vector, text, len, on_vector,
	        call) != QUERY_WAITS)
		return STEP_NEXT;
	call->waiting = WAIT_VECTOR;
	return STEP_WAIT;
}

bool call_embeds(const struct call *call)
{
	return call->service->embedder != NULL;
}
