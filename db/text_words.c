/* text_words: one word, folded, stemmed and hashed; its number, its month. */
#include <string.h>

#include <libstemmer.h>
#include <utf8proc.h>

#include "text_impl.h"

#define FOLDED_MAX     256 /* code points of a word or a whole that are looked at */
#define FOLDED_AT_ONCE 18  /* that one code point can become (Unicode, NFKC) */
#define LATIN_END      0x250
#define NUMBER_DIGITS  9 /* of a number that is one to us */
#define BEGINNING      4 /* letters of a word that are its beginning */

struct folded {
	char ascii[FOLDED_MAX + 1]; /* when all of it is ASCII */
	uint32_t s[FOLDED_MAX + FOLDED_AT_ONCE];
	size_t len;
	bool is_ascii, has_digit, has_letter;
};

static const char *const months[] = {"january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december"};

/* Short forms of months, and numbers that are written out. */
static const struct {
	const char *name;
	int month, number; /* 0: none, -1: none */
} known[] = {
    {"jan", 1, -1},
    {"feb", 2, -1},
    {"mar", 3, -1},
    {"apr", 4, -1},
    {"jun", 6, -1},
    {"jul", 7, -1},
    {"aug", 8, -1},
    {"sep", 9, -1},
    {"sept", 9, -1},
    {"oct", 10, -1},
    {"nov", 11, -1},
    {"dec", 12, -1},
    {"one", 0, 1},
    {"two", 0, 2},
    {"three", 0, 3},
    {"four", 0, 4},
    {"five", 0, 5},
    {"six", 0, 6},
    {"seven", 0, 7},
    {"eight", 0, 8},
    {"nine", 0, 9},
    {"ten", 0, 10},
    {"eleven", 0, 11},
    {"twelve", 0, 12},
};

/* A word among words, unlike a part of something or a function word. */
static bool add_term(struct words *words, uint32_t term)
{
	struct terms *pairs = words->beside != NULL ? &words->beside->pairs : NULL;
	bool ok = pairs == NULL || !words->has_before ||
	          (terms_add(pairs, words->before) && terms_add(pairs, term));

	words->before = term;
	words->has_before = true;
	return ok && terms_add(words->terms, term);
}

static struct sb_stemmer *english(void)
{
	static struct sb_stemmer *stemmer;

	if (stemmer == NULL)
		stemmer = sb_stemmer_new("english", "UTF_8");
	return stemmer;
}

/* Case folding; accents of Latin letters go, those of other scripts mean something else. */
static void fold_char(struct folded *word, uint32_t c)
{
	utf8proc_option_t options = UTF8PROC_CASEFOLD;
	int boundary = 0;

	if (c < LATIN_END)
		options |= UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK;
	utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c,
	    (utf8proc_int32_t *)word->s + word->len, FOLDED_AT_ONCE, options, &boundary);

	if (n < 0 || n > FOLDED_AT_ONCE) {
		word->s[word->len] = c;
		n = 1;
	}
	word->len += (size_t)n;
}

static void fold(struct folded *word, const uint32_t *s, size_t len)
{
	word->len = 0;
	word->is_ascii = true;
	word->has_digit = word->has_letter = false;
	for (size_t i = 0; i < len && word->len < FOLDED_MAX; i++) {
		uint32_t c = s[i];

		if (c == '\'' || c == 0x2019)
			continue;
		if (c >= 0x80)
			fold_char(word, c);
		else
			word->s[word->len++] = c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
	if (word->len > FOLDED_MAX)
		word->len = FOLDED_MAX;
	for (size_t i = 0; i < word->len; i++) {
		word->is_ascii = word->is_ascii && word->s[i] < 0x80;
		word->has_digit = word->has_digit || (word->s[i] >= '0' && word->s[i] <= '9');
		word->has_letter = word->has_letter || word->s[i] > '9';
		word->ascii[i] = (char)word->s[i];
	}
	word->ascii[word->len] = '\0';
}

static uint32_t hash_ascii(enum term_kind kind, const char *s, size_t len)
{
	uint32_t hash = term_begin(kind);

	for (size_t i = 0; i < len; i++)
		hash = term_char(hash, (unsigned char)s[i]);
	return hash;
}

/* The term of an English word in lower case: its stem's. */
static uint32_t stem_term(const char *s, size_t len)
{
	struct sb_stemmer *stemmer = english();
	const sb_symbol *stem =
	    stemmer != NULL ? sb_stemmer_stem(stemmer, (const sb_symbol *)s, (int)len) : NULL;

	if (stem == NULL)
		return hash_ascii(TERM_WORD, s, len);
	return hash_ascii(TERM_WORD, (const char *)stem, (size_t)sb_stemmer_length(stemmer));
}

uint32_t month_term(int month)
{
	const char *name = months[month - 1];

	return stem_term(name, strlen(name));
}

static bool add_number(struct words *words, const char *digits, size_t len)
{
	size_t zeros = 0;
	int value = 0;

	while (zeros + 1 < len && digits[zeros] == '0')
		zeros++;
	for (size_t i = zeros; len - zeros <= NUMBER_DIGITS && i < len; i++)
		value = 10 * value + (digits[i] - '0');
	return add_term(words, hash_ascii(TERM_WORD, digits + zeros, len - zeros)) &&
	       date_add_number(words, value, len - zeros <= NUMBER_DIGITS ? (int)len : 0);
}

/* 1st, 2nd, 23rd, 4th: how many digits, or 0. */
static size_t ordinal_digits(const struct folded *word)
{
	static const char *const endings[] = {"st", "nd", "rd", "th"};
	size_t digits = strspn(word->ascii, "0123456789");

	for (size_t i = 0; digits > 0 && i < sizeof(endings) / sizeof(*endings); i++) {
		if (strcmp(word->ascii + digits, endings[i]) == 0)
			return digits;
	}
	return 0;
}

/* What stems leave apart, art and artist, still begins alike. */
static bool add_beginning(struct words *words, uint32_t term, const char *word)
{
	struct terms *beginnings;

	if (words->beside == NULL)
		return true;
	beginnings = &words->beside->beginnings;
	return terms_add(beginnings, term) &&
	       terms_add(beginnings, hash_ascii(TERM_BEGINNING, word, BEGINNING));
}

static bool add_english(struct words *words, const struct folded *word)
{
	const uint32_t function = hash_ascii(TERM_FUNCTION_WORD, word->ascii, word->len);

	if (term_is_function_word((int32_t)function)) {
		if (strcmp(word->ascii, "of") != 0 && strcmp(word->ascii, "the") != 0)
			date_end(words);
		return terms_add(words->terms, function);
	}
	for (int i = 0; i < 12; i++) {
		if (strcmp(word->ascii, months[i]) == 0)
			return add_term(words, month_term(i + 1)) &&
			       date_add_month(words, i + 1);
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(word->ascii, known[i].name) != 0)
			continue;
		if (known[i].month > 0)
			return add_term(words, month_term(known[i].month)) &&
			       date_add_month(words, known[i].month);
		date_end(words);
		uint32_t hash = term_begin(TERM_WORD);

		if (known[i].number >= 10)
			hash = term_char(hash, '1');
		return add_term(words, term_char(hash, (uint32_t)('0' + known[i].number % 10)));
	}
	date_end(words);
	const char *base = text_base_form(word->ascii);
	size_t len = strlen(base);
	uint32_t term = stem_term(base, len);

	return add_term(words, term) && (len < BEGINNING || add_beginning(words, term, base));
}

static uint32_t hash_folded(const struct folded *word)
{
	uint32_t hash = term_begin(TERM_WORD);

	for (size_t i = 0; i < word->len; i++)
		hash = term_char(hash, word->s[i]);
	return hash;
}

bool words_add_whole(struct words *words, const uint32_t *s, size_t len)
{
	struct folded word;

	if (len > FOLDED_MAX)
		return true;
	fold(&word, s, len);
	if (word.len == 0)
		return true;
	/* Written in lower case it would be a word. */
	if (word.is_ascii && strspn(word.ascii, "abcdefghijklmnopqrstuvwxyz") == word.len)
		return terms_add(words->terms, stem_term(word.ascii, word.len));
	return terms_add(words->terms, hash_folded(&word));
}

bool words_add(struct words *words, const uint32_t *s, size_t len)
{
	struct folded word;

	if (len > 2 && (s[len - 1] == 's' || s[len - 1] == 'S') &&
	    (s[len - 2] == '\'' || s[len - 2] == 0x2019))
		len -= 2;
	fold(&word, s, len);
	if (word.len == 0)
		return true;
	if (word.is_ascii && word.has_digit) {
		size_t digits = word.has_letter ? ordinal_digits(&word) : word.len;

		if (digits > 0)
			return add_number(words, word.ascii, digits);
	} else if (word.is_ascii) {
		return add_english(words, &word);
	}
	date_end(words);
	return add_term(words, hash_folded(&word));
}
