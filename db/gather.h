/*
 * gather: the outcomes of queries that ran as one.
 */
#pragma once

#include "query.h"

struct rows;

/*
 * Gives each query of the list its outcome and empties it. gathered: each gets the row that begins
 * with its uuid, or none; otherwise the one there is gets them all. Takes rows (may be NULL).
 */
void gather_deliver(
    struct query_list *queries, bool gathered, struct rows *rows, const struct db_error *error);
