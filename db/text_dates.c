/*
 * text_dates: dates as they are written, to the date they mean.
 *
 * Their words are terms already. Beside them, "8 May 2023", "May 8th, 2023", "2023-05-08" and "2023年5月8日" give
 * the same two terms: of the day, and of the month in its year.
 */
#include <string.h>

#include "text_impl.h"

#define YEAR_DIGITS  4
#define LATEST_DAY   31
#define LATEST_MONTH 12

static bool add_date(struct words *words, int year, int month, int day)
{
	uint32_t hash = term_begin(TERM_DATE);

	for (int value = 100 * (100 * year + month) + day; value > 0; value /= 10)
		hash = term_char(hash, (uint32_t)('0' + value % 10));
	return terms_add(words->terms, hash);
}

static bool is_year(const struct words *words, int i)
{
	return words->dates.last[i].part == DATE_NUMBER &&
	       words->dates.last[i].digits == YEAR_DIGITS;
}

static bool is_day(const struct words *words, int i)
{
	return words->dates.last[i].part == DATE_NUMBER && words->dates.last[i].digits <= 2 &&
	       words->dates.last[i].value >= 1 && words->dates.last[i].value <= LATEST_DAY;
}

static bool is_month(const struct words *words, int i)
{
	return words->dates.last[i].part == DATE_MONTH;
}

/* What the last words are, now that one more is there. */
static bool look(struct words *words)
{
	const struct date_words *d = &words->dates;
	int year = 0, month = 0, day = 0;

	if (is_month(words, 1) && is_year(words, 2)) { /* [8] May 2023 */
		year = d->last[2].value;
		month = d->last[1].value;
		day = is_day(words, 0) ? d->last[0].value : 0;
	} else if (is_month(words, 0) && is_day(words, 1) &&
	           is_year(words, 2)) { /* May 8, 2023 */
		year = d->last[2].value;
		month = d->last[0].value;
		day = d->last[1].value;
	} else if (is_year(words, 1) && is_month(words, 2)) { /* 2023 May */
		year = d->last[1].value;
		month = d->last[2].value;
	} else if (is_year(words, 0) && is_month(words, 1) && is_day(words, 2)) { /* its day */
		return add_date(words, d->last[0].value, d->last[1].value, d->last[2].value);
	}
	return year == 0 || (add_date(words, year, month, 0) &&
	                        (day == 0 || add_date(words, year, month, day)));
}

static bool add_part(struct words *words, enum date_part part, int value, int digits)
{
	struct date_words *d = &words->dates;

	memmove(d->last, d->last + 1, 2 * sizeof(*d->last));
	d->last[2].part = part;
	d->last[2].value = value;
	d->last[2].digits = digits;
	return look(words);
}

bool date_add_number(struct words *words, int value, int digits)
{
	if (digits == 0) {
		date_end(words);
		return true;
	}
	return add_part(words, DATE_NUMBER, value, digits);
}

bool date_add_month(struct words *words, int month)
{
	return add_part(words, DATE_MONTH, month, 0);
}

bool date_add_month_mark(struct words *words)
{
	struct date_words *d = &words->dates;

	if (!is_day(words, 2) || d->last[2].value > LATEST_MONTH)
		return true;
	d->last[2].part = DATE_MONTH;
	return terms_add(words->terms, month_term(d->last[2].value)) && look(words);
}

bool date_add_figures(struct words *words, int year, int month, int day)
{
	char digits[16];
	uint32_t s[16];
	const int parts[] = {day, year};

	date_end(words);
	for (int i = 0; i < 2; i++) {
		size_t len = 0, n = 0;

		for (int value = parts[i]; value > 0 && n < sizeof(digits); value /= 10)
			digits[n++] = (char)('0' + value % 10);
		while (n > 0)
			s[len++] = (unsigned char)digits[--n];
		if (!words_add(words, s, len) || (i == 0 && !date_add_month(words, month)))
			return false;
	}
	date_end(words);
	return terms_add(words->terms, month_term(month));
}

void date_end(struct words *words)
{
	memset(&words->dates, 0, sizeof(words->dates));
}
