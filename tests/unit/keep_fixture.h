/*
 * keep_fixture: one pool, and many rows that are kept by SQL_keep, whose statement is gathered.
 */
#pragma once

#include "pool_fixture.h"

extern struct pool *pool;
extern struct waiting w[MANY];

/* What SQL_keep returned for one. */
struct kept {
	int64_t number, transaction;
	char mark[32];
};

/* For each test: the pool, and nothing kept. */
int with_keep(void **state, const struct pool_config *config);
int with_one_connection(void **state);
int with_several_connections(void **state);
int without_pool(void **state);

void prepare_keep(struct waiting *k, int id, const char *label, int number);
void keep(struct waiting *k, int id, const char *label, int number);
void keep_row(int i); /* row i of those that are sent one after the other */

void hold(struct waiting *holder); /* while it lasts, everything waits */

struct kept read_kept(const struct waiting *k);
int finish_rows(int count); /* each has its own outcome; how many transactions it took */
void assert_stored(int count);

#define ONE(name) cmocka_unit_test_setup_teardown(name, with_one_connection, without_pool)
#define SEVERAL(name)                                                                          \
	cmocka_unit_test_setup_teardown(name, with_several_connections, without_pool)
