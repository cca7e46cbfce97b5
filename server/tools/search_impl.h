/*
 * search_impl: search_memories in its files: the tool (search_memories.c), the order of a rerank provider
 * (search_rerank.c), which hits it shows (search_choose.c), and why (search_explain.c).
 */
#pragma once

#include "args.h"
#include "call.h"
#include "search.h"
#include "tools/memory_limits.h"
#include "tools/period.h"

/* In the order of both tables of names. */
enum { STRATEGY_HYBRID, STRATEGY_SEMANTIC, STRATEGY_RECENT, STRATEGY_KEYWORD };

struct search_memories {
	struct call call;
	struct arg_text query;
	struct arg_vector embedding;
	struct arg_text session_id;
	struct period period;
	struct arg_text query_timestamp;
	struct arg_uuid why_not;
	int64_t limit, max_tokens;
	double min_score, half_life_days, diversity;
	int detail, strategy;
	bool exact, strict, explain, rerank;
	bool asked_order;     /* the rerank provider was wanted for these hits */
	const float *vector;  /* of the query; NULL: it goes by words. Borrowed from the call */
	const char *by_words; /* why, where that was not asked for; else NULL */
	int whence;           /* row of why_not; -1: it is not among them */
};

struct chosen_hit {
	struct search_hit hit;
	int row;          /* its place before the re-rank, from 0 */
	double worth;     /* what the order goes by: the score, or after a re-rank 0 to 1 */
	double relevance; /* as the rerank provider has it, with reranked */
	bool reranked;
};

/* The rows of the search that are hits (min_score), best first: how many. */
int search_read_hits(const struct search_memories *s, struct chosen_hit hits[MAX_HITS]);

/* The same as they are to be shown: how many, limit at the most; behind these stand the others, found in all. */
int search_choose(
    const struct search_memories *s, struct chosen_hit hits[MAX_HITS], int *found);

/* Does this search want the hits re-ranked, and is there a provider for it? */
bool search_reranks(const struct search_memories *s);
int32_t search_rerank_limit(const struct search_memories *s, int32_t limit);

/* The step that asks, and what it changes; why it did not, where it was wanted, or NULL. */
enum step_result search_rerank(struct call *call);
void search_put_in_order(const struct search_memories *s, struct chosen_hit *hits, int count);
const char *search_not_reranked(const struct search_memories *s);

/* What search_ask() needs; period is filled in for it. */
struct search search_wish(const struct search_memories *s, struct search_period *period);

/* [{id, ...}, ...] for the result, and lines for the text. False: out of memory. */
bool search_explain(struct search_memories *s, const struct chosen_hit *hits, int count);

/* Adds "why_not" for a memory among the rows, or (absence) one that is not. False: out of memory. */
bool search_tell_rank(
    struct search_memories *s, const struct chosen_hit *hits, int count, int found);
bool search_tell_absence(struct search_memories *s);
