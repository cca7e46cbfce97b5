/*
 * fake_database: a database that runs nothing: it keeps the query until the test answers it. It
 * stands in for db/database.c at link time.
 */
#pragma once

#include "database.h"

extern struct fake {
	bool refuse;
	struct query *query;
	query_done done;
	void *arg;
	int cancelled;
} fake;

void answer(enum db_error_kind kind);
