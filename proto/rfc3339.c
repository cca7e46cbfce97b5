/* rfc3339: hand-written, because strptime knows no fractions and no checks. */
#include "rfc3339.h"

#include <stdio.h>
#include <time.h>

#define US_PER_SECOND 1000000LL

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
	*unix_us = (days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 +
	               second - east) *
	               US_PER_SECOND +
	           us;
	return true;
}

void rfc3339_format(int64_t unix_us, char text[RFC3339_TEXT_BYTES])
{
	int64_t us = unix_us % US_PER_SECOND;
	time_t seconds = (time_t)(unix_us / US_PER_SECOND);
	char part[8] = "";
	struct tm utc;

	if (us < 0) {
		us += US_PER_SECOND;
		seconds--;
	}
	gmtime_r(&seconds, &utc);
	if (us != 0) {
		int last = snprintf(part, sizeof(part), ".%06d", (int)us) - 1;

		while (part[last] == '0')
			part[last--] = '\0';
	}
	/* Unsigned and bounded, so that the compiler sees that it fits. */
	snprintf(text, RFC3339_TEXT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u%sZ",
	    (unsigned)(utc.tm_year + 1900) % 10000U, (unsigned)(utc.tm_mon + 1) % 100U,
	    (unsigned)utc.tm_mday % 100U, (unsigned)utc.tm_hour % 100U,
	    (unsigned)utc.tm_min % 100U, (unsigned)utc.tm_sec % 100U, part);
}
