/* date_words: exact, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "date_words.h"
#include "rfc3339.h"

/* A Wednesday. */
#define NOW "2024-03-13T15:30:00Z"

static const struct {
	const char *text, *from, *to; /* days; NULL: none is named */
} cases[] = {
    {"What did we decide yesterday?", "2024-03-12", "2024-03-13"},
    {"YESTERDAY", "2024-03-12", "2024-03-13"},
    {"the day before yesterday", "2024-03-11", "2024-03-12"},
    {"what is on today", "2024-03-13", "2024-03-14"},
    {"who called last week?", "2024-03-04", "2024-03-11"},
    {"this week", "2024-03-11", "2024-03-18"},
    {"last month", "2024-02-01", "2024-03-01"},
    {"last year", "2023-01-01", "2024-01-01"},
    {"3 days ago", "2024-03-10", "2024-03-11"},
    {"a week ago", "2024-03-04", "2024-03-11"},
    {"twelve months ago", "2023-03-01", "2023-04-01"},
    {"where were we in May 2023", "2023-05-01", "2023-06-01"},
    {"on May 7, 2023", "2023-05-07", "2023-05-08"},
    {"on 29 February 2024", "2024-02-29", "2024-03-01"},
    {"what happened in 2022?", "2022-01-01", "2023-01-01"},
    {"the log of 2024-02-29", "2024-02-29", "2024-03-01"},
    {"the report for 2023-12", "2023-12-01", "2024-01-01"},
    {"yesterday, I mean yesterday", "2024-03-12", "2024-03-13"},
    {"昨天我们决定了什么", "2024-03-12", "2024-03-13"},
    {"昨天中午吃了什么", "2024-03-12", "2024-03-13"},
    {"前天的会议", "2024-03-11", "2024-03-12"},
    {"大前天", "2024-03-10", "2024-03-11"},
    {"上周谁来过", "2024-03-04", "2024-03-11"},
    {"上个星期", "2024-03-04", "2024-03-11"},
    {"上个月的账单", "2024-02-01", "2024-03-01"},
    {"三天前", "2024-03-10", "2024-03-11"},
    {"两个月前", "2024-01-01", "2024-02-01"},
    {"去年五月在哪里", "2023-05-01", "2023-06-01"},
    {"去年12月", "2023-12-01", "2024-01-01"},
    {"2023年5月7日", "2023-05-07", "2023-05-08"},
    {"2023年5月的事", "2023-05-01", "2023-06-01"},
    {"今年", "2024-01-01", "2025-01-01"},
    /* Nothing, or not exactly. */
    {"", NULL, NULL},
    {"what may 12 mean", NULL, NULL},
    {"yesterdays", NULL, NULL},
    {"since yesterday", NULL, NULL},
    {"before last week", NULL, NULL},
    {"the last week", NULL, NULL},
    {"last day", NULL, NULL},
    {"last Monday", NULL, NULL},
    {"in May", NULL, NULL},
    {"in 2022 words", NULL, NULL},
    {"2024-02-29T10:00:00Z", NULL, NULL},
    {"2023-02-30", NULL, NULL},
    {"between last week and yesterday", NULL, NULL},
    {"上周三", NULL, NULL},
    {"去年五月三日", NULL, NULL},
    {"3月前", NULL, NULL},
    {"昨天以来", NULL, NULL},
    {"以前天天", NULL, NULL},
    {"9999 years ago", NULL, NULL},
};

static void finds_exactly(void **state)
{
	int64_t now, from, to;

	(void)state;
	assert_true(rfc3339_parse(NOW, strlen(NOW), &now));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[2][RFC3339_TEXT_BYTES] = {"", ""};
		bool found =
		    date_words_find(cases[i].text, strlen(cases[i].text), now, &from, &to);

		if (found != (cases[i].from != NULL))
			fail_msg("'%s' is %s", cases[i].text, found ? "found" : "not found");
		if (!found)
			continue;
		rfc3339_format(from, text[0]);
		rfc3339_format(to, text[1]);
		if (strncmp(text[0], cases[i].from, 10) != 0 ||
		    strncmp(text[1], cases[i].to, 10) != 0 ||
		    strcmp(text[0] + 10, "T00:00:00Z") != 0)
			fail_msg("'%s' is from %s to %s", cases[i].text, text[0], text[1]);
	}
}

/* Cut anywhere: no read behind the end (AddressSanitizer looks). */
static void reads_no_further(void **state)
{
	int64_t from, to;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t len = 0; len <= strlen(cases[i].text); len++) {
			char *cut = strndup(cases[i].text, len);

			if (date_words_find(cut, len, 0, &from, &to))
				assert_true(from < to);
			free(cut);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_exactly), cmocka_unit_test(reads_no_further)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
