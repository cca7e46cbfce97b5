/* migrations: how a database stands to those in the binary, and which pgvector is too old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "migrations.h"

static void are_numbered_in_their_order(void **state)
{
	(void)state;
	/* There may be gaps, for branches that come together. */
	for (size_t i = 1; i < MIGRATIONS_COUNT; i++)
		assert_true(
		    migration_number(&migrations[i]) > migration_number(&migrations[i - 1]));
}

static void know_themselves(void **state)
{
	char hex[MIGRATION_CHECKSUM_BYTES];
	size_t at = 99;

	(void)state;
	migration_checksum(&migrations[1], hex);
	assert_int_equal(strlen(hex), MIGRATION_CHECKSUM_BYTES - 1);
	assert_int_equal(migration_state(2, hex, &at), MIGRATION_SAME);
	assert_int_equal(at, 1);
	hex[0] = hex[0] == '0' ? '1' : '0';
	assert_int_equal(migration_state(2, hex, &at), MIGRATION_CHANGED);
	assert_int_equal(migration_state(2, "", &at), MIGRATION_CHANGED);
	assert_int_equal(migration_state(MIGRATIONS_COUNT + 1, hex, &at), MIGRATION_NEWER);
}

static void versions_are_numbers(void **state)
{
	static const char *const old[] = {"0.6.2", "0.6.10", "0.5", "", "x", "7"};
	static const char *const fine[] = {"0.7.0", "0.7", "0.8.1", "0.10.0", "1.0.0"};

	(void)state;
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
		assert_false(pgvector_is_new_enough(old[i]));
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		assert_true(pgvector_is_new_enough(fine[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(are_numbered_in_their_order),
	    cmocka_unit_test(know_themselves),
	    cmocka_unit_test(versions_are_numbers),
	};

	return cmocka_run_group_tests_name("migrations", tests, NULL, NULL);
}
