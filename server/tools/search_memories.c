/*
 * search_memories: the memories that fit a question best.
 *
 *	find -> list_hits
 */
#include <stdlib.h>

#include "rows.h"
#include "search.h"
#include "sessions.h"
#include "tools/detail.h"
#include "tools/listing.h"
#include "tools/memory_limits.h"
#include "tools/period.h"
#include "tools/show_memory.h"
#include "tools/tools.h"

enum { STRATEGY_DEFAULT, STRATEGY_SEMANTIC, STRATEGY_RECENT };

struct search_memories {
	struct call call;
	struct arg_text query;
	struct arg_vector embedding;
	struct arg_text session_id;
	struct period period;
	struct arg_text query_timestamp;
	int64_t limit, max_tokens;
	int detail;
	int strategy; /* of search_memory alone */
};

/* clang-format off */
static const struct arg arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct search_memories, query),
	  .help = "What to look for: a question or words, in any language." },
	{ .name = "embedding", .kind = ARG_VECTOR, .max = EMBEDDING_DIMENSIONS,
	  .at = offsetof(struct search_memories, embedding),
	  .help = "Vector of the query: ranks by cosine similarity instead of words." },
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
	{ 0 },
};

/* The original's tool. Its limit was n once. */
static const char *const strategies[] = {
	[STRATEGY_DEFAULT] = "default", [STRATEGY_SEMANTIC] = "semantic",
	[STRATEGY_RECENT] = "recent", NULL };

static const struct arg alias_arguments[] = {
	{ .name = "query", .kind = ARG_TEXT, .required = true, .min = 1, .max = MAX_QUERY_BYTES,
	  .at = offsetof(struct search_memories, query) },
	{ .name = "limit", .kind = ARG_INTEGER, .min = 1, .max = MAX_HITS,
	  .at = offsetof(struct search_memories, limit), .help = "Most hits; 10 when left out." },
	{ .name = "n", .kind = ARG_INTEGER, .min = 1, .max = MAX_HITS,
	  .at = offsetof(struct search_memories, limit), .help = "The same." },
	{ .name = "strategy", .kind = ARG_ENUM, .choices = strategies, .fallback = "default",
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

static const struct arg results[] = {
	{ .name = "hits", .kind = ARG_RECORDS, .required = true, .items = hit_results,
	  .help = "Best first." },
	{ .name = "left_out", .kind = ARG_INTEGER },
	RARE_PERIOD_RESULT,
	{ 0 },
};
/* clang-format on */

/* full is whole texts, as long as one answer could hold so many of them. */
static int32_t characters_of(const struct search_memories *s)
{
	if (s->detail == DETAIL_FULL)
		return (int32_t)(MAX_RESPONSE_BYTES / (2 * s->limit));
	return s->detail == DETAIL_IDS ? 0 : SEARCH_SNIPPET_CHARACTERS;
}

static enum step_result find(struct call *call)
{
	struct search_memories *s = (struct search_memories *)call;

	if (!period_of_question(call, &s->period, &s->query_timestamp, &s->query))
		return STEP_FAIL;
	const struct search_period period = {s->period.from_us, s->period.to_us};
	struct search search = {
	    .words = s->query.s,
	    .words_len = s->query.len,
	    .embedding = s->embedding.items,
	    .session_id = s->session_id.s,
	    .session_id_len = s->session_id.len,
	    .period = &period,
	    .limit = (int32_t)s->limit,
	    .characters = characters_of(s),
	};

	if (!search_ask(&call->query, &call->who, &search))
		return call_fail(call, "The server is out of memory. Try again later.");
	return call_query(call);
}

static int compare_newest(const void *a, const void *b)
{
	int64_t x = ((const struct search_hit *)a)->created_us;
	int64_t y = ((const struct search_hit *)b)->created_us;

	return (x < y) - (x > y);
}

/* The hits of the rows into the listing. */
static void take(const struct call *call, struct listing *listing)
{
	const struct search_memories *s = (const struct search_memories *)call;
	struct search_hit hits[MAX_HITS];
	int count = rows_count(call->rows);

	for (int row = 0; row < count; row++)
		search_read(call->rows, row, &hits[row]);
	if (s->strategy == STRATEGY_RECENT)
		qsort(hits, (size_t)count, sizeof(*hits), compare_newest);
	for (int i = 0; i < count; i++) {
		struct memory memory = memory_of_hit(&hits[i]);

		if (s->detail == DETAIL_IDS)
			memory.user_input = memory.assistant_response = NULL;
		listing_add(listing, &memory, &hits[i].score);
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
	if (s->strategy == STRATEGY_SEMANTIC)
		fputs(", by words: there is no embedding of the query", out);
	if (listing->left_out > 0)
		fprintf(out, "; %d more left out for max_tokens, the next is memory %s",
		    listing->left_out, listing->next_id);
	fprintf(out, ". %s\n", DATA_NOT_INSTRUCTIONS);
	listing_write(listing, 0, listing->count, out);
}

static enum step_result list_hits(struct call *call)
{
	const struct search_memories *s = (struct search_memories *)call;
	struct listing listing;

	listing_init(&listing, s->max_tokens, LISTING_COLLAPSES);
	take(call, &listing);
	if (listing.count == 0 && listing.left_out > 0) {
		listing_fini(&listing);
		return call_bad_argument(call, MAX_TOKENS_TOO_SMALL, (long long)s->max_tokens);
	}
	call->result = json_pack("{s:o}", "hits", listing_json(&listing, 0, listing.count));
	period_show(&s->period, call->result);
	if (listing.left_out > 0)
		json_object_update_new(
		    call->result, json_pack("{s:i, s:s}", "left_out", listing.left_out,
		                      "next_id", listing.next_id));
	write_text(call, &listing);
	listing_fini(&listing);
	return STEP_NEXT;
}

static const struct step steps[] = {STEP(find), STEP(list_hits), {0}};

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
