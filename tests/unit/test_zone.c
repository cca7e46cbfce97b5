/* zone: the system's own time zones, against the C library's idea of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "rfc3339.h"
#include "zone.h"
#include "zones.h"

static const char *const names[] = {"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin",
    "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu",
    "Pacific/Apia", "Europe/Dublin", "America/St_Johns", "Antarctica/Troll", "Asia/Tehran"};

static const struct zone *find(const char *name)
{
	const struct zone *zone = zones_find(name, strlen(name));

	if (zone == NULL)
		fail_msg("there is no zone %s", name);
	return zone;
}

static void agrees_with_the_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct zone *zone = find(names[i]);

		setenv("TZ", names[i], 1);
		tzset();
		/* Every 11 hours from 1900 to 2100, across the table's end. */
		for (time_t at = -2208988800; at < 4102444800; at += 39600) {
			struct tm tm;

			assert_non_null(localtime_r(&at, &tm));
			if (zone_offset_at(zone, at) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", names[i], (long long)at,
				    zone_offset_at(zone, at), tm.tm_gmtoff);
		}
	}
	unsetenv("TZ");
}

static void reads_what_clocks_show(void **state)
{
	static const struct {
		const char *zone, *local, *utc;
	} cases[] = {
	    {"Asia/Shanghai", "2026-07-28", "2026-07-27T16:00:00Z"},
	    {"+05:30", "2026-07-28T00:00:00", "2026-07-27T18:30:00Z"},
	    {"-03:00", "2026-07-28", "2026-07-28T03:00:00Z"},
	    {"America/New_York", "2026-07-28", "2026-07-28T04:00:00Z"},
	    {"America/New_York", "2026-01-28", "2026-01-28T05:00:00Z"},
	    {"America/New_York", "2026-01-28T00:00:00+08:00", "2026-01-27T16:00:00Z"},
	    /* shown twice: the first */
	    {"America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"},
	    {"America/New_York", "2026-11-01T02:00:00", "2026-11-01T07:00:00Z"},
	    /* skipped: as if they had not */
	    {"America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00Z"},
	    {"America/New_York", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z"},
	    /* a whole day was skipped here */
	    {"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
	    {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[RFC3339_TEXT_BYTES];
		int64_t us;

		assert_true(zone_parse(
		    find(cases[i].zone), cases[i].local, strlen(cases[i].local), &us));
		rfc3339_format(us, text);
		if (strcmp(text, cases[i].utc) != 0)
			fail_msg("%s in %s is %s", cases[i].local, cases[i].zone, text);
	}
}

static void refuses_what_is_no_zone(void **state)
{
	static const char *const bad[] = {"", "Mars/Olympus", "../../etc/passwd",
	    "/etc/localtime", "Asia", "Asia/../UTC", "right/UTC", "+25:00", "+0800", "+08:00x",
	    "CST-8", "utc", "A\n", "Asia/Shanghai/x", "tzdata.zi", "zone.tab", "leapseconds"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (zones_find(bad[i], strlen(bad[i])) != NULL)
			fail_msg("'%s' is taken for a zone", bad[i]);
	}
	assert_null(zones_find("UTC\0x", 5));
}

/* Damaged anywhere: refused or read, and never beyond the end (AddressSanitizer looks). */
static void bears_damage(void **state)
{
	unsigned char bytes[8192];
	FILE *file = fopen("/usr/share/zoneinfo/America/New_York", "r");

	(void)state;
	assert_non_null(file);
	size_t len = fread(bytes, 1, sizeof(bytes), file);

	fclose(file);
	for (size_t i = 0; i < len; i++) {
		unsigned char *copy = malloc(len);

		memcpy(copy, bytes, len);
		copy[i] ^= 0xff;
		struct zone *zone = zone_read(copy, len);

		if (zone != NULL)
			zone_offset_at(zone, 2000000000);
		zone_free(zone);
		zone_free(zone_read(memcpy(copy, bytes, len), i));
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_the_library),
	    cmocka_unit_test(reads_what_clocks_show), cmocka_unit_test(refuses_what_is_no_zone),
	    cmocka_unit_test(bears_damage)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
