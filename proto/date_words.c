/*
 * date_words: a table of patterns, tried at every word.
 *
 * In a pattern, %n is a small number, %u a unit, %m a month, %y a year of four digits, %d a day of the month, %. the
 * end of a part of the sentence, and a blank is one or more blanks, with or without a comma; all else is itself, in any
 * case. What stands around may turn its meaning ("since yesterday", 上周三): then nothing is found.
 */
#include "date_words.h"

#include <string.h>
#include <strings.h>

#include "civil.h"

#define MAX_AGO   1000 /* units */
#define DAYS_WEEK 7

enum unit { DAY, WEEK, MONTH, YEAR };

struct word {
	const char *text;
	int value;
};

static const struct word units[] = {{"days", DAY}, {"day", DAY}, {"weeks", WEEK},
    {"week", WEEK}, {"months", MONTH}, {"month", MONTH}, {"years", YEAR}, {"year", YEAR},
    {"天", DAY}, {"个星期", WEEK}, {"星期", WEEK}, {"个礼拜", WEEK}, {"礼拜", WEEK},
    {"周", WEEK}, {"个月", MONTH}, {"年", YEAR}, {0}};

static const char *const before[] = {"since", "before", "after", "until", "till", "from", "by",
    "the", "past", "以", "自", "从", "到", NULL};
static const char *const behind[] = {"前", "后", "以", "之", "起", "至", "来", NULL};
/* A part of the week, the month or the year. */
static const char *const parts[] = {"一", "二", "三", "四", "五", "六", "七", "八", "九", "十",
    "日", "天", "末", "初", "底", "中", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL};

static const struct word months[] = {{"january", 1}, {"february", 2}, {"march", 3},
    {"april", 4}, {"may", 5}, {"june", 6}, {"july", 7}, {"august", 8}, {"september", 9},
    {"october", 10}, {"november", 11}, {"december", 12}, {"jan", 1}, {"feb", 2}, {"mar", 3},
    {"apr", 4}, {"jun", 6}, {"jul", 7}, {"aug", 8}, {"sept", 9}, {"sep", 9}, {"oct", 10},
    {"nov", 11}, {"dec", 12}, {0}};

static const struct word numbers[] = {{"one", 1}, {"two", 2}, {"three", 3}, {"four", 4},
    {"five", 5}, {"six", 6}, {"seven", 7}, {"eight", 8}, {"nine", 9}, {"ten", 10},
    {"eleven", 11}, {"twelve", 12}, {"a", 1}, {"an", 1}, {"十二", 12}, {"十一", 11}, {"十", 10},
    {"一", 1}, {"两", 2}, {"二", 2}, {"三", 3}, {"四", 4}, {"五", 5}, {"六", 6}, {"七", 7},
    {"八", 8}, {"九", 9}, {0}};

/* What a pattern says: so many units before now (never days where it has a unit and no number), or a date. */
static const struct pattern {
	const char *text;
	enum unit unit;
	int ago; /* where the pattern has no number */
	bool dated;
} patterns[] = {
    {"the day before yesterday", DAY, 2, false},
    {"yesterday", DAY, 1, false},
    {"today", DAY, 0, false},
    {"%n %u ago", DAY, 0, false},
    {"last %u", DAY, 1, false},
    {"this %u", DAY, 0, false},
    {"%y-%n-%d", DAY, 0, true},
    {"%y-%n%.", MONTH, 0, true},
    {"%m %d, %y", DAY, 0, true},
    {"%d %m %y", DAY, 0, true},
    {"%m %y", MONTH, 0, true},
    {"in %y%.", YEAR, 0, true},
    {"大前天", DAY, 3, false},
    {"前天", DAY, 2, false},
    {"昨天", DAY, 1, false},
    {"今天", DAY, 0, false},
    {"%n%u前", DAY, 0, false},
    {"%n %u前", DAY, 0, false},
    {"上上%u", DAY, 2, false},
    {"上月", MONTH, 1, false},
    {"本月", MONTH, 0, false},
    {"这个月", MONTH, 0, false},
    {"这周", WEEK, 0, false},
    {"这个星期", WEEK, 0, false},
    {"上%u", DAY, 1, false},
    {"本%u", DAY, 0, false},
    {"前年%n月", MONTH, 2, true},
    {"去年%n月", MONTH, 1, true},
    {"今年%n月", MONTH, 0, true},
    {"前年", YEAR, 2, false},
    {"去年", YEAR, 1, false},
    {"今年", YEAR, 0, false},
    {"%y年%n月%d日", DAY, 0, true},
    {"%y年%n月%d号", DAY, 0, true},
    {"%y年%n月", MONTH, 0, true},
    {"%y年", YEAR, 0, true},
};

struct match {
	enum unit unit;
	int number, year, month, day; /* -1: not in the pattern */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool take_word(const struct word *table, const char **s, const char *end, int *value)
{
	for (; table->text != NULL; table++) {
		size_t len = strlen(table->text);

		if ((size_t)(end - *s) >= len && strncasecmp(*s, table->text, len) == 0) {
			*s += len;
			*value = table->value;
			return true;
		}
	}
	return false;
}

/* min to max digits, and no more behind them. */
static bool take_digits(const char **s, const char *end, int min, int max, int *value)
{
	int count = 0;

	*value = 0;
	for (; *s < end && **s >= '0' && **s <= '9' && count <= max; (*s)++, count++)
		*value = *value * 10 + (**s - '0');
	return count >= min && count <= max;
}

static bool take_blanks(const char **s, const char *end)
{
	const char *start = *s;

	while (*s < end && (**s == ' ' || **s == ','))
		(*s)++;
	return *s > start;
}

static bool take_part(char part, const char **s, const char *end, struct match *match)
{
	int unit;

	switch (part) {
	case '.':
		take_blanks(s, end);
		return *s == end || strchr("?!.;:)", **s) != NULL || (*s)[-1] == ',';
	case 'y':
		return take_digits(s, end, 4, 4, &match->year);
	case 'd':
		return take_digits(s, end, 1, 2, &match->day);
	case 'm':
		return take_word(months, s, end, &match->month);
	case 'u':
		if (!take_word(units, s, end, &unit))
			return false;
		match->unit = (enum unit)unit;
		return true;
	default:
		if (*s < end && **s >= '0' && **s <= '9')
			return take_digits(s, end, 1, 4, &match->number);
		return take_word(numbers, s, end, &match->number);
	}
}

static bool take_letter(char c, const char **s, const char *end)
{
	return *s < end && strncasecmp((*s)++, &c, 1) == 0;
}

/* The pattern as a whole, at s; moves *s behind it. */
static bool take_pattern(
    const struct pattern *pattern, const char **s, const char *end, struct match *match)
{
	*match = (struct match){pattern->unit, -1, -1, -1, -1};
	for (const char *p = pattern->text; *p != '\0'; p++) {
		bool taken = true;

		if (*p == '%')
			taken = take_part(*++p, s, end, match);
		else if (*p == ' ')
			taken = take_blanks(s, end);
		else if (*p != ',') /* a blank stands for it */
			taken = take_letter(*p, s, end);
		if (!taken)
			return false;
	}
	return *s == end || !is_letter((*s)[-1]) || !is_letter(**s);
}

/* Whether one of the words ends at s, behind blanks. */
static bool stands_before(const char *const *words, const char *text, const char *s)
{
	while (s > text && s[-1] == ' ')
		s--;
	for (; *words != NULL; words++) {
		size_t len = strlen(*words);

		if ((size_t)(s - text) >= len && strncasecmp(s - len, *words, len) == 0 &&
		    (!is_letter(**words) || (size_t)(s - text) == len ||
		        !is_letter(s[-(ptrdiff_t)len - 1])))
			return true;
	}
	return false;
}

static bool stands_behind(const char *const *words, const char *s, const char *end)
{
	for (; *words != NULL; words++) {
		if ((size_t)(end - s) >= strlen(*words) &&
		    memcmp(s, *words, strlen(*words)) == 0)
			return true;
	}
	return false;
}

static bool is_turned(
    const char *text, const char *s, const char *at, const char *end, enum unit unit)
{
	return stands_before(before, text, s) || stands_behind(behind, at, end) ||
	       (unit != DAY && stands_behind(parts, at, end));
}

static void to_range(enum unit unit, int64_t year, int month, int day, int64_t range[2])
{
	int64_t first = days_from_civil(year, month, day), last = first + 1, weekday;

	civil_split(first + 3, DAYS_WEEK, &weekday); /* 1970-01-01 was a Thursday */
	if (unit == WEEK)
		first -= weekday, last = first + DAYS_WEEK;
	else if (unit == MONTH)
		first = days_from_civil(year, month, 1),
		last = first + civil_month_days(year, month);
	else if (unit == YEAR)
		first = days_from_civil(year, 1, 1), last = days_from_civil(year + 1, 1, 1);
	range[0] = first * US_PER_DAY;
	range[1] = last * US_PER_DAY;
}

static bool dated(const struct pattern *pattern, const struct match *match, int64_t this_year,
    int64_t range[2])
{
	int64_t year = match->year >= 0 ? match->year : this_year - pattern->ago;
	int month = match->month >= 0 ? match->month : match->number;
	int day = match->day >= 0 ? match->day : 1;

	if (pattern->unit == YEAR)
		month = 1;
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > civil_month_days(year, month))
		return false;
	to_range(pattern->unit, year, month, day, range);
	return true;
}

static bool to_time(const struct pattern *pattern, const struct match *match,
    int64_t local_now_us, int64_t range[2])
{
	int64_t rest, today = civil_split(local_now_us, US_PER_DAY, &rest), year;
	int ago = match->number >= 0 ? match->number : pattern->ago, month, day;

	civil_from_days(today, &year, &month, &day);
	if (pattern->dated)
		return dated(pattern, match, year, range);
	if (ago > MAX_AGO ||
	    (match->unit == DAY && match->number < 0 && strstr(pattern->text, "%u") != NULL))
		return false;
	if (match->unit == DAY || match->unit == WEEK) {
		today -= (int64_t)ago * (match->unit == WEEK ? DAYS_WEEK : 1);
		civil_from_days(today, &year, &month, &day);
	} else {
		int64_t index = year * 12 + month - 1 - (match->unit == YEAR ? 12 : 1) * ago;

		year = civil_split(index, 12, &rest);
		month = (int)rest + 1;
		day = 1;
	}
	to_range(match->unit, year, month, day, range);
	return true;
}

/* What the text names at *s; moves it behind that. *turned: and it means something else there. */
static bool take_time(const char *text, const char **s, const char *end, int64_t local_now_us,
    int64_t range[2], bool *turned)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		const char *at = *s;
		struct match match;

		if (take_pattern(&patterns[i], &at, end, &match) &&
		    to_time(&patterns[i], &match, local_now_us, range)) {
			*turned = is_turned(text, *s, at, end, match.unit);
			*s = at;
			return true;
		}
	}
	return false;
}

bool date_words_find(
    const char *text, size_t len, int64_t local_now_us, int64_t *from_us, int64_t *to_us)
{
	const char *end = text + len;
	bool found = false, turned;
	int64_t range[2];

	for (const char *s = text; s < end;) {
		bool begins = s == text || !is_letter(s[-1]) || !is_letter(*s);

		if (!begins || !take_time(text, &s, end, local_now_us, range, &turned)) {
			s++;
			continue;
		}
		if (turned || (found && (range[0] != *from_us || range[1] != *to_us)))
			return false;
		found = true;
		*from_us = range[0];
		*to_us = range[1];
	}
	return found;
}
