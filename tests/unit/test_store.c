/*
 * store: migrations and every statement, on a real PostgreSQL.
 *
 * SAGE_TEST_DATABASE_URL names a throw-away cluster (tests/run.sh makes one); the tests work
 * in a database of their own there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <uuid/uuid.h>

#include "pages.h"
#include "principals.h"
#include "rows.h"
#include "search.h"
#include "sessions.h"
#include "store_fixture.h"

static const struct principal alice = {.namespace = "red", .agent = "alice"},
                              bob = {.namespace = "blue", .agent = "bob"};

static void save(
    const struct principal *who, const char *session, const char *text, char id[37])
{
	static const struct memory_new empty = {.assistant_response = "",
	    .event_us = ROWS_NO_TIME,
	    .valid_until_us = ROWS_NO_TIME,
	    .expires_us = ROWS_NO_TIME};
	struct memory_new memory = empty;
	struct memory_saved saved;
	struct query q;

	memory.forced = true; /* the same words may be there from another test */
	memory.session_id = session;
	memory.session_id_len = strlen(session);
	memory.user_input = text;
	memory.user_input_len = strlen(text);
	uuid_generate_random(memory.id);
	assert_true(memory_save_ask(&q, who, &memory));
	struct rows *rows = run(&q);

	memory_save_read(rows, &saved);
	assert_int_equal(saved.state, SAVE_STORED);
	rows_free(rows);
	if (id != NULL)
		memcpy(id, saved.id, sizeof(saved.id));
}

static struct rows *search(const struct principal *who, const char *words)
{
	const struct search wanted = {
	    .words = words, .words_len = strlen(words), .limit = 10, .characters = 1000};
	struct query q;

	assert_true(search_ask(&q, who, &wanted));
	return run(&q);
}

/* --- the store --- */

static void every_statement_fits_the_schema(void **state)
{
	struct query q;

	(void)state;
	/* Wrong parameters are refused when they are bound, a wrong statement when it is prepared. */
	for (int id = 0; id < SQL_COUNT; id++) {
		struct outcome outcome;

		query_init(&q, (enum sql_id)id);
		start(&q, &outcome);
		finish(&q, &outcome);
		rows_free(outcome.rows);
		if (outcome.error.kind != DB_OK && strcmp(outcome.error.sqlstate, "08P01") != 0)
			fail_msg("%s: %s", sql_name((enum sql_id)id), outcome.error.text);
	}
}

static void finds_words_in_any_language(void **state)
{
	static const struct {
		const char *text, *question;
	} cases[] = {
	    {"The staging proxy listens on port 8443", "which port does the proxy use?"},
	    {"\xe7\x94\xa8\xe6\x88\xb7\xe5\x96\x9c\xe6\xac\xa2\xe4\xb9\x8c\xe9\xbe\x99\xe8\x8c"
	     "\xb6",
	        "\xe4\xb9\x8c\xe9\xbe\x99"},
	    {"release party \xf0\x9f\x8e\x89 on friday", "\xf0\x9f\x8e\x89"},
	    {"na\xc3\xafve caf\xc3\xa9 owner", "CAF\xc3\x89"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		save(&alice, "words", cases[i].text, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rows *rows = search(&alice, cases[i].question);
		struct search_hit hit;

		assert_true(rows_count(rows) >= 1);
		search_read(rows, 0, &hit);
		assert_string_equal(hit.user_input, cases[i].text);
		rows_free(rows);
	}
}

static void rare_words_weigh_more(void **state)
{
	struct search_hit hit;

	(void)state;
	for (int i = 0; i < 20; i++)
		save(&alice, "rare", "deploy deploy deploy the service", NULL);
	save(&alice, "rare", "the service is called zanzibar", NULL);
	struct rows *rows = search(&alice, "deploy zanzibar");

	search_read(rows, 0, &hit);
	assert_string_equal(hit.user_input, "the service is called zanzibar");
	rows_free(rows);
}

/* Nothing that one namespace stored is seen by any statement of another. */
static void namespaces_are_apart(void **state)
{
	char id[37];
	unsigned char ids[1][16];
	const struct memory_detail detail = {.characters = 100, .bytes = 1000};
	struct memory memory;
	struct memory_totals totals;
	struct session session;
	struct query q;
	int64_t total;

	(void)state;
	save(&alice, "secret", "the password is swordfish", id);
	assert_int_equal(uuid_parse(id, ids[0]), 0);
	memory_get_ask(&q, &bob, &detail, (const unsigned char(*)[16])ids, 1, 1);
	struct rows *rows = run(&q);

	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	memory_get_ask(&q, &alice, &detail, (const unsigned char(*)[16])ids, 1, 1);
	rows = run(&q);
	assert_int_equal(rows_count(rows), 1);
	memory_read(rows, 0, &memory);
	assert_string_equal(memory.agent, "alice");
	rows_free(rows);
	rows = search(&bob, "swordfish");
	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	search_recent_ask(&q, &bob, NULL, 0, 10);
	rows = run(&q);
	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	session_info_ask(&q, &bob, "secret", 6);
	rows = run(&q);
	assert_false(session_info_read(rows, &session));
	rows_free(rows);
	session_list_ask(&q, &bob, 10);
	rows = run(&q);
	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	session_page_ask(&q, &bob, ROWS_NO_TIME, "", 10);
	rows = run(&q);
	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	session_prefix_ask(&q, &bob, "sec", 3, 10);
	rows = run(&q);
	assert_int_equal(rows_count(rows), 0);
	rows_free(rows);
	session_prefix_ask(&q, &alice, "sec", 3, 10);
	rows = run(&q);
	assert_string_equal(session_prefix_read(rows, 0, &total), "secret");
	rows_free(rows);
	memory_totals_ask(&q, &bob);
	rows = run(&q);
	memory_totals_read(rows, &totals);
	assert_int_equal(totals.memories, 0);
	assert_true(totals.first_us == ROWS_NO_TIME);
	rows_free(rows);
}

static void vectors_rank_by_direction(void **state)
{
	static float embedding[EMBEDDING_DIMENSIONS];
	struct memory_new memory = {.session_id = "v",
	    .session_id_len = 1,
	    .assistant_response = "",
	    .event_us = ROWS_NO_TIME,
	    .valid_until_us = ROWS_NO_TIME,
	    .expires_us = ROWS_NO_TIME};
	const struct principal who = {.namespace = "vectors", .agent = "a"};
	struct search wanted = {.embedding = embedding, .limit = 10, .characters = 10};
	struct search_hit hit;
	struct query q;

	(void)state;
	for (int i = 0; i < 3; i++) {
		memset(embedding, 0, sizeof(embedding));
		embedding[i] = 1;
		embedding[4095] = 0.1F;
		memory.user_input = &"abc"[i];
		memory.user_input_len = 1;
		memory.embedding = embedding;
		uuid_generate_random(memory.id);
		assert_true(memory_save_ask(&q, &who, &memory));
		rows_free(run(&q));
	}
	memset(embedding, 0, sizeof(embedding));
	embedding[1] = 2;
	embedding[2] = 1;
	assert_true(search_ask(&q, &who, &wanted));
	struct rows *rows = run(&q);

	assert_int_equal(rows_count(rows), 3);
	search_read(rows, 0, &hit);
	assert_string_equal(hit.user_input, "b");
	assert_true(hit.score > 0.8 && hit.score <= 1.0);
	rows_free(rows);
}

static void keys_stand_for_principals(void **state)
{
	char text[KEY_TEXT_BYTES], hint[KEY_HINT_BYTES];
	unsigned char hash[KEY_HASH_BYTES], other[KEY_HASH_BYTES];
	struct principal who;
	struct query q;

	(void)state;
	principal_find_ask(&q, NULL); /* before the first key: the local agent */
	struct rows *rows = run(&q);

	assert_true(principal_find_read(rows, &who));
	assert_string_equal(who.agent, "local");
	rows_free(rows);

	assert_true(key_generate(text, hint, hash));
	assert_int_equal(strlen(text), 48);
	assert_int_equal(strncmp(text, hint, strlen(hint)), 0);
	key_create_ask(&q, hash, hint, &bob);
	rows_free(run(&q));
	key_hash(text, strlen(text), other);
	principal_find_ask(&q, other);
	rows = run(&q);
	assert_true(principal_find_read(rows, &who));
	assert_string_equal(who.namespace, "blue");
	rows_free(rows);

	key_revoke_ask(&q, hint);
	rows_free(run(&q));
	principal_find_ask(&q, other);
	rows = run(&q);
	assert_false(principal_find_read(rows, &who));
	rows_free(rows);
	principal_find_ask(&q, NULL); /* a key was made: nobody is anonymous any more */
	rows = run(&q);
	assert_false(principal_find_read(rows, &who));
	rows_free(rows);
}

static void migrations_run_once(void **state)
{
	(void)state;
	assert_true(applied_first >= 4);
	migrate();
	assert_int_equal(applied, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(migrations_run_once),
	    cmocka_unit_test(every_statement_fits_the_schema),
	    cmocka_unit_test(finds_words_in_any_language),
	    cmocka_unit_test(rare_words_weigh_more),
	    cmocka_unit_test(namespaces_are_apart),
	    cmocka_unit_test(vectors_rank_by_direction),
	    cmocka_unit_test(keys_stand_for_principals),
	};

	return cmocka_run_group_tests_name("store", tests, set_up, tear_down);
}
