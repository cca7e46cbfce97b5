/*
 * facts: how a database is, for people who look after it. Nothing is changed by asking.
 *
 * The statements need no table of ours, but for those that say so.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query.h"

struct rows;

#define FACTS_OLDEST_POSTGRESQL 150000 /* server_version_num */

/* Texts are borrowed from the rows. */
struct facts {
	int version_num;
	const char *version, *database, *user;
	const char *tls;         /* "TLSv1.3"; NULL: none */
	bool on_this_machine;    /* a Unix socket or loopback: nobody else hears */
	const char *vector;      /* installed in this database, or NULL */
	const char *vector_here; /* on this server, or NULL */
	bool may_create_vector;
	bool superuser, may_create_tables;
	const char *foreign_tables; /* of ours, that another role owns; or NULL */
	bool has_migrations, has_keys;
	int connections, connections_used; /* for ordinary roles; of all */
	int role_limit, database_limit;    /* -1: none */
	int64_t clock_ms;                  /* unix time there */
	int64_t written;                   /* log position */
};

/* Of a database that takes writes. */
void facts_ask(struct query *q);
void facts_read(const struct rows *rows, struct facts *facts);

/* Needs has_migrations. Counts how the database stands to the migrations of this program. */
struct facts_schema {
	int missing, newer;
	const char *changed; /* one whose text differs, or NULL; static */
};

void facts_migrations_ask(struct query *q);
void facts_migrations_read(const struct rows *rows, struct facts_schema *schema);

/* For a replica: the log position that it shows. */
void facts_replica_ask(struct query *q);
int64_t facts_replica_read(const struct rows *rows);
