/*
 * pool_fixture: a loop, pools on the cluster of SAGE_TEST_DATABASE_URL, and queries that are waited for.
 *
 * The statements are those of tests/unit/sql/.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>

#include "pool.h"
#include "rows.h"

#define MANY 200

extern const char *url;
extern struct event_base *base;

/* One query and its outcome. */
struct waiting {
	struct query q;
	struct db_error error;
	struct rows *rows;
	bool done;
	int number; /* in which place it ended */
};

extern int ended; /* how many have, in all */

/* Of the group. Without a cluster the program ends with 77 and says why. */
int set_up(void **state);
int tear_down(void **state);

int64_t now_ms(void);
void pass_ms(int ms); /* the loop goes on */

/* Until the condition holds, which must be soon. */
#define WAIT_FOR(condition)                                                                    \
	do {                                                                                   \
		int64_t until = now_ms() + 10000;                                              \
		bool holds = (condition);                                                      \
                                                                                               \
		for (; !holds && now_ms() < until; holds = (condition))                        \
			pass_ms(5);                                                            \
		if (!holds)                                                                    \
			fail_msg("not within ten seconds: %s", #condition);                    \
	} while (0)

/* Patient, without tests and lifetimes, at most so many connections. */
struct pool_config usual(int size);
struct pool *make(const struct pool_config *config); /* opened */
struct pool *make_usual(int size);

/* A loopback port that refuses everyone, until somebody listens on the descriptor returned. */
int make_refusing_host(int *port);

/* Idle or busy. */
int open_connections(const struct pool *pool);

/* A query with one number as its parameter, or none when that is negative. */
void prepare(struct waiting *w, enum sql_id sql, int number);

/* A callback that comes before the call has returned fails the test. */
void on_done(void *arg, struct rows *rows, const struct db_error *error);
void ask(struct pool *pool, struct waiting *w); /* what was prepared */
void start(struct pool *pool, struct waiting *w, enum sql_id sql, int number);
void cancel(struct pool *pool, struct waiting *w); /* and forget it */

void await(struct waiting *w);
void finish(struct waiting *w); /* await it and forget it */
enum db_error_kind run(struct pool *pool, enum sql_id sql, int number);
int64_t run_for_number(
    struct pool *pool, enum sql_id sql, int number); /* first row and column */
