/* period: two moments in one zone. */
#include "tools/period.h"

#include <string.h>

#include "call.h"
#include "date_words.h"
#include "rfc3339.h"
#include "rows.h"
#include "tools/show.h"

#define DEFAULT_ZONE "UTC"

const struct arg period_results[] = {
    {.name = "from", .kind = ARG_TIME},
    {.name = "to", .kind = ARG_TIME},
    {.name = "tz", .kind = ARG_TEXT, .required = true},
    {0},
};

static const char *zone_name(const struct period *period)
{
	return period->tz.s != NULL ? period->tz.s : DEFAULT_ZONE;
}

static bool read_moment(struct call *call, const char *name, const struct arg_text *text,
    const struct zone *zone, int64_t *us)
{
	*us = ROWS_NO_TIME;
	if (text->s == NULL || zone_parse(zone, text->s, text->len, us))
		return true;
	call_bad_argument(call,
	    "%s: '%s' must be a date or a date-time such as 2026-07-28 or "
	    "2026-07-28T09:30:00+08:00; without an offset it is read in tz",
	    name, text->s);
	return false;
}

bool period_read(struct call *call, struct period *period)
{
	const char *name = zone_name(period);
	const struct zone *zone = zones_find(name, strlen(name));

	if (zone == NULL) {
		call_bad_argument(call,
		    "tz: there is no zone '%s'; name one of the IANA database, such as "
		    "Asia/Shanghai, or an offset such as +08:00",
		    name);
		return false;
	}
	if (!read_moment(call, "from", &period->from, zone, &period->from_us) ||
	    !read_moment(call, "to", &period->to, zone, &period->to_us))
		return false;
	if (period->from_us == ROWS_NO_TIME || period->to_us == ROWS_NO_TIME ||
	    period->from_us < period->to_us)
		return true;
	call_bad_argument(call, "from: must be before to, which is excluded itself");
	return false;
}

static bool is_open(const struct period *period)
{
	return period->from_us == ROWS_NO_TIME && period->to_us == ROWS_NO_TIME;
}

bool period_of_question(struct call *call, struct period *period,
    const struct arg_text *query_timestamp, const struct arg_text *question)
{
	int64_t now, from, to;

	if (!period_read(call, period))
		return false;
	const struct zone *zone = zones_find(zone_name(period), strlen(zone_name(period)));

	if (!read_moment(call, "query_timestamp", query_timestamp, zone, &now))
		return false;
	if (now == ROWS_NO_TIME || !is_open(period) ||
	    !date_words_find(question->s, question->len, zone_to_local(zone, now), &from, &to))
		return true;
	period->from_us = zone_to_utc(zone, from);
	period->to_us = zone_to_utc(zone, to);
	return true;
}

void period_show(const struct period *period, json_t *result)
{
	json_t *json;

	if (is_open(period))
		return;
	json = json_pack("{s:s}", "tz", zone_name(period));
	show_set_time(json, "from", period->from_us);
	show_set_time(json, "to", period->to_us);
	json_object_set_new(result, "period", json);
}

void period_write(const struct period *period, FILE *out)
{
	char text[RFC3339_TEXT_BYTES];

	if (period->from_us != ROWS_NO_TIME) {
		rfc3339_format(period->from_us, text);
		fprintf(out, ", from %s", text);
	}
	if (period->to_us != ROWS_NO_TIME) {
		rfc3339_format(period->to_us, text);
		fprintf(out, ", before %s", text);
	}
}
