/* rfc3339: hand-written, because strptime knows no fractions and no checks. */
#include "rfc3339.h"

#include <stddef.h>

#define US_PER_SECOND   1000000LL
#define SECONDS_PER_DAY 86400

#define FIRST_SECOND (-62135596800LL) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND  253402300799LL   /* 9999-12-31T23:59:59Z */

/* Exactly count digits at *s, moved on; -1 when there are not. */
static int digits(const char **s, const char *end, int count)
{
	int value = 0;

	if (end - *s < count)
		return -1;
	for (; count > 0; count--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static bool take(const char **s, const char *end, const char *any_of)
{
	if (*s == end)
		return false;
	for (; *any_of != '\0'; any_of++) {
		if (**s == *any_of) {
			(*s)++;
			return true;
		}
	}
	return false;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar (H. Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms"). */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era =
	    year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static bool is_day(int year, int month, int day)
{
	static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1 || month < 1 || month > 12 || day < 1 || day > longest[month - 1])
		return false;
	return month != 2 || day < 29 || leap;
}

/* ".25" as microseconds; digits beyond the sixth are dropped. -1: a dot without digits. */
static int64_t fraction(const char **s, const char *end)
{
	int64_t value = 0, unit = US_PER_SECOND / 10;
	const char *start;

	if (!take(s, end, "."))
		return 0;
	for (start = *s; *s < end && **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		value += (**s - '0') * unit;
	return *s == start ? -1 : value;
}

/* "Z" or "+08:00" as seconds east. */
static bool offset(const char **s, const char *end, int *seconds)
{
	*seconds = 0;
	if (take(s, end, "Zz"))
		return true;
	bool west = *s < end && **s == '-';

	if (!take(s, end, "+-"))
		return false;
	int hours = digits(s, end, 2);

	if (hours < 0 || hours > 23 || !take(s, end, ":"))
		return false;
	int minutes = digits(s, end, 2);

	if (minutes < 0 || minutes > 59)
		return false;
	*seconds = (hours * 60 + minutes) * (west ? -60 : 60);
	return true;
}

bool rfc3339_parse(const char *s, size_t len, int64_t *unix_us)
{
	const char *end = s + len;
	int east;
	int year = digits(&s, end, 4);
	int month = take(&s, end, "-") ? digits(&s, end, 2) : -1;
	int day = take(&s, end, "-") ? digits(&s, end, 2) : -1;
	int hour = take(&s, end, "Tt ") ? digits(&s, end, 2) : -1;
	int minute = take(&s, end, ":") ? digits(&s, end, 2) : -1;
	int second = take(&s, end, ":") ? digits(&s, end, 2) : -1;
	int64_t us = fraction(&s, end);

	if (!is_day(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
	    second < 0 || second > 60 || us < 0 || !offset(&s, end, &east) || s != end)
		return false;
	int64_t minutes = (int64_t)hour * 60 + minute;
	int64_t seconds =
	    days_from_civil(year, month, day) * SECONDS_PER_DAY + minutes * 60 + second - east;

	*unix_us = seconds * US_PER_SECOND + us;
	return seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
}

/* The inverse of days_from_civil(), from the same paper. */
static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153; /* months since March */

	*day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1);
	*month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/* Quotient and, never negative, remainder. */
static int64_t split(int64_t value, int64_t unit, int64_t *rest)
{
	*rest = value % unit;
	if (*rest < 0)
		*rest += unit;
	return (value - *rest) / unit;
}

/* Count digits of a value that has no more; returns the place behind them. */
static char *put_digits(char *to, unsigned value, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		to[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return to + count;
}

void rfc3339_format(int64_t unix_us, char text[RFC3339_TEXT_BYTES])
{
	int64_t us, second;
	int64_t days = split(split(unix_us, US_PER_SECOND, &us), SECONDS_PER_DAY, &second);
	int year, month, day;

	civil_from_days(days, &year, &month, &day);
	const struct {
		int value, digits;
		char end;
	} parts[] = {{year, 4, '-'}, {month, 2, '-'}, {day, 2, 'T'},
	    {(int)(second / 3600), 2, ':'}, {(int)(second / 60 % 60), 2, ':'},
	    {(int)(second % 60), 2, us != 0 ? '.' : 'Z'}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		text = put_digits(text, (unsigned)parts[i].value, parts[i].digits);
		*text++ = parts[i].end;
	}
	if (us != 0) {
		text = put_digits(text, (unsigned)us, 6);
		while (text[-1] == '0')
			text--;
		*text++ = 'Z';
	}
	*text = '\0';
}
