/* zone: the table of a TZif file, and behind its last line the rule in its footer. */
#include "zone.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "civil.h"
#include "rfc3339.h"

#define HEADER_BYTES     44
#define MAX_TRANSITIONS  4096 /* the longest zone has fewer than 300 */
#define MAX_TYPES        256
#define MAX_FOOTER_BYTES 128

/* "M3.2.0/2", "J60", "59": a day of each year, and the second of it. */
struct rule {
	enum { JULIAN, DAY, WEEKDAY } kind;
	int month, week, day;
	int seconds;
};

/* "EST5EDT,M3.2.0,M11.1.0"; offsets here are east. */
struct footer {
	bool set, has_dst;
	int standard, dst;
	struct rule begins, ends;
};

struct zone {
	size_t count;
	int64_t *at; /* when the offset became ... */
	int *east;   /* ... this */
	int first;   /* before them all */
	struct footer footer;
};

/* --- the footer --- */

static bool take(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* Digits up to a limit; -1 when there are none or they go beyond. */
static int number(const char **s, int limit)
{
	int value = 0;

	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9' && value <= limit; (*s)++)
		value = value * 10 + (**s - '0');
	return value <= limit ? value : -1;
}

static bool skip_name(const char **s)
{
	const char *start = *s;

	if (take(s, '<')) {
		*s += strcspn(*s, ">");
		return take(s, '>');
	}
	while ((**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z'))
		(*s)++;
	return *s - start >= 3;
}

/* "[+-]hh[:mm[:ss]]" */
static bool clock_time(const char **s, int *seconds)
{
	bool minus = take(s, '-');
	int parts[3] = {0};

	if (!minus)
		take(s, '+');
	parts[0] = number(s, 167);
	for (int i = 1; i < 3 && parts[i - 1] >= 0 && take(s, ':'); i++)
		parts[i] = number(s, 59);
	if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0)
		return false;
	*seconds = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * (minus ? -1 : 1);
	return true;
}

static bool read_rule(const char **s, struct rule *rule)
{
	*rule = (struct rule){.kind = DAY, .seconds = 2 * 3600};
	if (take(s, 'M')) {
		rule->kind = WEEKDAY;
		rule->month = number(s, 12);
		rule->week = take(s, '.') ? number(s, 5) : -1;
		rule->day = take(s, '.') ? number(s, 6) : -1;
		if (rule->month < 1 || rule->week < 1)
			return false;
	} else if (take(s, 'J')) {
		rule->kind = JULIAN;
		rule->day = number(s, 365);
		if (rule->day == 0)
			return false;
	} else {
		rule->day = number(s, 365);
	}
	return rule->day >= 0 && (!take(s, '/') || clock_time(s, &rule->seconds));
}

static bool read_footer(const char *s, struct footer *footer)
{
	int west;

	*footer = (struct footer){.set = *s != '\0'};
	if (!footer->set)
		return true;
	if (!skip_name(&s) || !clock_time(&s, &west))
		return false;
	footer->standard = footer->dst = -west;
	if (*s == '\0')
		return true;
	footer->has_dst = true;
	footer->dst = footer->standard + 3600;
	if (!skip_name(&s))
		return false;
	if (*s != ',') {
		if (!clock_time(&s, &west))
			return false;
		footer->dst = -west;
	}
	return take(&s, ',') && read_rule(&s, &footer->begins) && take(&s, ',') &&
	       read_rule(&s, &footer->ends) && *s == '\0';
}

/* The second, by the clock before it, on which a rule falls in a year. */
static int64_t rule_at(const struct rule *rule, int64_t year)
{
	int64_t day = days_from_civil(year, 1, 1) + rule->day;

	if (rule->kind == JULIAN) { /* 1 to 365; February 29 is never counted */
		day -= rule->day < 60 || civil_month_days(year, 2) < 29;
	} else if (rule->kind == WEEKDAY) {
		int64_t first = days_from_civil(year, rule->month, 1), weekday;

		civil_split(first + 4, 7, &weekday); /* 1970-01-01 was a Thursday */
		day = (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
		if (day >= civil_month_days(year, rule->month)) /* week 5: the last one */
			day -= 7;
		day += first;
	}
	return day * SECONDS_PER_DAY + rule->seconds;
}

static int footer_offset(const struct footer *footer, int64_t unix_s)
{
	int64_t year, second;
	int month, day;

	if (!footer->has_dst)
		return footer->standard;
	civil_from_days(civil_split(unix_s + footer->standard, SECONDS_PER_DAY, &second), &year,
	    &month, &day);
	int64_t begins = rule_at(&footer->begins, year) - footer->standard;
	int64_t ends = rule_at(&footer->ends, year) - footer->dst;
	bool dst = begins < ends ? unix_s >= begins && unix_s < ends
	                         : unix_s >= begins || unix_s < ends;

	return dst ? footer->dst : footer->standard;
}

/* --- the file --- */

static int64_t big_endian(const unsigned char *p, int bytes)
{
	uint64_t value = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (int i = 0; i < bytes; i++)
		value = value << 8 | p[i];
	return (int64_t)value;
}

struct counts {
	size_t utc, standard, leap, times, types, letters;
};

static bool read_counts(const unsigned char *p, size_t len, struct counts *counts)
{
	size_t *const all[] = {&counts->utc, &counts->standard, &counts->leap, &counts->times,
	    &counts->types, &counts->letters};

	if (len < HEADER_BYTES || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	for (int i = 0; i < 6; i++) {
		int64_t count = big_endian(p + 20 + 4 * (ptrdiff_t)i, 4);

		if (count < 0 || count > MAX_TRANSITIONS)
			return false;
		*all[i] = (size_t)count;
	}
	return counts->types > 0 && counts->types <= MAX_TYPES;
}

static size_t block_bytes(const struct counts *c, size_t time_bytes)
{
	return c->times * (time_bytes + 1) + c->types * 6 + c->letters +
	       c->leap * (time_bytes + 4) + c->standard + c->utc;
}

static bool read_table(struct zone *zone, const unsigned char *p, const struct counts *c)
{
	const unsigned char *index = p + c->times * 8, *types = index + c->times;

	zone->at = calloc(c->times + 1, sizeof(*zone->at));
	zone->east = calloc(c->times + 1, sizeof(*zone->east));
	if (zone->at == NULL || zone->east == NULL)
		return false;
	zone->count = c->times;
	zone->first = (int)big_endian(types, 4);
	for (size_t i = 0; i < c->times; i++) {
		if (index[i] >= c->types)
			return false;
		zone->at[i] = big_endian(p + i * 8, 8);
		zone->east[i] = (int)big_endian(types + (size_t)index[i] * 6, 4);
	}
	return true;
}

static bool read_file(struct zone *zone, const unsigned char *bytes, size_t len)
{
	struct counts c = {0};
	char footer[MAX_FOOTER_BYTES] = "";

	/* What versions before 2 read comes first. */
	if (!read_counts(bytes, len, &c))
		return false;
	size_t at = HEADER_BYTES + block_bytes(&c, 4);

	if (at > len || !read_counts(bytes + at, len - at, &c) || c.leap > 0)
		return false;
	at += HEADER_BYTES;
	size_t end = at + block_bytes(&c, 8);

	if (end + 2 > len || bytes[end] != '\n' || bytes[len - 1] != '\n' ||
	    len - end - 2 >= sizeof(footer))
		return false;
	memcpy(footer, bytes + end + 1, len - end - 2);
	return read_table(zone, bytes + at, &c) && read_footer(footer, &zone->footer);
}

struct zone *zone_read(const unsigned char *bytes, size_t len)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (zone != NULL && !read_file(zone, bytes, len)) {
		zone_free(zone);
		zone = NULL;
	}
	return zone;
}

struct zone *zone_fixed(int east)
{
	struct zone *zone = calloc(1, sizeof(*zone));

	if (zone != NULL)
		zone->first = east;
	return zone;
}

void zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->at);
	free(zone->east);
	free(zone);
}

int zone_offset_at(const struct zone *zone, int64_t unix_s)
{
	size_t low = 0, high = zone->count;

	if (zone->footer.set && (zone->count == 0 || unix_s >= zone->at[zone->count - 1]))
		return footer_offset(&zone->footer, unix_s);
	while (low < high) { /* the first transition after it */
		size_t middle = low + (high - low) / 2;

		if (zone->at[middle] <= unix_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? zone->east[low - 1] : zone->first;
}

int64_t zone_to_local(const struct zone *zone, int64_t unix_us)
{
	int64_t us;

	return unix_us +
	       zone_offset_at(zone, civil_split(unix_us, US_PER_SECOND, &us)) * US_PER_SECOND;
}

int64_t zone_to_utc(const struct zone *zone, int64_t local_us)
{
	int64_t us, local = civil_split(local_us, US_PER_SECOND, &us);
	/* No offset is a day long, so these hold before and after whatever change is near. */
	int before = zone_offset_at(zone, local - SECONDS_PER_DAY);
	int after = zone_offset_at(zone, local + SECONDS_PER_DAY);
	bool later = zone_offset_at(zone, local - before) != before &&
	             zone_offset_at(zone, local - after) == after;

	return local_us - (later ? after : before) * US_PER_SECOND;
}

bool zone_parse(const struct zone *zone, const char *s, size_t len, int64_t *unix_us)
{
	bool has_offset;

	if (!rfc3339_parse_local(s, len, unix_us, &has_offset))
		return false;
	if (!has_offset)
		*unix_us = zone_to_utc(zone, *unix_us);
	return true;
}
