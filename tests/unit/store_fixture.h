/*
 * store_fixture: a migrated database of the test's own on the cluster of SAGE_TEST_DATABASE_URL, and
 * queries that are waited for.
 */
#pragma once

#include <stdbool.h>

#include "query.h"

extern int applied_first,
    applied; /* migrations, by set_up() and by the last migrate(); -1: it failed */

/* Of the group. Without a cluster the program ends with 77 and says why. */
int set_up(void **state);
int tear_down(void **state);

void migrate(void);

struct outcome {
	bool done;
	struct rows *rows;
	struct db_error error;
};

/* A callback that comes before the call has returned fails the test. */
void start(struct query *q, struct outcome *outcome);
void finish(struct query *q, struct outcome *outcome);

/* Runs q to its end; the rows must be there, and are the caller's. */
struct rows *run(struct query *q);
