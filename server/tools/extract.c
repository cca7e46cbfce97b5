/* extract: splits, weighs, and picks greedily. */
#include "tools/extract.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alike.h"
#include "utf8.h"

#define BM25_K1 1.2
#define BM25_B  0.75

#define WORTH 0.25 /* of the best sentence's score; below it a sentence is noise */

/* What ends a sentence wherever it stands, in scripts without blanks. */
static const char *const wide_ends[] = {"\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f",
    "\xef\xbc\x9b", "\xef\xbd\xa1", "\xe2\x80\xa6"}; /* 。！？；｡… */

/* What may stand behind an end and still belongs to the sentence. */
static const char *const closers[] = {"\"", "'", ")", "]", "\xe2\x80\x9d", "\xe2\x80\x99",
    "\xe3\x80\x8d", "\xe3\x80\x8f", "\xef\xbc\x89", "\xe3\x80\x91"}; /* ”’」』）】 */

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The length of the text of the list that s begins with, or 0. */
static size_t begins_with(const char *s, size_t len, const char *const *list, size_t list_count)
{
	for (size_t i = 0; i < list_count; i++) {
		size_t size = strlen(list[i]);

		if (size <= len && memcmp(s, list[i], size) == 0)
			return size;
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_closers(const char *s, size_t len, size_t at)
{
	size_t size;

	while ((size = begins_with(s + at, len - at, closers, COUNT(closers))) > 0)
		at += size;
	return at;
}

/* The length of what ends a sentence at s[at], or 0. "3.14" and "main.c" end nothing. */
static size_t end_at(const char *s, size_t len, size_t at)
{
	size_t size = begins_with(s + at, len - at, wide_ends, COUNT(wide_ends));

	if (s[at] == '\n')
		return 1;
	if (size > 0)
		return skip_closers(s, len, at + size) - at;
	if (s[at] != '.' && s[at] != '!' && s[at] != '?')
		return 0;
	size_t behind = skip_closers(s, len, at + 1);

	return behind == len || is_blank(s[behind]) ? behind - at : 0;
}

/* Where a text that goes on is cut: at a blank if there is one, never inside a character. */
static size_t hard_cut(const char *s, size_t len)
{
	size_t cut = (size_t)utf8_cut(s, len, EXTRACT_SENTENCE_BYTES);

	for (size_t at = cut; at > cut / 2; at--) {
		if (is_blank(s[at]))
			return at;
	}
	return cut > 0 ? cut : 1;
}

size_t sentence_len(const char *s, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		size_t end = end_at(s, len, at);

		if (end > 0 && at + end <= EXTRACT_SENTENCE_BYTES)
			return at + end;
		if (at >= EXTRACT_SENTENCE_BYTES)
			return hard_cut(s, len);
	}
	return len;
}

static struct sentence *add(struct extract *e)
{
	if (e->count == e->capacity) {
		size_t capacity = e->capacity > 0 ? 2 * e->capacity : 64;
		struct sentence *items = realloc(e->items, capacity * sizeof(*items));

		if (items == NULL)
			return NULL;
		e->items = items;
		e->capacity = capacity;
	}
	e->items[e->count] = (struct sentence){0};
	return &e->items[e->count++];
}

bool extract_add(struct extract *e, int source, const char *text, size_t len)
{
	size_t size;

	for (; len > 0 && e->count < EXTRACT_SENTENCES; text += size, len -= size) {
		size_t first = 0, last;

		size = sentence_len(text, len);
		last = size;
		while (first < size && is_blank(text[first]))
			first++;
		while (last > first && is_blank(text[last - 1]))
			last--;
		if (first == last)
			continue;
		struct sentence *sentence = add(e);

		if (sentence == NULL)
			return false;
		sentence->s = text + first;
		sentence->len = last - first;
		sentence->source = source;
		if (!terms_add_text(&sentence->terms, sentence->s, sentence->len))
			return false;
		terms_reduce(&sentence->terms);
	}
	return true;
}

/* The places in the question of the terms that it shares with a sentence; how many. */
static size_t find_shared(
    const struct terms *sentence, const struct terms *question, size_t *places)
{
	size_t count = 0;

	for (size_t i = 0, j = 0; i < sentence->count && j < question->count;) {
		int32_t x = sentence->items[i], y = question->items[j];

		if (x == y)
			places[count++] = j;
		i += x <= y;
		j += y <= x;
	}
	return count;
}

/* What sharing a term is worth: the fewer sentences have it, the more. */
static void weigh_terms(
    const struct extract *e, const struct terms *question, double *weights, size_t *places)
{
	double n = (double)e->count;

	for (size_t i = 0; i < e->count; i++) {
		size_t count = find_shared(&e->items[i].terms, question, places);

		for (size_t p = 0; p < count; p++)
			weights[places[p]]++;
	}
	for (size_t j = 0; j < question->count; j++)
		weights[j] = log(1 + (n - weights[j] + 0.5) / (weights[j] + 0.5));
}

/* BM25 with each term once, since sentences are short. False: none shares a word. */
static bool weigh(struct extract *e, const struct terms *question)
{
	double *weights = calloc(question->count + 1, sizeof(*weights));
	size_t *places = calloc(question->count + 1, sizeof(*places));
	double average = 1;
	bool any = false;

	if (weights == NULL || places == NULL)
		abort(); /* out of memory */
	for (size_t i = 0; i < e->count; i++)
		average += (double)e->items[i].terms.count / (double)e->count;
	weigh_terms(e, question, weights, places);
	for (size_t i = 0; i < e->count; i++) {
		struct sentence *sentence = &e->items[i];
		size_t count = find_shared(&sentence->terms, question, places);
		double length = (double)sentence->terms.count / average;

		for (size_t p = 0; p < count; p++)
			sentence->score += weights[places[p]] * (BM25_K1 + 1) /
			                   (1 + BM25_K1 * (1 - BM25_B + BM25_B * length));
		any = any || count > 0;
	}
	free(places);
	free(weights);
	return any;
}

static void weigh_firsts(struct extract *e)
{
	for (size_t i = 0; i < e->count; i++)
		e->items[i].score = i == 0 || e->items[i].source != e->items[i - 1].source;
}

/* What a sentence costs now, or 0 when it says what a picked one says. */
static size_t cost_of(
    const struct extract *e, const struct sentence *sentence, size_t source_bytes)
{
	size_t cost = sentence->len + 1 + source_bytes;

	for (size_t i = 0; i < e->count; i++) {
		const struct sentence *other = &e->items[i];

		if (!other->picked)
			continue;
		if (terms_alike(&other->terms, &sentence->terms))
			return 0;
		if (other->source == sentence->source)
			cost = sentence->len + 1;
	}
	return cost;
}

static struct sentence *find_best(struct extract *e)
{
	struct sentence *best = NULL;

	for (size_t i = 0; i < e->count; i++) {
		struct sentence *sentence = &e->items[i];

		if (!sentence->picked && sentence->score > 0 &&
		    (best == NULL || sentence->score > best->score))
			best = sentence;
	}
	return best;
}

void extract_pick(
    struct extract *e, const struct terms *question, size_t bytes, size_t source_bytes)
{
	struct sentence *best;
	double least;

	if (!weigh(e, question))
		weigh_firsts(e);
	best = find_best(e);
	least = best != NULL ? WORTH * best->score : 0;
	for (; best != NULL && best->score >= least; best = find_best(e)) {
		size_t cost = cost_of(e, best, source_bytes);

		if (cost > 0 && cost <= bytes) {
			best->picked = true;
			bytes -= cost;
		} else {
			best->score = 0; /* said before, or too long: never again */
		}
	}
}

void extract_fini(struct extract *e)
{
	for (size_t i = 0; i < e->count; i++)
		terms_fini(&e->items[i].terms);
	free(e->items);
	*e = (struct extract){0};
}
