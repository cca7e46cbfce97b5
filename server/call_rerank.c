/* call_rerank: how well each of some texts answers a question, for a step that puts hits in order. */
#include <assert.h>

#include "call.h"
#include "call_impl.h"
#include "service.h"

static void on_order(void *arg)
{
	struct call *call = arg;

	assert(call->waiting == WAIT_ORDER && !call->running);
	call->waiting = WAIT_NOTHING;
	call_run(call);
}

enum step_result call_rerank(struct call *call, const char *query, size_t len,
    const struct rerank_text *texts, size_t count)
{
	rerank_fini(&call->order);
	if (!reranker_ask(call->service->reranker, &call->order, query, len, texts, count,
	        on_order, call))
		return STEP_NEXT;
	call->waiting = WAIT_ORDER;
	return STEP_WAIT;
}

bool call_reranks(const struct call *call)
{
	return call->service->reranker != NULL;
}

size_t call_rerank_candidates(const struct call *call)
{
	return reranker_config(call->service->reranker)->candidates;
}
