/*
 * rows_impl: making rows, for the wire alone.
 */
#pragma once

#include <libpq-fe.h>

struct rows;

/* Takes the result. NULL: out of memory; the result is cleared. */
struct rows *rows_new(PGresult *result);

/* Some rows of a whole, which lives until its last part is freed. NULL: out of memory. */
struct rows *rows_part(struct rows *whole, int first, int count);
