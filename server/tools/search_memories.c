/*
 * search_memories: the memories that fit a question best.
 *
 *	embed -> find -> search_rerank -> list_hits, and for why_not: ask_absence -> tell_absence
 */
#include <math.h>
#include <string.h>
#include <uuid/uuid.h>

#include "rows.h"
#include "search.h"
#include "sessions.h"
#include "tools/detail.h"
#include "tools/listing.h"
#include "tools/memory_limits.h"
#include "tools/search_impl.h"
#include "tools/show_memory.h"
#include "tools/tools.h"

/* clang-format off */
static const char *const strategies[] = {
	[STRATEGY_HYBRID] = "hybrid", [STRATEGY_SEMANTIC] = "semantic",
	[STRATEGY_RECENT] = "recent", [STRATEGY_KEYWORD] = "keyword", NULL };

static const struct arg arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct search_memories, query),
	  .help = "What to look for: a question or words, in any language." },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = EMBEDDING_DIMENSIONS,
	  .at = offsetof(struct search_memories, embedding),
	  .help = "Vector of the query, beside its words." },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct search_memories, session_id),
	  .help = "Only this session." },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_HITS, .fallback = "10",
	  .at = offsetof(struct search_memories, limit) },
	{ .name = "detail", .kind = ARG_ENUM, .choices = detail_choices, .fallback = "snippet",
	  .at = offsetof(struct search_memories, detail) },
	{ .name = "max_tokens", .kind = ARG_INTEGER, .min = MIN_TOKENS, .max = MAX_TOKENS,
	  .at = offsetof(struct search_memories, max_tokens), .help = MAX_TOKENS_HELP },
	RARE_PERIOD_ARGUMENTS(struct search_memories, period, "It happened, or was written, at this time or later.", "Excluded itself."),
	{ .name = "query_timestamp", .kind = ARG_TEXT, .rare = true, .min = 1, .max = MAX_MOMENT_BYTES,
	  .at = offsetof(struct search_memories, query_timestamp),
	  .help = "When it is asked: 'yesterday', 'last week', '3 days ago', 'in May 2023' in the query then limit the time." },
	{ .name = "strategy", .kind = ARG_ENUM, .rare = true, .choices = strategies, .fallback = "hybrid",
	  .at = offsetof(struct search_memories, strategy),
	  .help = "hybrid: by words and by embedding. semantic, keyword: one of both. recent: hybrid, then newest first." },
	{ .name = "min_score", .kind = ARG_NUMBER, .rare = true, .min = -1, .max = 1000, .fallback = "-1",
	  .at = offsetof(struct search_memories, min_score),
	  .help = "Leaves out hits below: hybrid 0 to 2, semantic -1 to 1, keyword 0 and up." },
	{ .name = "half_life_days", .kind = ARG_NUMBER, .rare = true, .min = 0, .max = 36500, .fallback = "0",
	  .at = offsetof(struct search_memories, half_life_days),
	  .help = "Newer memories count more: one of this age three quarters, much older ones half. 0: age does not matter." },
	{ .name = "diversity", .kind = ARG_NUMBER, .rare = true, .min = 0, .max = 1, .fallback = "0",
	  .at = offsetof(struct search_memories, diversity),
	  .help = "How much a hit loses by being like those before it (MMR); 0: nothing." },
	{ .name = "strict", .kind = ARG_BOOLEAN, .rare = true, .at = offsetof(struct search_memories, strict),
	  .help = "Leaves out what was superseded or is no longer valid, instead of saying so." },
	{ .name = "exact", .kind = ARG_BOOLEAN, .rare = true, .at = offsetof(struct search_memories, exact),
	  .help = "Compares all embeddings, without the index." },
	{ .name = "rerank", .kind = ARG_BOOLEAN, .rare = true, .fallback = "true", .at = offsetof(struct search_memories, rerank),
	  .help = "Puts the best hits in the order of the rerank provider, where there is one; scores and min_score stay those of the "
	          "search, half_life_days and diversity count on top. Not for recent." },
	{ .name = "explain", .kind = ARG_BOOLEAN, .rare = true, .at = offsetof(struct search_memories, explain),
	  .help = "Says of each hit why it is one; not counted in max_tokens." },
	{ .name = "why_not", .kind = ARG_UUID, .rare = true, .at = offsetof(struct search_memories, why_not),
	  .help = "Says of this memory why it is not among the hits." },
	{ 0 },
};

/* The original's tool. Its limit was n once. */
static const char *const alias_strategies[] = {
	[STRATEGY_HYBRID] = "default", [STRATEGY_SEMANTIC] = "semantic",
	[STRATEGY_RECENT] = "recent", NULL };

static const struct arg alias_arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct search_memories, query) },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_HITS,
	  .at = offsetof(struct search_memories, limit), .help = "Most hits; 10 when left out." },
	{ .name = "n", .kind = ARG_INTEGER, .min = 1, .max = MAX_HITS,
	  .at = offsetof(struct search_memories, limit), .help = "The same." },
	{ .name = "strategy", .kind = ARG_ENUM, .choices = alias_strategies, .fallback = "default",
	  .at = offsetof(struct search_memories, strategy), .help = "recent: newest first." },
	{ .name = "session_id", .kind = ARG_TEXT, .min = 1, .max = SESSION_ID_BYTES,
	  .at = offsetof(struct search_memories, session_id) },
	{ 0 },
};

static const struct arg hit_results[] = {
	{ .name = "id", .kind = ARG_UUID, .required = true },
	{ .name = "score", .kind = ARG_NUMBER, .required = true },
	{ .name = "session_id", .kind = ARG_TEXT },
	{ .name = "agent", .kind = ARG_TEXT, .required = true },
	{ .name = "created_at", .kind = ARG_TIME, .required = true },
	{ .name = "user_input", .kind = ARG_TEXT },
	{ .name = "assistant_response", .kind = ARG_TEXT },
	{ .name = "truncated", .kind = ARG_BOOLEAN, .required = true },
	{ 0 },
};

static const struct arg open_results[] = { { 0 } };

static const struct arg results[] = {
	{ .name = "hits", .kind = ARG_RECORDS, .required = true, .items = hit_results,
	  .help = "Best first." },
	{ .name = "left_out", .kind = ARG_INTEGER },
	RARE_PERIOD_RESULT,
	{ .name = "by_words_only", .kind = ARG_TEXT, .rare = true, .help = "Why the embedding did not count." },
	{ .name = "not_reranked", .kind = ARG_TEXT, .rare = true, .help = "Why the hits are in the order of the search." },
	{ .name = "explained", .kind = ARG_RECORDS, .rare = true, .items = open_results },
	{ .name = "why_not", .kind = ARG_RECORD, .rare = true, .items = open_results },
	{ 0 },
};
/* clang-format on */

/* full is whole texts, as long as one answer could hold so many of them. */
static int32_t characters_of(const struct search_memories *s)
{
	if (s->detail == DETAIL_FULL)
		return (int32_t)(MAX_RESPONSE_BYTES / (2 * s->limit));
	return s->detail == DETAIL_IDS && !search_reranks(s) ? 0 : SEARCH_SNIPPET_CHARACTERS;
}

struct search search_wish(const struct search_memories *s, struct search_period *period)
{
	bool alone = s->strategy == STRATEGY_SEMANTIC && s->vector != NULL;
	bool more = s->diversity > 0 || s->why_not.set;

	*period = (struct search_period){s->period.from_us, s->period.to_us};
	return (struct search){
	    .words = alone ? NULL : s->query.s,
	    .words_len = s->query.len,
	    .embedding = s->vector,
	    .session_id = s->session_id.s,
	    .session_id_len = s->session_id.len,
	    .period = period,
	    .half_life_s = (int64_t)llround(s->half_life_days * 86400),
	    .limit = search_rerank_limit(s, more ? MAX_HITS : (int32_t)s->limit),
	    .characters = characters_of(s),
	    .exact = s->exact,
	    .strict = s->strict,
	    .explained = s->explain,
	};
}

/* The vector of the query, unless it came along or is not wanted. */
static enum step_result embed(struct call *call)
{
	struct search_memories *s = (struct search_memories *)call;

	if (!period_of_question(call, &s->period, &s->query_timestamp, &s->query))
		return STEP_FAIL;
	if (s->embedding.items != NULL || s->strategy == STRATEGY_KEYWORD)
		return STEP_NEXT;
	return call_embed(call, s->query.s, s->query.len);
}

static enum step_result find(struct call *call)
{
	struct search_memories *s = (struct search_memories *)call;
	struct search_period period;

	s->vector = s->embedding.items != NULL ? s->embedding.items : call->vector.vector;
	if (s->strategy == STRATEGY_KEYWORD)
		s->vector = NULL;
	else if (s->vector == NULL && (s->strategy == STRATEGY_SEMANTIC || call_embeds(call)))
		s->by_words = call->vector.why;
	const struct search search = search_wish(s, &period);

	if (!search_ask(&call->query, &call->who, &search))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static void take(struct search_memories *s, struct listing *listing,
    const struct chosen_hit *hits, int count)
{
	for (int i = 0; i < count; i++) {
		struct memory memory = memory_of_hit(&hits[i].hit);

		if (s->detail == DETAIL_IDS) {
			memory.user_input = memory.assistant_response = NULL;
			memory.truncated = true;
		}
		listing_add(listing, &memory, &hits[i].hit.score);
	}
}

static void write_text(struct call *call, const struct listing *listing)
{
	const struct search_memories *s = (const struct search_memories *)call;
	FILE *out = call_text(call);

	if (listing->count == 0) {
		fputs("Nothing found", out);
		period_write(&s->period, out);
		fputs(". Try other words, or leave out session_id.", out);
		return;
	}
	fprintf(out, "%d %s found, %s first", listing->count,
	    listing->count == 1 ? "memory" : "memories",
	    s->strategy == STRATEGY_RECENT ? "newest" : "best");
	period_write(&s->period, out);
	if (s->by_words != NULL)
		fprintf(out, ", by words, since there is no embedding of the query: %s",
		    s->by_words);
	if (search_not_reranked(s) != NULL)
		fprintf(out, ", not re-ranked, since there was no order from the provider: %s",
		    search_not_reranked(s));
	if (listing->left_out > 0)
		fprintf(out, "; %d more left out for max_tokens, the next is memory %s",
		    listing->left_out, listing->next_id);
	fprintf(out, ". %s\n", DATA_NOT_INSTRUCTIONS);
	listing_write(listing, 0, listing->count, out);
}

/* Where the memory that why_not asks about is among the rows. */
static int find_row(const struct search_memories *s)
{
	unsigned char id[16];

	for (int row = 0; row < rows_count(s->call.rows); row++) {
		rows_uuid_bytes(s->call.rows, row, 0, id);
		if (memcmp(id, s->why_not.bytes, sizeof(id)) == 0)
			return row;
	}
	return -1;
}

static bool add_reasons(
    struct search_memories *s, const struct chosen_hit *hits, int count, int found)
{
	s->whence = find_row(s);
	return (!s->explain || search_explain(s, hits, count)) &&
	       (!s->why_not.set || s->whence < 0 || search_tell_rank(s, hits, count, found));
}

static enum step_result list_hits(struct call *call)
{
	struct search_memories *s = (struct search_memories *)call;
	struct chosen_hit hits[MAX_HITS];
	int found, count = search_choose(s, hits, &found);
	struct listing listing;

	listing_init(&listing, s->max_tokens, LISTING_COLLAPSES);
	take(s, &listing, hits, count);
	if (listing.count == 0 && listing.left_out > 0) {
		listing_fini(&listing);
		return call_bad_argument(call, MAX_TOKENS_TOO_SMALL, (long long)s->max_tokens);
	}
	call->result =
	    json_pack("{s:o, s:s*, s:s*}", "hits", listing_json(&listing, 0, listing.count),
	        "by_words_only", s->by_words, "not_reranked", search_not_reranked(s));
	period_show(&s->period, call->result);
	if (listing.left_out > 0)
		json_object_update_new(
		    call->result, json_pack("{s:i, s:s}", "left_out", listing.left_out,
		                      "next_id", listing.next_id));
	write_text(call, &listing);
	listing_fini(&listing);
	return add_reasons(s, hits, count, found)
	           ? STEP_NEXT
	           : call_fail(call, "The server is out of memory. Try again later.");
}

static enum step_result ask_absence(struct call *call)
{
	const struct search_memories *s = (struct search_memories *)call;
	struct search_period period;
	struct search search = search_wish(s, &period);

	if (!s->why_not.set || s->whence >= 0)
		return STEP_NEXT;
	search.words = s->query.s;
	if (!search_absent_ask(&call->query, &call->who, &search, s->why_not.bytes))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static enum step_result tell_absence(struct call *call)
{
	struct search_memories *s = (struct search_memories *)call;

	if (!s->why_not.set || s->whence >= 0)
		return STEP_NEXT;
	return search_tell_absence(s)
	           ? STEP_NEXT
	           : call_fail(call, "The server is out of memory. Try again later.");
}

static const struct step steps[] = {STEP(embed), STEP(find), STEP(search_rerank),
    STEP(list_hits), STEP(ask_absence), STEP(tell_absence), {0}};

const struct tool tool_search_memories = {
    .work = {.name = "search_memories",
        .arguments = arguments,
        .steps = steps,
        .size = sizeof(struct search_memories),
        .reads_only = true},
    .title = "Search memories",
    .description =
        "Find what was said, decided or learnt before: call it before you answer "
        "anything that earlier conversations may have settled. Any word of the query may "
        "match; Chinese, code and mixed text work.",
    .results = results,
};

const struct tool tool_search_memory = {
    .work = {.name = "search_memory",
        .arguments = alias_arguments,
        .defaults = arguments,
        .steps = steps,
        .size = sizeof(struct search_memories),
        .reads_only = true},
    .title = "Search memories",
    .description = "search_memories by its former name.",
    .results = results,
};
