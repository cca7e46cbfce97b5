/* text_impl: between the files of text. None of it waits or logs; false is always: out of memory. */
#pragma once

#include "text.h"

/* A date as it comes together, word by word (text_dates.c). */
enum date_part { DATE_NOTHING, DATE_NUMBER, DATE_MONTH };

struct date_words {
	struct {
		enum date_part part;
		int value;
		int digits;
	} last[3]; /* the newest in [2] */
};

struct words {
	struct terms *terms;
	struct terms_beside *beside; /* NULL: nobody wants it */
	bool has_before;
	uint32_t before;  /* the word before, for pairs */
	size_t sentence;  /* where its terms begin */
	uint32_t bracket; /* that closes what stands in brackets, or 0 */
	struct date_words dates;
};

/* What hashes begin with, so that a date or a function word is no other word's term. */
enum term_kind { TERM_WORD, TERM_FUNCTION_WORD, TERM_DATE, TERM_BEGINNING };

uint32_t term_begin(enum term_kind kind);
uint32_t term_char(uint32_t hash, uint32_t c);
bool terms_add(struct terms *terms, uint32_t hash);
bool term_is_function_word(int32_t term); /* one that began as TERM_FUNCTION_WORD */

/* One word without anything glued to it, in NFKC. */
bool words_add(struct words *words, const uint32_t *s, size_t len);
/* The same for what was glued together; nothing when it is too long to be one. */
bool words_add_whole(struct words *words, const uint32_t *s, size_t len);
/* A run of letters, digits and what may glue them together: the whole and its parts. */
bool words_add_run(struct words *words, const uint32_t *s, size_t len);

/* went: go; any other word in lower case is itself. Static, or word. */
const char *text_base_form(const char *word);

bool date_add_number(struct words *words, int value, int digits);
bool date_add_month(struct words *words, int month);
/* Chinese and Japanese: the number before the mark is a month. The day's and the year's marks need nothing. */
bool date_add_month_mark(struct words *words);
/* Year, month and day in figures. */
bool date_add_figures(struct words *words, int year, int month, int day);
/* Anything that is no part of a date. */
void date_end(struct words *words);
/* Term of a month's name, 1 to 12. */
uint32_t month_term(int month);
