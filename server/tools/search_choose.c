/* search_choose: which hits of a search are shown, and in which order. */
#include <stdlib.h>
#include <string.h>

#include "alike.h"
#include "rows.h"
#include "tools/search_impl.h"

struct candidate {
	struct chosen_hit hit;
	struct terms terms;
	double likeness; /* to the most like one of those chosen */
};

static int compare_newest(const void *a, const void *b)
{
	int64_t x = ((const struct chosen_hit *)a)->hit.created_us;
	int64_t y = ((const struct chosen_hit *)b)->hit.created_us;

	return (x < y) - (x > y);
}

int search_read_hits(const struct search_memories *s, struct chosen_hit hits[MAX_HITS])
{
	int count = 0;

	for (int row = 0; row < rows_count(s->call.rows) && row < MAX_HITS; row++) {
		hits[count] = (struct chosen_hit){.row = row};
		search_read(s->call.rows, row, &hits[count].hit);
		hits[count].worth = hits[count].hit.score;
		count += hits[count].hit.score >= s->min_score;
	}
	return count;
}

static void sketch(struct candidate *candidate, const struct chosen_hit *hit)
{
	const char *texts[] = {hit->hit.user_input, hit->hit.assistant_response};

	*candidate = (struct candidate){.hit = *hit};
	for (size_t i = 0; i < 2; i++) {
		/* Without memory it is like no other. */
		if (!terms_add_text(&candidate->terms, texts[i], strlen(texts[i])))
			return;
	}
	terms_sketch(&candidate->terms);
}

/*
 * Maximal marginal relevance (Carbonell and Goldstein, 1998): the next one is good, and unlike those before it.
 * Likeness is that of words, so that it needs no vectors.
 */
static void diversify(struct chosen_hit *hits, int count, int wanted, double diversity)
{
	struct candidate candidates[MAX_HITS];
	double best_worth = count > 0 && hits[0].worth > 0 ? hits[0].worth : 1;

	for (int i = 0; i < count; i++)
		sketch(&candidates[i], &hits[i]);
	for (int at = 0; at < wanted && at < count; at++) {
		double best = -2;
		int next = at;

		for (int i = at; i < count; i++) {
			double worth = (1 - diversity) * candidates[i].hit.worth / best_worth -
			               diversity * candidates[i].likeness;

			next = worth > best ? i : next;
			best = worth > best ? worth : best;
		}
		const struct candidate taken = candidates[next];

		memmove(
		    &candidates[at + 1], &candidates[at], (size_t)(next - at) * sizeof(taken));
		candidates[at] = taken;
		for (int i = at + 1; i < count; i++) {
			double likeness = terms_likeness(&taken.terms, &candidates[i].terms);

			if (likeness > candidates[i].likeness)
				candidates[i].likeness = likeness;
		}
	}
	for (int i = 0; i < count; i++) {
		hits[i] = candidates[i].hit;
		terms_fini(&candidates[i].terms);
	}
}

int search_choose(const struct search_memories *s, struct chosen_hit hits[MAX_HITS], int *found)
{
	int count = search_read_hits(s, hits);

	*found = count;
	search_put_in_order(s, hits, count);
	if (s->diversity > 0)
		diversify(hits, count, (int)s->limit, s->diversity);
	if (count > s->limit)
		count = (int)s->limit;
	if (s->strategy == STRATEGY_RECENT)
		qsort(hits, (size_t)count, sizeof(*hits), compare_newest);
	return count;
}
