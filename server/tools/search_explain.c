/* search_explain: why a memory is a hit, where it is one, and why another is none. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <uuid/uuid.h>

#include "rows.h"
#include "tools/search_impl.h"
#include "tools/show.h"

#define EXPLAINED_BYTES                                                                        \
	2048 /* of a query, from its beginning: what words in it are looked for */

/* --- the words behind the numbers --- */

struct word {
	int32_t term;
	const char *text; /* in the query */
	size_t len;
};

struct words {
	struct word *items;
	size_t count;
	bool failed;
};

static void add_word(void *arg, int32_t term, const char *text, size_t len)
{
	struct words *words = arg;
	struct word *grown;

	for (size_t i = 0; i < words->count; i++) {
		if (words->items[i].term == term)
			return;
	}
	grown = realloc(words->items, (words->count + 1) * sizeof(*grown));
	words->failed = words->failed || grown == NULL;
	if (grown == NULL)
		return;
	words->items = grown;
	words->items[words->count++] = (struct word){term, text, len};
}

static bool find_words(const struct search_memories *s, struct words *words)
{
	size_t len = s->query.len < EXPLAINED_BYTES ? s->query.len : EXPLAINED_BYTES;

	return search_words_of(&s->call.who, s->query.s, len, add_word, words) &&
	       !words->failed;
}

/* [[number, idf], ...] as [{term, idf}, ...]; a part of a word, or one further back, has no text. */
static json_t *show_terms(const struct words *words, const char *text)
{
	json_t *shown = json_array(), *terms = text != NULL ? show_json(text) : NULL, *term;
	size_t at;

	json_array_foreach (terms, at, term) {
		json_int_t number = json_integer_value(json_array_get(term, 0));
		json_t *one = json_pack("{s:o}", "idf", json_incref(json_array_get(term, 1)));

		for (size_t i = 0; i < words->count; i++) {
			if (words->items[i].term == number)
				json_object_set_new(one, "term",
				    json_stringn(words->items[i].text, words->items[i].len));
		}
		json_array_append_new(shown, one);
	}
	json_decref(terms);
	return shown;
}

static void write_terms(FILE *out, const json_t *terms)
{
	const char *between = "";
	const json_t *term;
	size_t at;

	json_array_foreach (terms, at, term) {
		const char *text = json_string_value(json_object_get(term, "term"));

		if (text == NULL)
			continue;
		fprintf(out, "%s%s", between, text);
		if (json_real_value(json_object_get(term, "idf")) > 0)
			fprintf(out, " (%.1f)", json_real_value(json_object_get(term, "idf")));
		between = ", ";
	}
}

/* --- hits --- */

static json_t *show_reasons(
    const struct search_reasons *reasons, const struct chosen_hit *hit, json_t *terms)
{
	json_t *shown = json_pack("{s:s, s:o}", "id", hit->hit.id, "terms", terms);

	if (reasons->word_rank > 0)
		json_object_update_new(
		    shown, json_pack("{s:i, s:f, s:{s:f, s:f, s:f, s:f}}", "word_rank",
		               reasons->word_rank, "word_score", reasons->word_score, "parts",
		               "memory", reasons->own, "neighbours", reasons->around, "session",
		               reasons->session, "phrases", reasons->phrase));
	if (reasons->measured)
		json_object_set_new(shown, "similarity", json_real(reasons->similarity));
	if (reasons->vector_rank > 0)
		json_object_set_new(shown, "vector_rank", json_integer(reasons->vector_rank));
	if (hit->reranked)
		json_object_update_new(shown, json_pack("{s:f, s:i}", "rerank_score",
		                                  hit->relevance, "rank_before", hit->row + 1));
	return shown;
}

static void write_reasons(FILE *out, int place, const struct search_reasons *reasons,
    const struct chosen_hit *hit, const json_t *terms)
{
	fprintf(out, "%d.", place);
	if (hit->reranked)
		fprintf(out, " re-ranked from no. %d with %.4g;", hit->row + 1, hit->relevance);
	if (reasons->word_rank > 0)
		fprintf(out,
		    " by words no. %d: %.2f = memory %.2f + neighbours %.2f + session %.2f + "
		    "phrases %.2f;",
		    reasons->word_rank, reasons->word_score, reasons->own, reasons->around,
		    reasons->session, reasons->phrase);
	if (reasons->vector_rank > 0)
		fprintf(out, " by embedding no. %d;", reasons->vector_rank);
	if (reasons->measured)
		fprintf(out, " similarity %.3f;", reasons->similarity);
	fputs(" words: ", out);
	write_terms(out, terms);
	fputc('\n', out);
}

bool search_explain(struct search_memories *s, const struct chosen_hit *hits, int count)
{
	struct words words = {0};
	struct search_reasons reasons;
	FILE *out = call_text(&s->call);
	json_t *explained = json_array(), *terms;
	bool ok = find_words(s, &words);

	fputs("\nWhy, hit by hit (words with their rarity, idf):\n", out);
	for (int i = 0; ok && i < count; i++) {
		search_read_reasons(s->call.rows, hits[i].row, &reasons);
		terms = show_terms(&words, reasons.terms);
		write_reasons(out, i + 1, &reasons, &hits[i], terms);
		json_array_append_new(explained, show_reasons(&reasons, &hits[i], terms));
	}
	json_object_set_new(s->call.result, "explained", explained);
	free(words.items);
	return ok;
}

/* --- why not --- */

static void tell(struct search_memories *s, json_t *why_not, const char *reason)
{
	json_object_set_new(why_not, "reason", json_string(reason));
	json_object_set_new(s->call.result, "why_not", why_not);
	fprintf(call_text(&s->call), "\nThe memory asked about: %s\n", reason);
}

bool search_tell_rank(
    struct search_memories *s, const struct chosen_hit *hits, int count, int found)
{
	struct search_hit hit;
	char reason[200];
	int place = 0;

	search_read(s->call.rows, s->whence, &hit);
	for (int i = 0; i < found; i++)
		place = hits[i].row == s->whence ? i + 1 : place;
	if (place > 0 && place <= count)
		snprintf(reason, sizeof(reason), "it is hit no. %d", place);
	else if (hit.score < s->min_score)
		snprintf(reason, sizeof(reason), "its score is %.3f, less than min_score",
		    hit.score);
	else if (place > 0 && hits[place - 1].reranked)
		snprintf(reason, sizeof(reason),
		    "it was no. %d with a score of %.3f, the re-rank made it no. %d, and %d "
		    "were "
		    "to be shown",
		    s->whence + 1, hit.score, place, count);
	else
		snprintf(reason, sizeof(reason),
		    "it is no. %d with a score of %.3f, and %d were to be shown; the last of "
		    "them has %.3f",
		    s->whence + 1, hit.score, count,
		    count > 0 ? hits[count - 1].hit.score : 0.0);
	tell(s,
	    json_pack(
	        "{s:s, s:i, s:f}", "id", hit.id, "rank", s->whence + 1, "score", hit.score),
	    reason);
	return true;
}

static const char *reason_of(
    const struct search_memories *s, const struct search_absence *absence)
{
	if (!absence->exists)
		return "there is no memory with this id that you may see";
	if (absence->deleted)
		return "it was deleted; delete_memory with undo brings it back";
	if (!absence->in_session)
		return "it belongs to another session than session_id";
	if (!absence->in_period)
		return "its time is outside of from and to";
	if (!absence->valid)
		return "it was superseded or is no longer valid, and strict hides such";
	if (s->strategy != STRATEGY_SEMANTIC && !absence->indexed)
		return "its words are not indexed yet; housekeeping does that within seconds";
	if (absence->terms == NULL && s->vector == NULL)
		return "it shares no word with the query, and there is no embedding of the "
		       "query";
	if (absence->terms == NULL && strcmp(absence->embed_state, "ok") != 0)
		return "it shares no word with the query, and it has no embedding yet";
	return "others fit better: it is not among the best candidates";
}

bool search_tell_absence(struct search_memories *s)
{
	struct search_absence absence;
	struct words words = {0};
	char id[37];
	json_t *why_not;
	bool ok = find_words(s, &words);

	search_absent_read(s->call.rows, &absence);
	uuid_unparse_lower(s->why_not.bytes, id);
	why_not = json_pack("{s:s}", "id", id);
	if (absence.exists)
		json_object_update_new(
		    why_not, json_pack("{s:o, s:s}", "terms", show_terms(&words, absence.terms),
		                 "embedding", absence.embed_state));
	tell(s, why_not, reason_of(s, &absence));
	free(words.items);
	return ok;
}
