/* text: lists of hashed terms. */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fnv.h"
#include "text_impl.h"

/* Words that say nothing about the subject of an English text. Their apostrophes do not count. */
static const char *const function_words[] = {"a", "about", "after", "again", "all", "also",
    "am", "an", "and", "any", "are", "aren't", "as", "at", "be", "because", "been", "before",
    "being", "both", "but", "by", "can", "can't", "cannot", "could", "couldn't", "d", "did",
    "didn't", "do", "does", "doesn't", "doing", "don't", "during", "each", "else", "few", "for",
    "from", "further", "had", "hadn't", "has", "hasn't", "have", "haven't", "having", "he",
    "he'd", "her", "here", "hers", "herself", "he's", "him", "himself", "his", "how", "how's",
    "i", "if", "i'm", "in", "into", "is", "isn't", "it", "its", "itself", "i've", "just", "ll",
    "m", "many", "me", "more", "most", "much", "my", "myself", "no", "nor", "not", "of", "off",
    "on", "once", "only", "or", "other", "our", "ours", "ourselves", "out", "over", "own", "re",
    "s", "same", "shall", "she", "she's", "should", "shouldn't", "so", "some", "such", "t",
    "than", "that", "that's", "the", "their", "theirs", "them", "themselves", "then", "there",
    "there's", "these", "they", "they'd", "they'll", "they're", "they've", "this", "those",
    "through", "to", "too", "under", "until", "up", "us", "ve", "very", "was", "wasn't", "we",
    "were", "weren't", "we've", "what", "what's", "when", "where", "which", "while", "who",
    "whom", "whose", "why", "will", "with", "won't", "would", "wouldn't", "yeah", "yes", "you",
    "you'd", "you'll", "your", "you're", "yours", "yourself", "yourselves", "you've"};

#define FUNCTION_WORDS (sizeof(function_words) / sizeof(*function_words))
#define HASH_SLOTS     512 /* a power of two, more than twice the function words */

uint32_t term_begin(enum term_kind kind)
{
	return kind == TERM_WORD ? FNV_OFFSET : fnv_byte(FNV_OFFSET, (uint32_t)kind);
}

uint32_t term_char(uint32_t hash, uint32_t c)
{
	if (c < 0x80) /* the two zero bytes of the loop below only multiply */
		return (hash ^ c) * (FNV_PRIME * FNV_PRIME * FNV_PRIME);
	for (int shift = 0; shift < 24; shift += 8)
		hash = fnv_byte(hash, (c >> shift) & 0xffU);
	return hash;
}

bool terms_add(struct terms *terms, uint32_t hash)
{
	if (terms->count == terms->capacity) {
		size_t capacity = terms->capacity ? 2 * terms->capacity : 64;
		int32_t *items = realloc(terms->items, capacity * sizeof(*items));

		if (items == NULL)
			return false;
		terms->items = items;
		terms->capacity = capacity;
	}
	terms->items[terms->count++] = (int32_t)hash;
	return true;
}

bool terms_add_date(struct terms *terms, int64_t unix_us)
{
	struct words words = {.terms = terms};
	time_t seconds = (time_t)(unix_us / 1000000 - (unix_us % 1000000 < 0));
	struct tm day;

	if (gmtime_r(&seconds, &day) == NULL)
		return true; /* a year that no calendar has has no words */
	return date_add_figures(&words, day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

/* Function words are few: a table of their terms, made once, where an empty place ends the search. */
static const int32_t *function_terms(void)
{
	static int32_t slots[HASH_SLOTS];
	static bool made;

	for (size_t i = 0; !made && i < FUNCTION_WORDS; i++) {
		uint32_t hash = term_begin(TERM_FUNCTION_WORD);

		for (const char *s = function_words[i]; *s != '\0'; s++)
			hash = *s == '\'' ? hash : term_char(hash, (unsigned char)*s);
		size_t at = hash % HASH_SLOTS;

		while (slots[at] != 0)
			at = (at + 1) % HASH_SLOTS;
		slots[at] = (int32_t)hash;
	}
	made = true;
	return slots;
}

bool term_is_function_word(int32_t term)
{
	const int32_t *slots = function_terms();
	size_t at = (uint32_t)term % HASH_SLOTS;

	while (slots[at] != 0 && slots[at] != term)
		at = (at + 1) % HASH_SLOTS;
	return slots[at] != 0;
}

void terms_drop_function_words(struct terms *terms)
{
	size_t kept = 0;

	for (size_t i = 0; i < terms->count; i++)
		kept += !term_is_function_word(terms->items[i]);
	if (kept == 0 || kept == terms->count)
		return;
	kept = 0;
	for (size_t i = 0; i < terms->count; i++) {
		if (!term_is_function_word(terms->items[i]))
			terms->items[kept++] = terms->items[i];
	}
	terms->count = kept;
}

static int compare_terms(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a;
	int32_t y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

void terms_reduce(struct terms *terms)
{
	size_t distinct = 0;

	if (terms->count == 0)
		return;
	terms_drop_function_words(terms);
	qsort(terms->items, terms->count, sizeof(*terms->items), compare_terms);
	for (size_t i = 0; i < terms->count; i++) {
		if (i == 0 || terms->items[i] != terms->items[i - 1])
			terms->items[distinct++] = terms->items[i];
	}
	terms->count = distinct;
}

void terms_fini(struct terms *terms)
{
	free(terms->items);
	*terms = (struct terms){0};
}

void terms_beside_fini(struct terms_beside *beside)
{
	terms_fini(&beside->pairs);
	terms_fini(&beside->beginnings);
	terms_fini(&beside->asked);
}
