/* clusters: throw-away PostgreSQL clusters of a test's own, by tests/support/pg.sh. */
#pragma once

#include <stdint.h>

#include "sql.h"

#define DIR_BYTES 128

/* Runs pg.sh; the last line that it prints. What fails there fails the test. */
void run_pg(char said[DIR_BYTES], const char *words, const char *dir);
void run_pg_quietly(const char *words, const char *dir);
void remove_cluster(const char *dir); /* none for "" */

/* On one server alone, whatever its role; the number of notes for SQL_note_count. */
int64_t tell(const char *dir, enum sql_id sql);
