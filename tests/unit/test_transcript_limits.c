/* transcript_limits: what is too long, broken, cut, or of an odd shape. */
#include <time.h>

#include "ingest/turn.h"
#include "transcript_lines.h"

/* A text of a JSON string that is len long. */
static char *repeated(const char *before, char c, size_t len, const char *after)
{
	char *text = malloc(strlen(before) + len + strlen(after) + 1);

	assert_non_null(text);
	strcpy(text, before);
	memset(text + strlen(before), c, len);
	strcpy(text + strlen(before) + len, after);
	return text;
}

static void bounds_what_tools_say(void **state)
{
	char *output = repeated(SAID("u1", "\"go\"") ANSWERED(
	                            CALL("t1")) "{\"type\":\"user\",\"message\":{\"content\":[{"
	                                        "\"type\":\"tool_result\",\"tool_use_id\""
	                                        ":\"t1\",\"content\":\"",
	    'x', 100000, "\"}]}}\n");
	char *input = repeated(
	    SAID("u1", "\"go\"") "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"
	                         "\"tool_use\",\"id\":\"t1\""
	                         ",\"name\":\"Write\",\"input\":{\"deep\":[{\"content\":\"",
	    'y', 100000, "\"}]}}]}}\n");
	json_t *all = read_lines(output), *call = json_array_get(calls_of(item_at(all, 0)), 0);

	(void)state;
	assert_int_equal(
	    json_string_length(json_object_get(call, "output")), TURN_OUTPUT_BYTES);
	assert_int_equal(json_integer_value(json_object_get(call, "output_bytes")), 100000);
	json_decref(all);
	all = read_lines(input);
	call = json_array_get(calls_of(item_at(all, 0)), 0);
	json_t *deep = json_object_get(json_object_get(call, "input"), "deep");

	assert_int_equal(
	    json_string_length(json_object_get(json_array_get(deep, 0), "content")),
	    TURN_OUTPUT_BYTES);
	json_decref(all);
	free(output);
	free(input);
}

static void bounds_how_many_calls_are_kept(void **state)
{
	char *text = NULL;
	size_t len, most = 3000;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	assert_non_null(to);
	fputs(SAID("u1", "\"go\""), to);
	for (size_t i = 0; i < most; i++) {
		fprintf(to,
		    "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"tool_use\","
		    "\"id\":"
		    "\"t%zu\",\"name\":\"Read\",\"input\":{}}]}}\n",
		    i);
		fprintf(to,
		    "{\"type\":\"user\",\"message\":{\"content\":[{\"type\":\"tool_result\","
		    "\"tool_use_id\":\"t%zu\",\"content\":\"%0500zu\"}]}}\n",
		    i, i);
	}
	fclose(to);
	struct reader_options options = {.session_id = NULL};
	json_t *all = read_all(READER_TRANSCRIPT, &options, text, len);
	json_t *metadata = json_object_get(item_at(all, 0), "metadata");
	size_t kept = json_array_size(json_object_get(metadata, "tool_calls"));
	size_t omitted =
	    (size_t)json_integer_value(json_object_get(metadata, "tool_calls_omitted"));

	assert_true(kept > 50);
	assert_int_equal(kept + omitted, most);
	assert_true(json_dumpb(metadata, NULL, 0, JSON_COMPACT) < TURN_CALLS_BYTES + 4096);
	json_decref(all);
	free(text);
}

/* What JSON allows and the database does not is mended, and a line that is none costs itself. */
static void mends_what_tools_printed(void **state)
{
	json_t *all = read_lines(
	    SAID("u1", "\"a\\u0000b \\ud83d \\ude00\\ud83d\\ude00 "
	               "\xff\\\\u0000\"") "{\"type\":\"assistant\",\"message\":{"
	                                  "\"content\":\"cut\n" ANSWERED(
	                                      TEXT("fine")) "{\"type\":\"user\","
	                                                    "\"uuid\":\"u2\","
	                                                    "\"mess\n" SAID("u3", "\"next\""));

	(void)state;
	check_counts(all, 2, 2);
	check_text(item_at(all, 0), "user_input",
	    "a\xef\xbf\xbd"
	    "b \xef\xbf\xbd \xef\xbf\xbd\xf0\x9f\x98\x80 ?\\u0000");
	check_text(item_at(all, 0), "assistant_response", "fine");
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(all, "problems"), 0)),
	    "line 2: a line ends inside a string");
	json_decref(all);
}

/* Shapes that no client writes today must not lose the turn around them. */
static void takes_odd_shapes(void **state)
{
	json_t *all = read_lines(SAID("u1",
	    "\"go\"") "{\"type\":\"assistant\"}\n{\"type\":\"assistant\",\"message\":7}\n"
	              "{\"type\":7}\n{\"type\":\"user\",\"message\":{\"content\":[7,{\"type\":"
	              "\"text\"},null]}}\n"
	              "{\"type\":\"assistant\",\"message\":{\"content\":[7,{\"type\":\"tool_"
	              "use\"},"
	              "{\"type\":\"tool_use\",\"id\":7,\"name\":{},\"input\":[1e400]}]}}\n"
	              "{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":\"tool_"
	              "use\",\"id\":\"big\","
	              "\"name\":\"X\",\"input\":{\"n\":9007199254740993}}]}}\n" RESULT(
	                  "big", "\"content\":{}") ANSWERED(TEXT("done")));
	json_t *calls = calls_of(item_at(all, 0));

	(void)state;
	check_counts(all, 1, 1); /* 1e400 is no number that JSON readers agree on */
	check_text(item_at(all, 0), "assistant_response", "done");
	check_text(json_array_get(calls, 0), "input", "{\"n\":9007199254740993}");
	json_decref(all);
}

/* The end of a long record, as a hook sends it: in the middle of a line, or of a turn. */
static void takes_a_cut_beginning(void **state)
{
	static const char whole[] = ANSWERED(TEXT("late")) RESULT("t1", "\"content\":\"x\"")
	    SAID("u2", "\"two\"") ANSWERED(TEXT("b"));
	const char *const cuts[] = {whole, whole + 1, whole + 30, strchr(whole, '[')};

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		json_t *all = read_all(READER_TRANSCRIPT, NULL, cuts[i], strlen(cuts[i]));
		const json_t *orphans =
		    json_object_get(json_object_get(all, "counts"), "orphans");

		assert_int_equal(json_array_size(json_object_get(all, "items")), 1);
		check_text(item_at(all, 0), "idempotency_key", "claude:u2");
		check_text(item_at(all, 0), "assistant_response", "b");
		assert_int_equal(json_integer_value(orphans), i == 0);
		json_decref(all);
	}
}

static void makes_keys_without_ids(void **state)
{
	static const char text[] = "{\"role\":\"user\",\"content\":\"hi\"}\n"
	                           "{\"role\":\"assistant\",\"content\":\"hello\"}\n"
	                           "{\"role\":\"user\",\"content\":\"hi\"}\n"
	                           "{\"role\":\"assistant\",\"content\":\"hello\"}\n";
	const struct reader_options options = {.session_id = "s1"};
	json_t *all = read_all(READER_ANY, &options, text, strlen(text));
	json_t *again = read_all(READER_ANY, &options, text, strlen(text));
	const char *first =
	    json_string_value(json_object_get(item_at(all, 0), "idempotency_key"));

	(void)state;
	check_counts(all, 2, 0);
	check_text(item_at(all, 0), "session_id", "s1");
	assert_int_equal(strncmp(first, "turn:", 5), 0);
	assert_int_equal(strlen(first), 5 + 64);
	assert_string_not_equal(
	    first, json_string_value(json_object_get(item_at(all, 1), "idempotency_key")));
	assert_true(json_equal(all, again));
	json_decref(all);
	json_decref(again);
}

static void cuts_texts_that_are_too_long(void **state)
{
	char *text =
	    repeated(SAID("u1", "\"go\"") "{\"type\":\"assistant\",\"message\":{\"content\":\"",
	        'x', ITEM_TEXT_BYTES + 10, "\"}}\n");
	struct reader *reader = reader_new(READER_TRANSCRIPT, NULL);
	struct item *item;

	(void)state;
	reader_feed(reader, text, strlen(text));
	assert_int_equal(reader_next(reader, &item), READER_MORE);
	reader_end(reader);
	assert_int_equal(reader_next(reader, &item), READER_ITEM);
	assert_int_equal(item->assistant_response.len, ITEM_TEXT_BYTES);
	assert_true(json_is_true(json_object_get(item->metadata, "cut")));
	assert_int_equal(reader_next(reader, &item), READER_END);
	reader_free(reader);
	free(text);
}

/* A turn in which the same words stand again and again, read as the bytes of one line. */
static double seconds_for(const char *unit, bool answer, size_t len)
{
	static const char user[] = "{\"type\":\"user\",\"message\":{\"content\":\"go ";
	static const char assistant[] = "{\"type\":\"assistant\",\"message\":{\"content\":\"";
	char *text = malloc(len + 300);
	struct timespec begin, end;
	struct item *item;

	assert_non_null(text);
	size_t at = (size_t)sprintf(text, "%s", answer ? SAID("u", "\"x\"") : "");

	at += (size_t)sprintf(text + at, "%s", answer ? assistant : user);
	for (size_t i = 0; i < len / strlen(unit); i++)
		at += (size_t)sprintf(text + at, "%s", unit);
	at += (size_t)sprintf(text + at, "\"}}\n");
	struct reader *reader = reader_new(READER_TRANSCRIPT, NULL);

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	reader_feed(reader, text, at);
	assert_int_equal(reader_next(reader, &item), READER_MORE);
	reader_end(reader);
	(void)reader_next(reader, &item);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	assert_int_equal(reader_counted(reader)->problems, 0);
	reader_free(reader);
	free(text);
	return (double)(end.tv_sec - begin.tv_sec) +
	       1e-9 * (double)(end.tv_nsec - begin.tv_nsec);
}

/* Linear time is about four times as long for four times the text; quadratic is sixteen. */
static double check_linear(const char *unit, bool answer)
{
	double small = 0, large = 0;

	for (int attempt = 0; attempt < 5; attempt++) { /* other work may disturb one */
		small = seconds_for(unit, answer, 200000);
		large = seconds_for(unit, answer, 800000);
		if (large < 0.05 || large < 9 * small)
			return large;
	}
	fail_msg("%s: 200 kB in %.3f s, 800 kB in %.3f s", unit, small, large);
	return large;
}

static void takes_linear_time(void **state)
{
	static const char *const units[] = {"x", "<", "<system-reminder", "<system-reminder ",
	    "<system-reminder>", "</system-reminder>", "<command-name ", "<command-args>", "</",
	    "by @", "by @a ===", "=== by @", "@", "@a ", "\\n@a ", "Agent Report:", "Task ID ",
	    "=== Report by @a === Task ID ", "AGENT_METADATA", "<!-- AGENT_METADATA ", "\\n",
	    " "};
	double longest = 0;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(units) / sizeof(*units); i++) {
		double large = check_linear(units[i / 2], i % 2);

		longest = large > longest ? large : longest;
	}
	print_message("the slowest 800 kB took %.3f s\n", longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bounds_what_tools_say),
	    cmocka_unit_test(bounds_how_many_calls_are_kept),
	    cmocka_unit_test(mends_what_tools_printed),
	    cmocka_unit_test(takes_odd_shapes),
	    cmocka_unit_test(takes_a_cut_beginning),
	    cmocka_unit_test(makes_keys_without_ids),
	    cmocka_unit_test(cuts_texts_that_are_too_long),
	    cmocka_unit_test(takes_linear_time),
	};

	return cmocka_run_group_tests_name("transcript_limits", tests, NULL, NULL);
}
