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

	query_init_who(q, search->embedding != NULL ? SQL_search_hybrid : SQL_search_words, who);
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
}
