/* search: one statement for words and one for embeddings, with the same parameters and columns. */
#include "search.h"

#include "lexicon.h"
#include "vectors.h"

bool search_ask(struct query *q, const struct principal *who, const struct search *search)
{
	struct lexicon_question question = {0};
	const struct search_period *period = search->period;
	bool ok = search->words == NULL ||
	          lexicon_find(&question, who->namespace, search->words, search->words_len);

	query_init_who(
	    q, search->embedding != NULL ? SQL_search_hybrid : SQL_search_words, who);
	lexicon_add_terms(q, &question);
	query_text(q, search->session_id, search->session_id_len);
	query_int4(q, search->limit);
	query_int4(q, search->characters);
	lexicon_add_beside(q, &question);
	query_time(q, period != NULL ? period->from_us : ROWS_NO_TIME);
	query_time(q, period != NULL ? period->to_us : ROWS_NO_TIME);
	query_bool(q, search->strict);
	if (search->half_life_s > 0)
		query_int8(q, search->half_life_s);
	else
		query_null(q);
	query_bool(q, search->explained);
	if (search->embedding != NULL) {
		query_vector(q, search->embedding, EMBEDDING_DIMENSIONS);
		query_bool(q, search->exact);
		vector_settings(q);
	}
	lexicon_question_fini(&question);
	return ok;
}

void search_recent_ask(struct query *q, const struct principal *who, const char *session_id,
    size_t session_id_len, int32_t limit)
{
	query_init_who(q, SQL_memory_recent, who);
	query_text(q, session_id, session_id_len);
	query_int4(q, limit);
	query_int4(q, SEARCH_SNIPPET_CHARACTERS);
}

void search_read(const struct rows *rows, int row, struct search_hit *hit)
{
	rows_uuid(rows, row, 0, hit->id);
	hit->session_id = rows_text(rows, row, 1, NULL);
	hit->agent = rows_text(rows, row, 2, NULL);
	hit->user_input = rows_text(rows, row, 3, NULL);
	hit->assistant_response = rows_text(rows, row, 4, NULL);
	hit->truncated = rows_bool(rows, row, 5);
	hit->created_us = rows_time(rows, row, 6);
	hit->score = rows_float(rows, row, 7);
	hit->stale = rows_bool(rows, row, 8);
	*hit->superseded_by = '\0';
	if (!rows_is_null(rows, row, 9))
		rows_uuid(rows, row, 9, hit->superseded_by);
	hit->event_us = rows_time(rows, row, 10);
}

void search_read_reasons(const struct rows *rows, int row, struct search_reasons *reasons)
{
	reasons->word_score = rows_float(rows, row, 11);
	reasons->word_rank = (int)rows_int(rows, row, 12);
	reasons->own = rows_float(rows, row, 13);
	reasons->around = rows_float(rows, row, 14);
	reasons->session = rows_float(rows, row, 15);
	reasons->phrase = rows_float(rows, row, 16);
	reasons->measured = !rows_is_null(rows, row, 17);
	reasons->similarity = reasons->measured ? rows_float(rows, row, 17) : 0;
	reasons->vector_rank = (int)rows_int(rows, row, 18);
	reasons->terms = rows_text(rows, row, 19, NULL);
	reasons->fresh = rows_float(rows, row, 20);
}

bool search_absent_ask(struct query *q, const struct principal *who,
    const struct search *search, const unsigned char id[16])
{
	struct lexicon_question question = {0};
	bool ok = lexicon_find(&question, who->namespace, search->words, search->words_len);

	query_init_who(q, SQL_search_absent, who);
	lexicon_add_terms(q, &question);
	query_text(q, search->session_id, search->session_id_len);
	query_uuid(q, id);
	query_time(q, search->period != NULL ? search->period->from_us : ROWS_NO_TIME);
	query_time(q, search->period != NULL ? search->period->to_us : ROWS_NO_TIME);
	query_bool(q, search->strict);
	lexicon_question_fini(&question);
	return ok;
}

void search_absent_read(const struct rows *rows, struct search_absence *absence)
{
	*absence = (struct search_absence){.exists = rows_count(rows) > 0};
	if (!absence->exists)
		return;
	absence->deleted = rows_bool(rows, 0, 0);
	absence->in_session = rows_bool(rows, 0, 1);
	absence->in_period = rows_bool(rows, 0, 2);
	absence->valid = rows_bool(rows, 0, 3);
	absence->indexed = rows_bool(rows, 0, 4);
	absence->terms = rows_text(rows, 0, 5, NULL);
	absence->embed_state = rows_text(rows, 0, 6, NULL);
}

static bool tell_terms(
    const struct principal *who, const char *word, size_t len, search_word found, void *arg)
{
	struct lexicon_question question = {0};
	bool ok = lexicon_find(&question, who->namespace, word, len);

	for (size_t i = 0; ok && i < question.terms.count; i++)
		found(arg, question.terms.items[i], word, len);
	lexicon_question_fini(&question);
	return ok;
}

/* Bytes of the character at text. */
static size_t character_bytes(const char *text, size_t len)
{
	size_t bytes = 1;

	while (bytes < len && ((unsigned char)text[bytes] & 0xC0) == 0x80)
		bytes++;
	return bytes;
}

/* Without blanks between words, one or two characters are one. */
static bool tell_characters(
    const struct principal *who, const char *text, size_t len, search_word found, void *arg)
{
	bool ok = true;
	size_t one, two;

	for (size_t at = 0; ok && at < len; at += one) {
		one = character_bytes(text + at, len - at);
		two = one +
		      (at + one < len ? character_bytes(text + at + one, len - at - one) : 0);
		ok = tell_terms(who, text + at, one, found, arg) &&
		     (two == one || tell_terms(who, text + at, two, found, arg));
	}
	return ok;
}

bool search_words_of(
    const struct principal *who, const char *words, size_t len, search_word found, void *arg)
{
	bool ok = true;
	size_t word;

	for (size_t at = 0; ok && at < len; at += word + 1) {
		bool ascii = true;

		for (word = 0; at + word < len && (unsigned char)words[at + word] > ' '; word++)
			ascii = ascii && (unsigned char)words[at + word] < 0x80;
		if (word == 0)
			continue;
		ok = ascii ? tell_terms(who, words + at, word, found, arg)
		           : tell_characters(who, words + at, word, found, arg);
	}
	return ok;
}
