/* rfc3339: hand-written, because strptime knows no fractions and no checks. */
#include "rfc3339.h"

#include <stddef.h>

#include "civil.h"

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

static bool is_day(int year, int month, int day)
{
	return year >= 1 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= civil_month_days(year, month);
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
bool rfc3339_offset(const char **s, const char *end, int *seconds)
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

/* "T09:30:00.25" as microseconds of the day; -1: it is none. */
static int64_t time_of_day(const char **s, const char *end)
{
	int hour = take(s, end, "Tt ") ? digits(s, end, 2) : -1;
	int minute = take(s, end, ":") ? digits(s, end, 2) : -1;
	int second = take(s, end, ":") ? digits(s, end, 2) : -1;
	int64_t us = fraction(s, end);

	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
	    us < 0)
		return -1;
	return (((int64_t)hour * 60 + minute) * 60 + second) * US_PER_SECOND + us;
}

static bool parse(const char *s, const char *end, int64_t *unix_us, bool *has_offset)
{
	int year = digits(&s, end, 4);
	int month = take(&s, end, "-") ? digits(&s, end, 2) : -1;
	int day = take(&s, end, "-") ? digits(&s, end, 2) : -1;
	int east = 0;

	if (!is_day(year, month, day))
		return false;
	int64_t us = s != end ? time_of_day(&s, end) : 0;

	*has_offset = s != end;
	if (us < 0 || (*has_offset && !rfc3339_offset(&s, end, &east)) || s != end)
		return false;
	*unix_us = days_from_civil(year, month, day) * US_PER_DAY + us - east * US_PER_SECOND;
	return *unix_us >= FIRST_SECOND * US_PER_SECOND &&
	       *unix_us < (LAST_SECOND + 1) * US_PER_SECOND;
}

bool rfc3339_parse(const char *s, size_t len, int64_t *unix_us)
{
	bool has_offset;

	return parse(s, s + len, unix_us, &has_offset) && has_offset;
}

bool rfc3339_parse_local(const char *s, size_t len, int64_t *unix_us, bool *has_offset)
{
	return parse(s, s + len, unix_us, has_offset);
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
	int64_t days =
	    civil_split(civil_split(unix_us, US_PER_SECOND, &us), SECONDS_PER_DAY, &second);
	int64_t year;
	int month, day;

	civil_from_days(days, &year, &month, &day);
	const struct {
		int value, digits;
		char end;
	} parts[] = {{(int)year, 4, '-'}, {month, 2, '-'}, {day, 2, 'T'},
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
