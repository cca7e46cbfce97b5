/*
 * line_fixture: a line, and queries to put into it. For test_line.c and test_line_groups.c.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "line.h"

#define READ       SQL_echo
#define WRITE      SQL_doze_write
#define GATHERED   SQL_keep
#define MANY_BYTES ((size_t)1 << 20)
#define MANY       200

#define LINE_TEST(name) cmocka_unit_test_setup_teardown(name, line_set_up, line_tear_down)

extern struct line line;
extern struct query_list taken; /* by the last take() */

extern const struct line_limits wide; /* nothing is limited */

int line_set_up(void **state);
int line_tear_down(void **state);

/* Nobody waits and no namespace is remembered. */
void assert_forgotten(void);

/* A query that lasts for this test, and one that is in line already. */
struct query *make(enum sql_id sql, const char *namespace);
struct query *add(enum sql_id sql, const char *namespace);

/* How many were taken. */
int length(void);

struct lease take(struct query *q);

/* Takes whose turn it is, which must be this one, alone. */
struct lease take_next(const struct query *expected, const struct line_limits *limits);
void take_and_give_back(const struct query *expected, const struct line_limits *limits);
