/* utf8: what is valid stays, what is not becomes '?', and cuts keep characters whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "utf8.h"

static void repairs(void **state)
{
	static const struct {
		const char *text, *repaired;
	} cases[] = {
	    {"", ""},
	    {"plain", "plain"},
	    {"\u00e9\u8bb0\U0001f600", "\u00e9\u8bb0\U0001f600"},
	    {"\x80", "?"},
	    {"a\xff\xfe", "a??"},
	    {"caf\xe9", "caf?"},
	    {"\xe4\xb8", "??"},
	    {"\xe4\xb8x", "??x"},
	    {"\xc0\xaf\xc1\xbf", "????"},
	    {"\xe0\x9f\xbf", "???"},
	    {"\xed\xa0\x80", "???"},
	    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
	    {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
	    {"\xf4\x90\x80\x80", "????"},
	    {"\xf8\x88\x80\x80\x80", "?????"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%s", cases[i].text);
		utf8_repair(text);
		assert_string_equal(text, cases[i].repaired);
	}
}

static void cuts_between_characters(void **state)
{
	static const struct {
		const char *text;
		int max, len;
	} cases[] = {
	    {"", 4, 0},
	    {"abc", 4, 3},
	    {"abcd", 4, 4},
	    {"abcde", 4, 4},
	    {"\u8bb0\u8bb0", 6, 6},
	    {"\u8bb0\u8bb0", 5, 3},
	    {"\u8bb0\u8bb0", 4, 3},
	    {"\u8bb0\u8bb0", 3, 3},
	    {"\u8bb0\u8bb0", 2, 0},
	    {"\x80\x80\x80", 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(
		    utf8_cut(cases[i].text, strlen(cases[i].text), cases[i].max), cases[i].len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(repairs),
	    cmocka_unit_test(cuts_between_characters),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
