/* search: one statement for words, one for vectors, with the same columns. */
#include "search.h"

#include <string.h>

#include "text.h"

static bool add_terms(struct query *q, const struct search *search)
{
	struct terms terms = {0};
	bool ok = terms_add_text(&terms, search->words, search->words_len);

	if (ok) {
		terms_reduce(&terms);
		query_int4_array(q, terms.items, terms.count);
	}
	terms_fini(&terms);
	return ok;
}

bool search_ask(struct query *q, const struct principal *who, const struct search *search)
{
	bool by_vector = search->embedding != NULL;

	query_init_who(q, by_vector ? SQL_search_vector : SQL_search_words, who);
	if (by_vector)
		query_vector(q, search->embedding, EMBEDDING_DIMENSIONS);
	else if (!add_terms(q, search))
		return false;
	query_text(q, search->session_id, search->session_id_len);
	query_int4(q, search->limit);
	query_int4(q, search->characters);
	query_time(q, search->period != NULL ? search->period->from_us : ROWS_NO_TIME);
	query_time(q, search->period != NULL ? search->period->to_us : ROWS_NO_TIME);
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
