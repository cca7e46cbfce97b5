/*
 * migrations: which there are inside the binary, and how a database stands to them.
 *
 * Knows no connection: migrate.h runs them, `sage-mcp doctor` looks at them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
#define MIGRATION(name, text) MIGRATION_INDEX_##name,
#include "migrations.inc"
#undef MIGRATION
	MIGRATIONS_COUNT
};

#define MIGRATION_CHECKSUM_BYTES 65 /* SHA-256 in hex */

/* The oldest pgvector that is used: half vectors and bit operators are of it (its CHANGELOG). */
#define PGVECTOR_OLDEST "0.7.0"

#define MIGRATION_CHANGED_TEXT                                                                 \
	"the database ran another text of it than this program holds; use the program that "   \
	"belongs to the database"
#define PGVECTOR_OLD_TEXT                                                                      \
	PGVECTOR_OLDEST " or newer is needed: install it on the database server, then as "     \
	                "superuser ALTER EXTENSION vector UPDATE"

struct migration {
	const char *name; /* the file's name; its first four digits are the number */
	const char *text;
};

extern const struct migration migrations[MIGRATIONS_COUNT]; /* in the order they run */

long migration_number(const struct migration *migration);
void migration_checksum(const struct migration *migration, char hex[MIGRATION_CHECKSUM_BYTES]);

enum migration_state {
	MIGRATION_SAME,    /* the database ran it as it is here */
	MIGRATION_CHANGED, /* ... with another text */
	MIGRATION_NEWER,   /* it is not known here: the database is ahead */
};

/* Of a row of sage_migrations; index gets the place in migrations[], unless it is newer. */
enum migration_state migration_state(long number, const char *checksum, size_t *index);

/* "0.8.0" and the like; what is no version counts as old. */
bool pgvector_is_new_enough(const char *version);
