/*
 * search_rerank: asks the rerank provider about the best hits of a search, and puts them in its order.
 *
 * Scores of providers have no common scale, so they count by where they stand between the worst and the
 * best of one answer.
 */
#include <stdlib.h>
#include <string.h>

#include "rows.h"
#include "tools/search_impl.h"

bool search_reranks(const struct search_memories *s)
{
	return s->rerank && s->strategy != STRATEGY_RECENT && call_reranks(&s->call);
}

static size_t candidates_of(const struct search_memories *s, size_t hits)
{
	size_t most = call_rerank_candidates(&s->call);

	return hits < most ? hits : most;
}

int32_t search_rerank_limit(const struct search_memories *s, int32_t limit)
{
	int32_t most = search_reranks(s) ? (int32_t)call_rerank_candidates(&s->call) : 0;

	return limit > most ? limit : most;
}

enum step_result search_rerank(struct call *call)
{
	struct search_memories *s = (struct search_memories *)call;
	struct chosen_hit hits[MAX_HITS];
	struct rerank_text texts[MAX_HITS];

	if (!search_reranks(s))
		return STEP_NEXT;
	size_t count = candidates_of(s, (size_t)search_read_hits(s, hits));

	if (count < 2)
		return STEP_NEXT;
	for (size_t i = 0; i < count; i++) {
		const struct search_hit *hit = &hits[i].hit;

		texts[i] = (struct rerank_text){{hit->user_input, hit->assistant_response},
		    {strlen(hit->user_input), strlen(hit->assistant_response)}};
	}
	s->asked_order = true;
	return call_rerank(call, s->query.s, s->query.len, texts, count);
}

static int compare_worth(const void *a, const void *b)
{
	const struct chosen_hit *x = a, *y = b;

	if (x->reranked != y->reranked)
		return x->reranked ? -1 : 1;
	if (x->worth != y->worth)
		return x->worth > y->worth ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* What its age leaves a hit, with half_life_days. */
static double freshness_of(const struct search_memories *s, int row)
{
	struct search_reasons reasons;

	search_read_reasons(s->call.rows, row, &reasons);
	return reasons.fresh;
}

void search_put_in_order(const struct search_memories *s, struct chosen_hit *hits, int count)
{
	const double *scores = s->call.order.scores;

	if (scores == NULL)
		return;
	int asked = (int)candidates_of(s, (size_t)count);
	double least = scores[0], most = scores[0];

	for (int i = 1; i < asked; i++) {
		least = scores[i] < least ? scores[i] : least;
		most = scores[i] > most ? scores[i] : most;
	}
	for (int i = 0; i < count; i++) {
		hits[i].reranked = i < asked;
		hits[i].relevance = i < asked ? scores[i] : 0;
		hits[i].worth = i >= asked     ? 0
		                : most > least ? (scores[i] - least) / (most - least)
		                               : 1;
		hits[i].worth *= freshness_of(s, hits[i].row);
	}
	qsort(hits, (size_t)count, sizeof(*hits), compare_worth);
}

const char *search_not_reranked(const struct search_memories *s)
{
	return s->asked_order && s->call.order.scores == NULL ? s->call.order.why : NULL;
}
