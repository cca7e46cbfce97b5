/* scrub: secrets in JSON, by their form, by their names, and as names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest/scrub.h"

#define KEY "AKIAIOSFODNN7EXAMPLE"

static void scrubs_values(void **state)
{
	static const struct {
		const char *json, *left;
		uint64_t found;
	} cases[] = {
	    {"{}", "{}", 0},
	    {"[]", "[]", 0},
	    {"{\"a\":[1,2.5,true,null,\"x\"]}", "{\"a\":[1,2.5,true,null,\"x\"]}", 0},
	    {"\"" KEY "\"", "\"[redacted:api_key]\"", 1},
	    {"[\"" KEY "\",{\"a\":\"x <private>y</private>\"}]",
	        "[\"[redacted:api_key]\",{\"a\":\"x [redacted:private]\"}]", 2},
	    {"{\"password\":\"hunter\",\"user\":\"me\"}",
	        "{\"password\":\"[redacted:password]\",\"user\":\"me\"}", 1},
	    {"{\"db\":{\"apiKey\":\"abcdef12\"}}",
	        "{\"db\":{\"apiKey\":\"[redacted:api_key]\"}}", 1},
	    {"{\"password\":{\"type\":\"string\"}}", "{\"password\":{\"type\":\"string\"}}", 0},
	    {"{\"password\":12345}", "{\"password\":12345}", 0},
	    {"{\"a\":1,\"" KEY "\":{\"b\":2}}", "{\"a\":1,\"[redacted:api_key]\":{\"b\":2}}",
	        1},
	    {"{\"card\":4111111111111111}", "{\"card\":\"[redacted:card]\"}", 1},
	    {"{\"n\":4111111111111112,\"m\":-4111111111111111}",
	        "{\"n\":4111111111111112,\"m\":\"-[redacted:card]\"}", 1},
	    /* A span does not reach from one text into the next. */
	    {"{\"a\":\"<private>x\",\"b\":\"y</private>\"}",
	        "{\"a\":\"[redacted:private]\",\"b\":\"y</private>\"}", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct redactions counts = {.of = {0}}, again = {.of = {0}};
		json_t *left = json_loads(cases[i].left, JSON_DECODE_ANY, NULL);
		json_t *json =
		    scrub_json(json_loads(cases[i].json, JSON_DECODE_ANY, NULL), &counts);
		uint64_t found = 0, more = 0;

		assert_non_null(json);
		json = scrub_json(json, &again);
		for (int k = 0; k < REDACTION_KINDS; k++) {
			found += counts.of[k];
			more += again.of[k];
		}
		if (!json_equal(json, left) || found != cases[i].found || more != 0)
			fail_msg("%s -> %s", cases[i].json, json_dumps(json, JSON_ENCODE_ANY));
		json_decref(json);
		json_decref(left);
	}
}

static void scrubs_json_as_text(void **state)
{
	static const struct {
		const char *text, *left; /* NULL: it is no JSON */
	} cases[] = {
	    {"{\"n\": 0.1, \"password\": \"hunter\"}",
	        "{\"n\":0.1,\"password\":\"[redacted:password]\"}"},
	    {"{}", "{}"},
	    {"[\"" KEY "\"]", "[\"[redacted:api_key]\"]"},
	    {"{", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct redactions counts = {.of = {0}};
		size_t len;
		char *left =
		    scrub_json_text(cases[i].text, strlen(cases[i].text), &counts, &len);

		if (cases[i].left == NULL) {
			assert_null(left);
			continue;
		}
		assert_string_equal(left, cases[i].left);
		assert_int_equal(len, strlen(left));
		free(left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scrubs_values),
	    cmocka_unit_test(scrubs_json_as_text),
	};

	return cmocka_run_group_tests_name("scrub", tests, NULL, NULL);
}
