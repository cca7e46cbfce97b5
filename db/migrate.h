/*
 * migrate: brings the schema up to date with the migrations inside the binary.
 *
 * One connection, one advisory lock (so that many processes may start at once),
 * one transaction per migration, forward only. What ran is recorded with its
 * checksum in sage_migrations; a changed file is an error. The files are written
 * so that running one again changes nothing: docker-compose-db.yml mounts them as
 * init scripts too.
 *
 * Runs on the loop; while the database is away it tries again with backoff, and now and then
 * after a failure that a person must mend.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct migration_run;

enum migrate_outcome {
	MIGRATE_DONE,   /* the schema is up to date */
	MIGRATE_FAILED, /* a statement failed or a checksum differs: a person must look */
};

struct migrate_config {
	const char *conninfo;
	int connect_ms;
	/* Also after MIGRATE_FAILED. False: an unreachable database is MIGRATE_FAILED. */
	bool keep_trying;
	/* One line of progress or trouble. May be NULL. */
	void (*report)(void *arg, bool healthy, const char *text);
	/* Called from the loop, once; after MIGRATE_FAILED again with keep_trying. */
	void (*done)(void *arg, enum migrate_outcome outcome, int applied, const char *error);
	void *arg; /* for both */
};

/* NULL when conninfo does not parse (error says why). */
struct migration_run *migrate_start(struct event_base *base,
    const struct migrate_config *config, char *error, size_t error_len);

/* Gives up; done will not come. Also frees a finished run. NULL is fine. */
void migrate_free(struct migration_run *run);
