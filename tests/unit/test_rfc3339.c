/* rfc3339: date-times read strictly, written in one form, and the same again. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rfc3339.h"

static void reads_and_writes(void **state)
{
	static const struct {
		const char *text;
		int64_t unix_us;
		const char *written; /* NULL: as it was read */
	} cases[] = {
	    {"1970-01-01T00:00:00Z", 0, NULL},
	    {"1969-12-31T23:59:59.999999Z", -1, NULL},
	    {"2026-07-28T01:30:00.25Z", 1785202200250000, NULL},
	    {"2026-07-28T09:30:00.25+08:00", 1785202200250000, "2026-07-28T01:30:00.25Z"},
	    {"2026-07-27T20:00:00.250000-05:30", 1785202200250000, "2026-07-28T01:30:00.25Z"},
	    {"2026-07-28t01:30:00z", 1785202200000000, "2026-07-28T01:30:00Z"},
	    {"2026-07-28 01:30:00Z", 1785202200000000, "2026-07-28T01:30:00Z"},
	    {"2026-07-28T01:30:00.1234569Z", 1785202200123456, "2026-07-28T01:30:00.123456Z"},
	    {"2026-07-28T01:30:00.000001Z", 1785202200000001, NULL},
	    {"2026-07-28T01:30:00.100000Z", 1785202200100000, "2026-07-28T01:30:00.1Z"},
	    {"2016-12-31T23:59:60Z", 1483228800000000, "2017-01-01T00:00:00Z"},
	    {"2000-02-29T12:00:00Z", 951825600000000, NULL},
	    {"2024-02-29T23:59:59Z", 1709251199000000, NULL},
	    {"1600-02-29T00:00:00Z", -11670998400000000, NULL},
	    {"0001-01-01T00:00:00Z", -62135596800000000, NULL},
	    {"9999-12-31T23:59:59.999999Z", 253402300799999999, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[RFC3339_TEXT_BYTES];
		int64_t us = 0;

		if (!rfc3339_parse(cases[i].text, strlen(cases[i].text), &us))
			fail_msg("refused: %s", cases[i].text);
		if (us != cases[i].unix_us)
			fail_msg("%s read as %" PRId64, cases[i].text, us);
		rfc3339_format(us, text);
		assert_string_equal(
		    text, cases[i].written != NULL ? cases[i].written : cases[i].text);
	}
}

static void refuses(void **state)
{
	static const char *const cases[] = {
	    "",
	    "Z",
	    "now",
	    "2026-07-28",
	    "2026-07-28T09:30:00",
	    "2026-07-28T09:30Z",
	    "2026-07-28T09:30:00+08",
	    "2026-07-28T09:30:00+0800",
	    "2026-07-28T09:30:00 Z",
	    " 2026-07-28T09:30:00Z",
	    "2026-07-28T09:30:00Zx",
	    "2026-07-28T09:30:00Z ",
	    "2026-7-28T09:30:00Z",
	    "26-07-28T09:30:00Z",
	    "+2026-07-28T09:30:00Z",
	    "2026/07/28T09:30:00Z",
	    "2026-00-28T09:30:00Z",
	    "2026-13-28T09:30:00Z",
	    "2026-07-00T09:30:00Z",
	    "2026-07-32T09:30:00Z",
	    "2026-04-31T09:30:00Z",
	    "2026-02-29T09:30:00Z",
	    "1900-02-29T00:00:00Z",
	    "0000-01-01T00:00:00Z",
	    "2026-07-28T24:00:00Z",
	    "2026-07-28T09:60:00Z",
	    "2026-07-28T09:30:61Z",
	    "2026-07-28T09:30:00.Z",
	    "2026-07-28T09:30:00,5Z",
	    "2026-07-28T09:30:00.-5Z",
	    "2026-07-28T09:30:00+24:00",
	    "2026-07-28T09:30:00+08:60",
	    "2026-07-28T09:30:00+-8:00",
	    "0001-01-01T00:00:00+00:01",
	    "9999-12-31T23:59:59-00:01",
	    "infinity",
	    "-infinity",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t us;

		if (rfc3339_parse(cases[i], strlen(cases[i]), &us))
			fail_msg("read: %s", cases[i]);
	}
}

static void stops_at_its_length(void **state)
{
	int64_t us;

	(void)state;
	assert_true(rfc3339_parse("2026-07-28T01:30:00Z+08:00", 20, &us));
	assert_false(rfc3339_parse("2026-07-28T01:30:00Z", 19, &us));
}

/* Days apart that share no factor with months, years or eras. */
static void every_day_comes_back(void **state)
{
	char text[RFC3339_TEXT_BYTES];
	int64_t us = -62135596800000000, again;

	(void)state;
	for (; us <= 253402300799000000; us += 13 * 86400000000 + 1234567) {
		rfc3339_format(us, text);
		if (!rfc3339_parse(text, strlen(text), &again) || again != us)
			fail_msg("%" PRId64 " became %s", us, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_and_writes),
	    cmocka_unit_test(refuses),
	    cmocka_unit_test(stops_at_its_length),
	    cmocka_unit_test(every_day_comes_back),
	};

	return cmocka_run_group_tests_name("rfc3339", tests, NULL, NULL);
}
