/* text: splits UTF-8 into words, CJK characters and pairs, and hashes them. */
#include "text.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "fnv.h"

/* Words that say nothing about the subject of an English question. */
static const char *const function_words[] = {"a", "about", "an", "and", "are", "as", "at", "be",
    "been", "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have",
    "how", "i", "in", "is", "it", "its", "me", "my", "of", "on", "or", "that", "the", "their",
    "they", "this", "to", "was", "we", "were", "what", "when", "where", "which", "who", "why",
    "will", "with", "would", "you", "your"};

enum script {
	SCRIPT_NONE,    /* blanks, punctuation: between words */
	SCRIPT_WORD,    /* letters and digits that form words */
	SCRIPT_CJK,     /* no blanks between words: characters and pairs */
	SCRIPT_PICTURE, /* emoji: a word by itself */
};

/* The C.UTF-8 character tables, whatever locale the process has. */
static locale_t utf8_locale(void)
{
	static locale_t locale;

	if (locale == (locale_t)0)
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return locale;
}

static bool is_word_ascii(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static enum script script_of(uint32_t c)
{
	if (c < 0x80)
		return is_word_ascii((unsigned char)c) ? SCRIPT_WORD : SCRIPT_NONE;
	static const struct {
		uint32_t first, last;
		enum script script;
	} ranges[] = {
	    {0x2600, 0x27bf, SCRIPT_PICTURE}, /* symbols, dingbats */
	    {0x3005, 0x3005, SCRIPT_CJK},     /* the mark that repeats a character */
	    {0x3040, 0x30ff, SCRIPT_CJK},     /* kana */
	    {0x3400, 0x4dbf, SCRIPT_CJK},
	    {0x4e00, 0x9fff, SCRIPT_CJK},
	    {0xac00, 0xd7af, SCRIPT_CJK}, /* Hangul */
	    {0xf900, 0xfaff, SCRIPT_CJK},
	    {0x1f000, 0x1faff, SCRIPT_PICTURE}, /* emoji */
	    {0x20000, 0x3ffff, SCRIPT_CJK},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (c >= ranges[i].first && c <= ranges[i].last)
			return ranges[i].script;
	}
	locale_t locale = utf8_locale();

	if (locale == (locale_t)0) /* no tables: better one word too long than none */
		return SCRIPT_WORD;
	return iswalnum_l((wint_t)c, locale) ? SCRIPT_WORD : SCRIPT_NONE;
}

static uint32_t fold(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	locale_t locale = utf8_locale();

	return locale == (locale_t)0 ? c : (uint32_t)towlower_l((wint_t)c, locale);
}

/* One code point of valid UTF-8; anything broken is taken as one byte. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *c)
{
	static const uint32_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t size = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (size > len || (s[0] >= 0x80 && s[0] < 0xc0)) {
		*c = 0xfffd;
		return 1;
	}
	*c = s[0] & first_mask[size];
	for (size_t i = 1; i < size; i++)
		*c = (*c << 6) | (s[i] & 0x3fU);
	return size;
}

static uint32_t hash_char(uint32_t hash, uint32_t c)
{
	if (c < 0x80) /* the two zero bytes of the loop below only multiply */
		return (hash ^ c) * (FNV_PRIME * FNV_PRIME * FNV_PRIME);
	for (int shift = 0; shift < 24; shift += 8)
		hash = fnv_byte(hash, (c >> shift) & 0xffU);
	return hash;
}

static bool terms_add(struct terms *terms, uint32_t hash)
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

/* Most of most texts: the letters and digits of ASCII from s on, into the hash; how many. */
static size_t hash_ascii(const unsigned char *s, size_t len, uint32_t *hash)
{
	size_t i = 0;

	for (; i < len && is_word_ascii(s[i]); i++)
		*hash = hash_char(*hash, fold(s[i]));
	return i;
}

bool terms_add_text(struct terms *terms, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	uint32_t word = FNV_OFFSET;
	uint32_t before = 0; /* the CJK character just before, or 0 */
	bool in_word = false;

	for (size_t i = 0; i < len;) {
		size_t plain = hash_ascii(s + i, len - i, &word);
		uint32_t c;

		if (plain > 0) {
			in_word = true;
			before = 0;
			i += plain;
			continue;
		}
		i += decode(s + i, len - i, &c);
		enum script script = script_of(c);

		if (in_word && script != SCRIPT_WORD) {
			if (!terms_add(terms, word))
				return false;
			in_word = false;
			word = FNV_OFFSET;
		}
		if (script == SCRIPT_WORD) {
			word = hash_char(word, fold(c));
			in_word = true;
		} else if (script != SCRIPT_NONE &&
		           !terms_add(terms, hash_char(FNV_OFFSET, c))) {
			return false;
		}
		if (script == SCRIPT_CJK && before != 0 &&
		    !terms_add(terms, hash_char(hash_char(FNV_OFFSET, before), c)))
			return false;
		before = script == SCRIPT_CJK ? c : 0;
	}
	return !in_word || terms_add(terms, word);
}

static int compare_terms(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a;
	int32_t y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static bool is_function_word(int32_t term)
{
	for (size_t i = 0; i < sizeof(function_words) / sizeof(*function_words); i++) {
		uint32_t hash = FNV_OFFSET;

		for (const char *s = function_words[i]; *s != '\0'; s++)
			hash = hash_char(hash, (uint32_t)*s);
		if ((int32_t)hash == term)
			return true;
	}
	return false;
}

void terms_reduce(struct terms *terms)
{
	size_t distinct = 0, kept = 0;

	if (terms->count == 0)
		return;
	qsort(terms->items, terms->count, sizeof(*terms->items), compare_terms);
	for (size_t i = 0; i < terms->count; i++) {
		if (i == 0 || terms->items[i] != terms->items[i - 1])
			terms->items[distinct++] = terms->items[i];
	}
	terms->count = distinct;
	for (size_t i = 0; i < distinct; i++)
		kept += !is_function_word(terms->items[i]);
	if (kept == 0 || kept == distinct)
		return;
	terms->count = 0;
	for (size_t i = 0; i < distinct; i++) {
		if (!is_function_word(terms->items[i]))
			terms->items[terms->count++] = terms->items[i];
	}
}

void terms_fini(struct terms *terms)
{
	free(terms->items);
	*terms = (struct terms){0};
}
