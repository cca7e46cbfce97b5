/* lexicon: terms of a text into the parameters of a statement. */
#include "lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "fnv.h"
#include "rows.h"

#define K1 1.2F /* of BM25; how soon a term that is repeated counts no more */

/* A term of a memory and how often it occurs. */
struct counted {
	int32_t number;
	int32_t times;
};

/* Both hashes stirred together (the finalizer of MurmurHash3). */
static int32_t number_of(int32_t term, uint32_t namespace)
{
	uint32_t x = (uint32_t)term ^ namespace;

	x = (x ^ (x >> 16)) * 0x85ebca6bU;
	x = (x ^ (x >> 13)) * 0xc2b2ae35U;
	return (
	    int32_t)(LEXICON_ASKS + 1 + (x ^ (x >> 16)) % (LEXICON_DIMENSIONS - LEXICON_ASKS));
}

static void number_all(struct terms *terms, uint32_t namespace)
{
	for (size_t i = 0; i < terms->count; i++)
		terms->items[i] = number_of(terms->items[i], namespace);
}

/* Of what only the vector has: it is no term of the index. */
static int32_t number_beside(int32_t term, uint32_t namespace)
{
	return number_of(term, namespace ^ FNV_PRIME);
}

/* Of a term of a question; word_hit.sql knows it, too. */
static int32_t number_asked(int32_t number)
{
	return (number + LEXICON_DIMENSIONS / 2 - 1) % LEXICON_DIMENSIONS + 1;
}

/* Two words that follow each other. */
static int32_t number_of_pair(const int32_t *pair, uint32_t namespace)
{
	uint32_t hash = fnv_byte(FNV_OFFSET, (uint32_t)pair[0]);

	return number_beside((int32_t)fnv_byte(hash, (uint32_t)pair[1]), namespace);
}

static int compare_numbers(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a;
	int32_t y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static int compare_times(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->times != y->times)
		return (x->times < y->times) - (x->times > y->times);
	return compare_numbers(&x->number, &y->number);
}

/* Sorts numbers and counts equal ones; into counted, which has room for all. */
static size_t count_equal(struct terms *terms, struct counted *counted)
{
	size_t distinct = 0;

	if (terms->count > 0)
		qsort(terms->items, terms->count, sizeof(*terms->items), compare_numbers);
	for (size_t i = 0; i < terms->count; i++) {
		if (i == 0 || terms->items[i] != terms->items[i - 1])
			counted[distinct++] =
			    (struct counted){.number = terms->items[i], .times = 0};
		counted[distinct - 1].times++;
	}
	return distinct;
}

static int compare_counted(const void *a, const void *b)
{
	return compare_numbers(
	    &((const struct counted *)a)->number, &((const struct counted *)b)->number);
}

/* What is beside the terms may have the number of one: a vector has each place once. */
static size_t unite(struct counted *counted, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && counted[kept - 1].number == counted[i].number)
			counted[kept - 1].times += counted[i].times;
		else
			counted[kept++] = counted[i];
	}
	return kept;
}

/* The vector's places and values; at most LEXICON_VECTOR_TERMS of them. */
static void add_vector(struct query *q, struct counted *counted, size_t count)
{
	float values[LEXICON_VECTOR_TERMS];
	int32_t places[LEXICON_VECTOR_TERMS];

	if (count > LEXICON_VECTOR_TERMS) {
		qsort(counted, count, sizeof(*counted), compare_times);
		count = LEXICON_VECTOR_TERMS;
	}
	qsort(counted, count, sizeof(*counted), compare_counted);
	count = unite(counted, count);
	for (size_t i = 0; i < count; i++) {
		places[i] = counted[i].number - 1;
		values[i] = (float)counted[i].times * (K1 + 1) / ((float)counted[i].times + K1);
	}
	query_sparse_vector(q, LEXICON_DIMENSIONS, places, values, count);
}

struct found {
	struct terms terms;
	struct terms_beside beside;
	struct counted *counted; /* of all that goes into the vector */
};

static bool find(struct found *found, const struct lexicon_source *source)
{
	struct terms_beside *beside = &found->beside;
	bool ok = terms_add_text_beside(
	    &found->terms, beside, source->user_input, source->user_input_len);

	if (ok && source->assistant_response_len > 0)
		ok = terms_add_text_beside(&found->terms, beside, source->assistant_response,
		    source->assistant_response_len);
	if (!ok)
		return false;
	terms_drop_function_words(&found->terms);
	if (source->event_us != ROWS_NO_TIME &&
	    !terms_add_date(&found->terms, source->event_us))
		return false;
	found->counted = malloc((found->terms.count + beside->pairs.count / 2 +
	                            beside->beginnings.count / 2 + beside->asked.count + 1) *
	                        sizeof(*found->counted));
	return found->counted != NULL;
}

static void add_found(struct query *q, uint32_t namespace, struct found *found)
{
	struct terms *terms = &found->terms, *pairs = &found->beside.pairs;
	struct terms *beginnings = &found->beside.beginnings, *asked = &found->beside.asked;
	int32_t length = (int32_t)terms->count;
	size_t distinct, count;

	for (size_t i = 0; i < pairs->count / 2; i++)
		pairs->items[i] = number_of_pair(pairs->items + 2 * i, namespace);
	pairs->count /= 2;
	for (size_t i = 0; i < beginnings->count / 2; i++)
		beginnings->items[i] = number_beside(beginnings->items[2 * i + 1], namespace);
	beginnings->count /= 2;
	terms_drop_function_words(asked);
	number_all(asked, namespace);
	for (size_t i = 0; i < asked->count; i++)
		asked->items[i] = number_asked(asked->items[i]);
	number_all(terms, namespace);
	distinct = count_equal(terms, found->counted);
	for (size_t i = 0; i < distinct; i++)
		terms->items[i] = found->counted[i].number;
	query_int4_array(q, terms->items, distinct);
	count = distinct + count_equal(pairs, found->counted + distinct);
	count += count_equal(beginnings, found->counted + count);
	count += count_equal(asked, found->counted + count);
	if (found->beside.asks)
		found->counted[count++] = (struct counted){.number = LEXICON_ASKS, .times = 1};
	add_vector(q, found->counted, count);
	query_int4(q, length);
	query_int4(q, TEXT_VERSION);
}

bool lexicon_add(struct query *q, const char *namespace, const struct lexicon_source *source)
{
	struct found found = {0};
	bool ok = find(&found, source);

	if (ok)
		add_found(q, fnv_text(namespace), &found);
	for (int i = 0; !ok && i < LEXICON_PARAMS; i++)
		query_null(q);
	free(found.counted);
	terms_fini(&found.terms);
	terms_beside_fini(&found.beside);
	return ok;
}

bool lexicon_add_words(struct query *q, const char *namespace, const char *words, size_t len)
{
	struct terms terms = {0};
	bool ok = terms_add_text(&terms, words, len);

	if (ok) {
		terms_reduce(&terms);
		number_all(&terms, fnv_text(namespace));
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
		add_asked(asked, terms, number_of_pair(pairs->items + i, namespace),
		    number_of(pairs->items[i], namespace),
		    number_of(pairs->items[i + 1], namespace));
	for (size_t i = 0; i + 1 < beginnings->count && asked->count < 2 * LEXICON_QUERY_TERMS;
	     i += 2) {
		int32_t term = number_of(beginnings->items[i], namespace);

		if (!has_beginning(asked, term))
			add_asked(asked, terms,
			    number_beside(beginnings->items[i + 1], namespace), term, 0);
	}
}

bool lexicon_find(
    struct lexicon_question *question, const char *namespace, const char *words, size_t len)
{
	question->namespace = fnv_text(namespace);
	if (!terms_add_text_beside(&question->terms, &question->beside, words, len))
		return false;
	terms_drop_function_words(&question->terms);
	number_all(&question->terms, question->namespace);
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
