/*
 * command_db: the database for command line tools, which wait for it.
 *
 * What goes wrong is said on stderr, with what to do about it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "query.h"

struct command_db;
struct event_base;
struct options;
struct rows;

/* Opens at most so many connections, on demand. NULL: said why. */
struct command_db *command_db_open(const struct options *options, int connections);
/* What else a command waits for stands on the same loop. */
struct event_base *command_db_base(struct command_db *db);
void command_db_close(struct command_db *db); /* NULL is fine */

/* Runs q and returns its rows (rows_free() them), or NULL after saying why. q is finished in both cases. */
struct rows *command_db_query(struct command_db *db, struct query *q);

/* Starts q; done comes within command_db_wait(). False: it could not be started; said why. */
bool command_db_start(struct command_db *db, struct query *q, query_done done, void *arg);

/* Until command_db_wake() was called by a done. */
void command_db_wait(struct command_db *db);
/* Or for so long. */
void command_db_wait_ms(struct command_db *db, int64_t ms);
void command_db_wake(struct command_db *db);

void command_db_explain(const struct db_error *error);

/* One statement alone: opened, run as command_db_query(), closed. */
struct rows *once_query(const struct options *options, struct query *q);
