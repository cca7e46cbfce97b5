/*
 * once: one database operation for a command line tool, waited for.
 */
#pragma once

#include <stdbool.h>

#include "query.h"

struct options;
struct rows;

/*
 * Connects, runs q and returns its rows (rows_free() them), or NULL after saying
 * on stderr what went wrong and what to do. q is finished in both cases.
 */
struct rows *once_query(const struct options *options, struct query *q);
