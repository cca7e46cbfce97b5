/* lexicon: terms of a question into the parameters of a statement; lexicon_job.c has those of a memory. */
#include "lexicon.h"

#include "fnv.h"
#include "lexicon_impl.h"

/* Both hashes stirred together (the finalizer of MurmurHash3). */
int32_t lexicon_number(int32_t term, uint32_t namespace)
{
	uint32_t x = (uint32_t)term ^ namespace;

	x = (x ^ (x >> 16)) * 0x85ebca6bU;
	x = (x ^ (x >> 13)) * 0xc2b2ae35U;
	return (
	    int32_t)(LEXICON_ASKS + 1 + (x ^ (x >> 16)) % (LEXICON_DIMENSIONS - LEXICON_ASKS));
}

void lexicon_number_all(struct terms *terms, uint32_t namespace)
{
	for (size_t i = 0; i < terms->count; i++)
		terms->items[i] = lexicon_number(terms->items[i], namespace);
}

/* Of what only the vector has: it is no term of the index. */
int32_t lexicon_number_beside(int32_t term, uint32_t namespace)
{
	return lexicon_number(term, namespace ^ FNV_PRIME);
}

/* Two words that follow each other. */
int32_t lexicon_number_of_pair(const int32_t *pair, uint32_t namespace)
{
	uint32_t hash = fnv_byte(FNV_OFFSET, (uint32_t)pair[0]);

	return lexicon_number_beside((int32_t)fnv_byte(hash, (uint32_t)pair[1]), namespace);
}

bool lexicon_add_words(struct query *q, const char *namespace, const char *words, size_t len)
{
	struct terms terms = {0};
	bool ok = terms_add_text(&terms, words, len);

	if (ok) {
		terms_reduce(&terms);
		lexicon_number_all(&terms, fnv_text(namespace));
		query_int4_array(q, terms.items, terms.count);
	} else {
		query_null(q);
	}
	terms_fini(&terms);
	return ok;
}

static bool is_among(const int32_t *items, size_t count, int32_t item)
{
	size_t i = 0;

	while (i < count && items[i] != item)
		i++;
	return i < count;
}

/* Each once, in the order of the words; at most so many. */
static void keep_first(struct terms *terms, size_t most)
{
	size_t kept = 0;

	for (size_t i = 0; i < terms->count && kept < most; i++) {
		if (!is_among(terms->items, kept, terms->items[i]))
			terms->items[kept++] = terms->items[i];
	}
	terms->count = kept;
}

/* What is asked for beside the terms: three lists. */
struct asked_beside {
	int32_t numbers[2 * LEXICON_QUERY_TERMS], first[2 * LEXICON_QUERY_TERMS],
	    second[2 * LEXICON_QUERY_TERMS];
	size_t count;
};

/* Each number once, and only of terms that were kept. */
static void add_asked(struct asked_beside *asked, const struct terms *terms, int32_t number,
    int32_t first, int32_t second)
{
	if (is_among(asked->numbers, asked->count, number) ||
	    is_among(terms->items, terms->count, number) ||
	    !is_among(terms->items, terms->count, first) ||
	    (second != 0 && !is_among(terms->items, terms->count, second)))
		return;
	asked->numbers[asked->count] = number;
	asked->first[asked->count] = first;
	asked->second[asked->count++] = second;
}

static bool has_beginning(const struct asked_beside *asked, int32_t term)
{
	size_t i = 0;

	while (i < asked->count && (asked->first[i] != term || asked->second[i] != 0))
		i++;
	return i < asked->count;
}

static void find_asked(struct asked_beside *asked, const struct lexicon_question *question)
{
	const struct terms *terms = &question->terms, *pairs = &question->beside.pairs;
	const struct terms *beginnings = &question->beside.beginnings;
	uint32_t namespace = question->namespace;

	for (size_t i = 0; i + 1 < pairs->count && asked->count < LEXICON_QUERY_TERMS; i += 2)
		add_asked(asked, terms, lexicon_number_of_pair(pairs->items + i, namespace),
		    lexicon_number(pairs->items[i], namespace),
		    lexicon_number(pairs->items[i + 1], namespace));
	for (size_t i = 0; i + 1 < beginnings->count && asked->count < 2 * LEXICON_QUERY_TERMS;
	     i += 2) {
		int32_t term = lexicon_number(beginnings->items[i], namespace);

		if (!has_beginning(asked, term))
			add_asked(asked, terms,
			    lexicon_number_beside(beginnings->items[i + 1], namespace), term,
			    0);
	}
}

bool lexicon_find(
    struct lexicon_question *question, const char *namespace, const char *words, size_t len)
{
	question->namespace = fnv_text(namespace);
	if (!terms_add_text_beside(&question->terms, &question->beside, words, len))
		return false;
	terms_drop_function_words(&question->terms);
	lexicon_number_all(&question->terms, question->namespace);
	keep_first(&question->terms, LEXICON_QUERY_TERMS);
	return true;
}

void lexicon_add_terms(struct query *q, const struct lexicon_question *question)
{
	query_int4_array(q, question->terms.items, question->terms.count);
}

void lexicon_add_beside(struct query *q, const struct lexicon_question *question)
{
	struct asked_beside asked = {.count = 0};

	find_asked(&asked, question);
	query_int4_array(q, asked.numbers, asked.count);
	query_int4_array(q, asked.first, asked.count);
	query_int4_array(q, asked.second, asked.count);
}

void lexicon_question_fini(struct lexicon_question *question)
{
	terms_fini(&question->terms);
	terms_beside_fini(&question->beside);
}
