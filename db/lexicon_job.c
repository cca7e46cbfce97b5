/*
 * lexicon_job: terms of a memory into the parameters of a statement.
 *
 *	texts -> terms, pairs, beginnings, questions -> each sorted and counted -> the vector
 *
 * One slice of the texts at a time, then one of the lists.
 */
#include <stdlib.h>
#include <string.h>

#include "fnv.h"
#include "lexicon_impl.h"
#include "radix.h"
#include "rows.h"

#define K1 1.2F /* of BM25; how soon a term that is repeated counts no more */

/* Where a job is; the texts come first. */
enum phase { USER_INPUT, ASSISTANT_RESPONSE, DATE, TERMS, PAIRS, REST, VECTOR, READY };

struct lexicon_job {
	struct lexicon_source source;
	uint32_t namespace;
	enum phase phase;
	struct terms_job *text;
	struct terms terms; /* in the end: numbers, sorted, each once */
	struct terms_beside beside;
	int32_t length; /* of the memory, in terms */
	/* What goes into the vector: number << 32 | times. */
	uint64_t *counted, *scratch;
	size_t count;
	int32_t *places;
	float *values;
};

struct lexicon_job *lexicon_begin(const char *namespace, const struct lexicon_source *source)
{
	struct lexicon_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->source = *source;
	job->namespace = fnv_text(namespace);
	return job;
}

void lexicon_end(struct lexicon_job *job)
{
	if (job == NULL)
		return;
	terms_end(job->text);
	terms_fini(&job->terms);
	terms_beside_fini(&job->beside);
	free(job->counted);
	free(job->scratch);
	free(job->places);
	free(job->values);
	free(job);
}

static enum terms_progress read_text(
    struct lexicon_job *job, const char *text, size_t len, size_t bytes)
{
	if (job->text == NULL &&
	    (job->text = terms_begin(&job->terms, &job->beside, text, len)) == NULL)
		return TERMS_FAILED;
	enum terms_progress progress = terms_some(job->text, bytes);

	if (progress != TERMS_MORE) {
		terms_end(job->text);
		job->text = NULL;
	}
	return progress;
}

static bool make_room(struct lexicon_job *job)
{
	const struct terms_beside *beside = &job->beside;
	size_t all = job->terms.count + beside->pairs.count / 2 + beside->beginnings.count / 2 +
	             beside->asked.count + 1;

	job->counted = malloc(all * sizeof(*job->counted));
	job->scratch = malloc(all * sizeof(*job->scratch));
	return job->counted != NULL && job->scratch != NULL;
}

static bool finish_terms(struct lexicon_job *job)
{
	terms_drop_function_words(&job->terms);
	if (job->source.event_us != ROWS_NO_TIME &&
	    !terms_add_date(&job->terms, job->source.event_us))
		return false;
	job->length = (int32_t)job->terms.count;
	return make_room(job);
}

/* Sorts numbers and counts equal ones, behind what is counted already; returns how many different ones. */
static size_t count_equal(struct lexicon_job *job, const struct terms *terms)
{
	uint64_t *counted = job->counted + job->count;
	size_t distinct = 0;

	for (size_t i = 0; i < terms->count; i++)
		counted[i] = (uint64_t)(uint32_t)terms->items[i] << 32;
	radix_sort(counted, job->scratch, terms->count);
	for (size_t i = 0; i < terms->count; i++) {
		if (distinct == 0 || counted[distinct - 1] >> 32 != counted[i] >> 32)
			counted[distinct++] = counted[i];
		counted[distinct - 1]++;
	}
	job->count += distinct;
	return distinct;
}

static void count_terms(struct lexicon_job *job)
{
	lexicon_number_all(&job->terms, job->namespace);
	job->terms.count = count_equal(job, &job->terms);
	for (size_t i = 0; i < job->terms.count; i++)
		job->terms.items[i] = (int32_t)(job->counted[i] >> 32);
}

static void count_pairs(struct lexicon_job *job)
{
	struct terms *pairs = &job->beside.pairs;

	for (size_t i = 0; i < pairs->count / 2; i++)
		pairs->items[i] = lexicon_number_of_pair(pairs->items + 2 * i, job->namespace);
	pairs->count /= 2;
	count_equal(job, pairs);
}

/* Of a term of a question; word_hit.sql knows it, too. */
static int32_t number_asked(int32_t number)
{
	return (number + LEXICON_DIMENSIONS / 2 - 1) % LEXICON_DIMENSIONS + 1;
}

static void count_rest(struct lexicon_job *job)
{
	struct terms *beginnings = &job->beside.beginnings, *asked = &job->beside.asked;

	for (size_t i = 0; i < beginnings->count / 2; i++)
		beginnings->items[i] =
		    lexicon_number_beside(beginnings->items[2 * i + 1], job->namespace);
	beginnings->count /= 2;
	count_equal(job, beginnings);
	terms_drop_function_words(asked);
	lexicon_number_all(asked, job->namespace);
	for (size_t i = 0; i < asked->count; i++)
		asked->items[i] = number_asked(asked->items[i]);
	count_equal(job, asked);
	if (job->beside.asks)
		job->counted[job->count++] = (uint64_t)LEXICON_ASKS << 32 | 1;
}

/* Leaves those that occur most often, the lower numbers of those that occur as often. */
static void keep_most_frequent(struct lexicon_job *job)
{
	uint64_t *counted = job->counted;

	if (job->count <= LEXICON_VECTOR_TERMS)
		return;
	for (size_t i = 0; i < job->count; i++)
		counted[i] = (UINT32_MAX - (counted[i] & UINT32_MAX)) << 32 | counted[i] >> 32;
	radix_sort(counted, job->scratch, job->count);
	job->count = LEXICON_VECTOR_TERMS;
	for (size_t i = 0; i < job->count; i++)
		counted[i] =
		    (counted[i] & UINT32_MAX) << 32 | (UINT32_MAX - (counted[i] >> 32));
}

/* What is beside the terms may have the number of one: a vector has each place once. */
static void unite(struct lexicon_job *job)
{
	uint64_t *counted = job->counted;
	size_t kept = 0;

	for (size_t i = 0; i < job->count; i++) {
		if (kept > 0 && counted[kept - 1] >> 32 == counted[i] >> 32)
			counted[kept - 1] += counted[i] & UINT32_MAX;
		else
			counted[kept++] = counted[i];
	}
	job->count = kept;
}

/* The vector's places and values; at most LEXICON_VECTOR_TERMS of them. */
static bool make_vector(struct lexicon_job *job)
{
	keep_most_frequent(job);
	radix_sort(job->counted, job->scratch, job->count);
	unite(job);
	job->places = malloc((job->count + 1) * sizeof(*job->places));
	job->values = malloc((job->count + 1) * sizeof(*job->values));
	if (job->places == NULL || job->values == NULL)
		return false;
	for (size_t i = 0; i < job->count; i++) {
		float times = (float)(job->counted[i] & UINT32_MAX);

		job->places[i] = (int32_t)(job->counted[i] >> 32) - 1;
		job->values[i] = times * (K1 + 1) / (times + K1);
	}
	return true;
}

static enum terms_progress step(struct lexicon_job *job, size_t bytes)
{
	const struct lexicon_source *source = &job->source;
	bool ok = true;

	switch (job->phase) {
	case USER_INPUT:
		return read_text(job, source->user_input, source->user_input_len, bytes);
	case ASSISTANT_RESPONSE:
		if (source->assistant_response_len == 0)
			break;
		return read_text(
		    job, source->assistant_response, source->assistant_response_len, bytes);
	case DATE:
		ok = finish_terms(job);
		break;
	case TERMS:
		count_terms(job);
		break;
	case PAIRS:
		count_pairs(job);
		break;
	case REST:
		count_rest(job);
		break;
	case VECTOR:
		ok = make_vector(job);
		break;
	case READY:
		break;
	}
	return ok ? TERMS_DONE : TERMS_FAILED;
}

enum lexicon_progress lexicon_some(struct lexicon_job *job, size_t bytes)
{
	bool all = job->source.user_input_len + job->source.assistant_response_len <= bytes;

	while (job->phase < READY) {
		enum terms_progress progress = step(job, bytes);

		if (progress == TERMS_FAILED)
			return LEXICON_FAILED;
		if (progress == TERMS_DONE)
			job->phase++;
		if (!all && job->phase < READY)
			return LEXICON_MORE;
	}
	return LEXICON_READY;
}

void lexicon_add_job(struct query *q, const struct lexicon_job *job)
{
	query_int4_array(q, job->terms.items, job->terms.count);
	query_sparse_vector(q, LEXICON_DIMENSIONS, job->places, job->values, job->count);
	query_int4(q, job->length);
	query_int4(q, TEXT_VERSION);
}

bool lexicon_add(struct query *q, const char *namespace, const struct lexicon_source *source)
{
	struct lexicon_job *job = lexicon_begin(namespace, source);
	bool ok = job != NULL && lexicon_some(job, SIZE_MAX) == LEXICON_READY;

	if (ok)
		lexicon_add_job(q, job);
	for (int i = 0; !ok && i < LEXICON_PARAMS; i++)
		query_null(q);
	lexicon_end(job);
	return ok;
}
