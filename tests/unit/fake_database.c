/* fake_database: keeps the one query. */
#include "fake_database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fake fake;

bool database_run(
    struct database *db, struct query *q, query_done done, void *arg, struct db_error *error)
{
	(void)db;
	if (fake.refuse) {
		*error = (struct db_error){.kind = DB_UNAVAILABLE};
		return false;
	}
	fake.query = q;
	fake.done = done;
	fake.arg = arg;
	return true;
}

void database_cancel(struct database *db, struct query *q)
{
	(void)db;
	assert_ptr_equal(q, fake.query);
	fake.query = NULL;
	fake.cancelled++;
}

void answer(enum db_error_kind kind)
{
	struct db_error error = {.kind = kind};
	query_done done = fake.done;

	assert_non_null(fake.query);
	fake.query = NULL;
	done(fake.arg, NULL, &error);
}
