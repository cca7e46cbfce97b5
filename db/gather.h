/*
 * gather: the outcomes of queries that ran as one.
 */
#pragma once

#include "query.h"

struct rows;

/* What an error means to this query: once it was lost, nobody can say that nothing was done. */
struct db_error gather_error_for(const struct query *q, const struct db_error *error);

/*
 * Gives each query of the list its outcome and empties it. gathered: each gets the row that begins
 * with its uuid, or none; otherwise the one there is gets them all. Takes rows (may be NULL).
 */
void gather_deliver(
    struct query_list *queries, bool gathered, struct rows *rows, const struct db_error *error);
