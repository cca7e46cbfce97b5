/* base64: both alphabets there and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base64.h"

static void encodes_the_vectors_of_the_rfc(void **state)
{
	static const struct {
		const char *bytes, *standard, *url;
	} cases[] = {
	    {"", "", ""},
	    {"f", "Zg==", "Zg"},
	    {"fo", "Zm8=", "Zm8"},
	    {"foo", "Zm9v", "Zm9v"},
	    {"foob", "Zm9vYg==", "Zm9vYg"},
	    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
	    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
	    {"\xfb\xff\xbf", "+/+/", "-_-_"},
	};
	char text[32], back[32];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t bytes_len = strlen(cases[i].bytes);

		base64_encode(BASE64_STANDARD, cases[i].bytes, bytes_len, text);
		assert_string_equal(text, cases[i].standard);
		assert_true(base64_decode(
		    BASE64_STANDARD, text, strlen(text), back, sizeof(back), &len));
		assert_int_equal(len, bytes_len);
		assert_memory_equal(back, cases[i].bytes, len);
		base64_encode(BASE64_URL, cases[i].bytes, bytes_len, text);
		assert_string_equal(text, cases[i].url);
		assert_true(
		    base64_decode(BASE64_URL, text, strlen(text), back, sizeof(back), &len));
		assert_int_equal(len, bytes_len);
	}
}

static void refuses_what_it_would_not_write(void **state)
{
	static const struct {
		enum base64_alphabet alphabet;
		const char *text;
	} cases[] = {
	    {BASE64_STANDARD, "Zg"},
	    {BASE64_STANDARD, "Zg="},
	    {BASE64_STANDARD, "Zg==="},
	    {BASE64_STANDARD, "Zh=="},
	    {BASE64_STANDARD, "Z==="},
	    {BASE64_STANDARD, "===="},
	    {BASE64_STANDARD, "Zm-v"},
	    {BASE64_STANDARD, "Zm 9"},
	    {BASE64_STANDARD, "=Zm9"},
	    {BASE64_URL, "Zg=="},
	    {BASE64_URL, "Z"},
	    {BASE64_URL, "Zh"},
	    {BASE64_URL, "Zm9vYmFyZ"},
	    {BASE64_URL, "Zm+v"},
	    {BASE64_URL, "Zm\n9"},
	};
	char out[32];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (base64_decode(cases[i].alphabet, cases[i].text, strlen(cases[i].text), out,
		        sizeof(out), &len))
			fail_msg("'%s' was taken", cases[i].text);
	}
}

static void keeps_to_its_room(void **state)
{
	char out[4] = {0, 0, 0, 'x'};
	size_t len;

	(void)state;
	assert_false(base64_decode(BASE64_URL, "Zm9vYg", 6, out, 3, &len));
	assert_true(base64_decode(BASE64_URL, "Zm9v", 4, out, 3, &len));
	assert_int_equal(out[3], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encodes_the_vectors_of_the_rfc),
	    cmocka_unit_test(refuses_what_it_would_not_write),
	    cmocka_unit_test(keeps_to_its_room),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
