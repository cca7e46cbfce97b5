/* event_line: what one process writes, another reads; anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "event_line.h"

#define ORIGIN "0123abcd"

static void reads_what_it_writes(void **state)
{
	static const struct server_event event = {.kind = MEMORY_CHANGED,
	    .namespace = "red",
	    .memory_id = "4a3af271-1e12-4a13-bdec-694d29f2a247",
	    .session_id = "a b\n\u8bb0%"};
	char line[EVENT_LINE_BYTES], origin[EVENT_ORIGIN_BYTES];
	struct server_event read;
	size_t len = event_line_write(ORIGIN, &event, line);

	(void)state;
	assert_ptr_equal(strchr(line, '\n'), line + len - 1);
	assert_true(event_line_read(line, len - 1, origin, &read));
	assert_string_equal(origin, ORIGIN);
	assert_int_equal(read.kind, event.kind);
	assert_string_equal(read.namespace, event.namespace);
	assert_string_equal(read.memory_id, event.memory_id);
	assert_string_equal(read.session_id, event.session_id);
}

static void reads_a_gap(void **state)
{
	char line[EVENT_LINE_BYTES], origin[EVENT_ORIGIN_BYTES];
	struct server_event read;
	size_t len = event_line_gap(ORIGIN, line);

	(void)state;
	assert_true(event_line_read(line, len - 1, origin, &read));
	assert_string_equal(origin, ORIGIN);
	assert_int_equal(read.kind, EVENT_LINE_GAP);
}

static void refuses_what_is_no_line(void **state)
{
	static const char *const lines[] = {"", "hello", ORIGIN " m red -",
	    ORIGIN " mm red - s", ORIGIN "e m red - s", ORIGIN " m  red - s",
	    ORIGIN " m red - %zz"};
	char origin[EVENT_ORIGIN_BYTES];
	struct server_event read;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (event_line_read(lines[i], strlen(lines[i]), origin, &read))
			fail_msg("taken: %s", lines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_it_writes),
	    cmocka_unit_test(reads_a_gap),
	    cmocka_unit_test(refuses_what_is_no_line),
	};

	return cmocka_run_group_tests_name("event_line", tests, NULL, NULL);
}
