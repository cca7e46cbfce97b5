/*
 * rows: typed reading of one result (binary format).
 *
 * Row and column count from 0. Reading a column as a type it does not have, or
 * out of range, is a programming error (abort). A NULL text is NULL, a NULL time is
 * ROWS_NO_TIME; for other types ask rows_is_null() first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rows;

#define ROWS_NO_TIME      INT64_MIN
#define POSTGRES_EPOCH_US (946684800LL * 1000000LL) /* 2000-01-01 */

int rows_count(const struct rows *rows);
bool rows_is_null(const struct rows *rows, int row, int col);
/* Borrowed from rows, NUL-terminated. text, varchar, name; len may be NULL. */
const char *rows_text(const struct rows *rows, int row, int col, size_t *len);
int64_t rows_int(const struct rows *rows, int row, int col);  /* int2, int4, int8 */
double rows_float(const struct rows *rows, int row, int col); /* float8 */
bool rows_bool(const struct rows *rows, int row, int col);
void rows_uuid(const struct rows *rows, int row, int col, char text[37]);
void rows_uuid_bytes(const struct rows *rows, int row, int col, unsigned char uuid[16]);
/* pgvector's vector; exactly so many numbers. False: NULL. */
bool rows_vector(const struct rows *rows, int row, int col, float *numbers, size_t count);
/* bytea; borrowed from rows. */
const unsigned char *rows_bytes(const struct rows *rows, int row, int col, size_t *len);
/* The same as hexadecimal digits: a SHA-256, or "" for NULL. */
void rows_sha256(const struct rows *rows, int row, int col, char text[65]);
int64_t rows_time(
    const struct rows *rows, int row, int col); /* timestamptz, as unix microseconds */

void rows_free(struct rows *rows); /* NULL is fine */
