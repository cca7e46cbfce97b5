/* log: whatever is logged, a reader gets whole lines of JSON, and learns of those it did not get. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <jansson.h>

#include "log.h"

static int stdout_was, reader;

/* From here on stdout is a pipe. */
static int take_stdout(void **state)
{
	int ends[2];

	(void)state;
	stdout_was = dup(STDOUT_FILENO);
	if (pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[1], STDOUT_FILENO) < 0)
		return -1;
	close(ends[1]);
	reader = ends[0];
	return fcntl(reader, F_SETFL, O_NONBLOCK);
}

static int give_back_stdout(void **state)
{
	(void)state;
	log_gather(false);
	close(reader);
	dup2(stdout_was, STDOUT_FILENO);
	return close(stdout_was);
}

/* What the pipe holds; the caller frees it. */
static char *read_all(void)
{
	static const size_t most = 1 << 20;
	char *text = calloc(1, most);
	size_t len = 0;
	ssize_t got;

	while ((got = read(reader, text + len, most - 1 - len)) > 0)
		len += (size_t)got;
	return text;
}

/* The next line at *text, which must be JSON; NULL: there is none. The caller drops it. */
static json_t *next_line(char **text)
{
	char *end = strchr(*text, '\n');
	json_t *json;

	if (end == NULL)
		return NULL;
	json = json_loadb(*text, (size_t)(end - *text), JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL)
		fail_msg("no JSON: %.*s", (int)(end - *text), *text);
	*text = end + 1;
	return json;
}

static void writes_fields(void **state)
{
	char *text, *at;
	int year, ms, taken = 0;

	(void)state;
	log_info("it\thappened", "name", "a \"quoted\\ \u8bb0\x01", "none", NULL);
	at = text = read_all();
	json_t *line = next_line(&at);

	assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
	assert_string_equal(json_string_value(json_object_get(line, "msg")), "it\thappened");
	assert_string_equal(
	    json_string_value(json_object_get(line, "name")), "a \"quoted\\ \u8bb0\x01");
	assert_true(json_is_null(json_object_get(line, "none")));
	sscanf(json_string_value(json_object_get(line, "ts")),
	    "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%3dZ%n", &year, &ms, &taken);
	assert_int_equal(taken, strlen("2026-01-01T00:00:00.000Z"));
	assert_null(next_line(&at));
	json_decref(line);
	free(text);
}

/* Fields of every length, of one byte, of escapes, of three bytes a character. */
static void cuts_what_is_too_long(void **state)
{
	static const char *const units[] = {"x", "\"", "\x02", "\u8bb0"};

	(void)state;
	for (size_t len = 0; len < 2200; len += 7) {
		char *field = calloc(4, len + 1), *text, *at;
		const char *unit = units[len % 4];

		for (size_t i = 0; i < len; i++)
			strcat(field + i * strlen(unit), unit);
		log_info("long", "one", field, "two", field, "three", field, "four", field);
		at = text = read_all();
		json_t *line = next_line(&at);
		const char *one = json_string_value(json_object_get(line, "one"));

		assert_non_null(one);
		assert_true(strncmp(field, one, strlen(one)) == 0);
		assert_true(strlen(one) == strlen(field) || strlen(text) > 1500);
		json_decref(line);
		free(text);
		free(field);
	}
}

static void ignore(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* An event that nobody can have, of which libevent warns. */
static void takes_what_libevent_says(void **state)
{
	struct event_base *base = event_base_new();
	char *text, *at;

	(void)state;
	log_take_libevent();
	assert_null(event_new(base, SIGUSR1, EV_SIGNAL | EV_READ, ignore, NULL));
	event_base_free(base);
	at = text = read_all();
	json_t *line = next_line(&at);

	assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
	assert_string_equal(json_string_value(json_object_get(line, "msg")), "libevent");
	assert_non_null(strstr(json_string_value(json_object_get(line, "text")), "EV_SIGNAL"));
	assert_null(next_line(&at));
	json_decref(line);
	free(text);
}

static int count_lines(char *text)
{
	int count = 0;
	json_t *line;

	while ((line = next_line(&text)) != NULL) {
		json_decref(line);
		count++;
	}
	return count;
}

static void gathers_lines(void **state)
{
	char *text;

	(void)state;
	log_gather(true);
	for (int i = 0; i < 500; i++)
		log_info("one of many");
	text = read_all();
	int early = count_lines(text);

	assert_true(early > 400 && early < 500); /* as many as fit into whole writes */
	free(text);
	log_flush();
	text = read_all();
	assert_int_equal(early + count_lines(text), 500);
	free(text);
	log_info("waits");
	log_warn("does not wait");
	text = read_all();
	assert_int_equal(count_lines(text), 2);
	free(text);
}

/* Until the pipe is full and further; then the number that is told makes the sum right. */
static void counts_what_is_dropped(void **state)
{
	static const int many = 5000;
	bool gather = *state != NULL;
	int got = 0;
	unsigned long dropped = 0;
	json_t *line;

	log_gather(gather);
	for (int i = 0; i < many; i++)
		log_info("nobody reads this");
	log_flush();
	for (int i = 0; i < 2; i++) {
		char *text = read_all(), *at = text;

		while ((line = next_line(&at)) != NULL) {
			const char *told =
			    json_string_value(json_object_get(line, "lines_dropped_before"));

			got++;
			dropped += told != NULL ? strtoul(told, NULL, 10) : 0;
			json_decref(line);
		}
		free(text);
		if (i == 0)
			log_warn("somebody reads again");
	}
	assert_true(got < many && dropped > 0);
	assert_int_equal((unsigned long)got + dropped, many + 1);
}

int main(void)
{
	static bool gather = true;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(writes_fields, take_stdout, give_back_stdout),
	    cmocka_unit_test_setup_teardown(
	        cuts_what_is_too_long, take_stdout, give_back_stdout),
	    cmocka_unit_test_setup_teardown(
	        takes_what_libevent_says, take_stdout, give_back_stdout),
	    cmocka_unit_test_setup_teardown(gathers_lines, take_stdout, give_back_stdout),
	    cmocka_unit_test_setup_teardown(
	        counts_what_is_dropped, take_stdout, give_back_stdout),
	    cmocka_unit_test_prestate_setup_teardown(
	        counts_what_is_dropped, take_stdout, give_back_stdout, &gather),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
