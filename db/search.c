/* search: one statement for words, one for vectors, with the same columns. */
#include "search.h"

#include "lexicon.h"

static bool ask_words(struct query *q, const struct principal *who, const struct search *search)
{
	struct lexicon_question question = {0};
	bool ok = lexicon_find(&question, who->namespace, search->words, search->words_len);

	query_init_who(q, SQL_search_words, who);
	lexicon_add_terms(q, &question);
	query_text(q, search->session_id, search->session_id_len);
	query_int4(q, search->limit);
	query_int4(q, search->characters);
	lexicon_add_phrases(q, &question);
	lexicon_question_fini(&question);
	return ok;
}

bool search_ask(struct query *q, const struct principal *who, const struct search *search)
{
	if (search->embedding == NULL)
		return ask_words(q, who, search);
	query_init_who(q, SQL_search_vector, who);
	query_vector(q, search->embedding, EMBEDDING_DIMENSIONS);
	query_text(q, search->session_id, search->session_id_len);
	query_int4(q, search->limit);
	query_int4(q, search->characters);
	return true;
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
}
