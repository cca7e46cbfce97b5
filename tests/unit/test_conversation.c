/* conversation: turns out of text with names before lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reading.h"

static void reads_conversations(void **state)
{
	static const char text[] = "Human: Where do we\n  deploy?\n\nAssistant:  To Berlin.\n\n"
	                           "- really\nHUMAN: ok\r\n**User:** more\nAssistant: yes\n"
	                           "用户：你好\n助手: 你好！\n## Human: last\n";
	json_t *all = read_all(READER_ANY, NULL, text, strlen(text));

	(void)state;
	check_text(all, "format", "conversation");
	check_counts(all, 4, 0);
	check_text(item_at(all, 0), "user_input", "Where do we\n  deploy?");
	check_text(item_at(all, 0), "assistant_response", "To Berlin.\n\n- really");
	check_text(item_at(all, 1), "user_input", "ok\nmore");
	check_text(item_at(all, 1), "assistant_response", "yes");
	check_text(item_at(all, 2), "user_input", "你好");
	check_text(item_at(all, 2), "assistant_response", "你好！");
	check_text(item_at(all, 3), "user_input", "last");
	assert_true(json_is_true(json_object_get(item_at(all, 3), "open")));
	check_text(item_at(all, 3), "event_time", NULL);
	json_decref(all);
}

static void tells_what_is_no_conversation(void **state)
{
	static const struct {
		const char *text;
		size_t items, problems;
	} cases[] = {
	    {"", 0, 0},
	    {"\n\n", 0, 0},
	    {"just some notes\nof mine\n", 0, 1},
	    {"Notes\nHuman: hi\n", 1, 1},
	    {"Assistant: nobody asked\nand more\nUser: hi\n", 1, 1},
	    {"Humans: are many\nUsers: too\n", 0, 1},
	    {"Human:\nAssistant: hello\n", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		json_t *all =
		    read_all(READER_CONVERSATION, NULL, cases[i].text, strlen(cases[i].text));

		check_counts(all, cases[i].items, cases[i].problems);
		json_decref(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_conversations),
	    cmocka_unit_test(tells_what_is_no_conversation),
	};

	return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
