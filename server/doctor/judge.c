/* judge: one function for each finding. */
#include "doctor/judge.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor/doctor.h"
#include "facts.h"
#include "migrations.h"
#include "origin.h"

#define CLOCKS_APART_MS      2000
#define REPLICA_BEHIND_BYTES (16LL * 1024 * 1024) /* a segment of the log */

static void judge_connection(struct doctor *doctor, const struct facts *f)
{
	if (f->tls == NULL && !f->on_this_machine)
		doctor_say(doctor, DOCTOR_WARN, "database",
		    "sslmode=verify-full in DATABASE_URL, or PGSSLMODE and PGSSLROOTCERT",
		    "%s as %s, over the network and without TLS", f->database, f->user);
	else
		doctor_say(doctor, DOCTOR_OK, "database", NULL, "%s as %s, %s", f->database,
		    f->user, f->tls != NULL ? f->tls : "on this machine");
}

static void judge_version(struct doctor *doctor, const struct facts *f)
{
	if (f->version_num < FACTS_OLDEST_POSTGRESQL)
		doctor_say(doctor, DOCTOR_FAIL, "postgresql",
		    "upgrade it (deploy/README.md says how)", "%s is too old, %d is needed",
		    f->version, FACTS_OLDEST_POSTGRESQL / 10000);
	else
		doctor_say(doctor, DOCTOR_OK, "postgresql", NULL, "%s", f->version);
}

static void judge_pgvector(struct doctor *doctor, const struct facts *f)
{
	const char *version = f->vector != NULL ? f->vector : f->vector_here;

	if (version == NULL)
		doctor_say(doctor, DOCTOR_FAIL, "pgvector",
		    "install it there (package postgresql-NN-pgvector)",
		    "it is not on the database server");
	else if (!pgvector_is_new_enough(version))
		doctor_say(doctor, DOCTOR_FAIL, "pgvector", PGVECTOR_OLD_TEXT,
		    "version %s is too old", version);
	else if (f->vector != NULL)
		doctor_say(doctor, DOCTOR_OK, "pgvector", NULL, "%s", version);
	else if (f->may_create_vector)
		doctor_say(doctor, DOCTOR_OK, "pgvector", NULL,
		    "%s is there, the first start makes the extension", version);
	else
		doctor_say(doctor, DOCTOR_FAIL, "pgvector",
		    "as a superuser run CREATE EXTENSION vector in this database",
		    "%s is there, and %s may not make the extension", version, f->user);
}

static void judge_role(struct doctor *doctor, const struct facts *f)
{
	if (f->foreign_tables != NULL)
		doctor_say(doctor, DOCTOR_FAIL, "role",
		    "ALTER TABLE ... OWNER TO this user, or connect as the owner",
		    "%s does not own %s", f->user, f->foreign_tables);
	else if (!f->may_create_tables)
		doctor_say(doctor, DOCTOR_FAIL, "role",
		    "make it the owner of the database or of the schema",
		    "%s may not make tables", f->user);
	else if (f->superuser)
		doctor_say(doctor, DOCTOR_WARN, "role",
		    "fine for trials; in production let a plain role own the database",
		    "%s is a superuser", f->user);
	else
		doctor_say(doctor, DOCTOR_OK, "role", NULL, "%s has what it needs", f->user);
}

static int smaller(int limit, int other)
{
	return other >= 0 && other < limit ? other : limit;
}

static void judge_connections(struct doctor *doctor, const struct facts *f)
{
	int size = (int)option_number(doctor->options, OPT_DB_POOL_SIZE) + 1; /* for LISTEN */
	int most = smaller(smaller(f->connections, f->role_limit), f->database_limit);

	if (size > most)
		doctor_say(doctor, DOCTOR_FAIL, "connections",
		    "lower DB_POOL_SIZE or raise max_connections (or the CONNECTION LIMIT of "
		    "role and database)",
		    "this process alone may want %d, the database gives %d", size, most);
	else if (f->connections_used + size > most)
		doctor_say(doctor, DOCTOR_WARN, "connections",
		    "lower DB_POOL_SIZE or raise max_connections, unless a server of this "
		    "configuration has them already",
		    "%d of %d are in use, and this process may want %d", f->connections_used,
		    most, size);
	else
		doctor_say(doctor, DOCTOR_OK, "connections", NULL,
		    "%d of %d are in use, this process may want %d", f->connections_used, most,
		    size);
}

static void judge_clock(struct doctor *doctor, const struct facts *f)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	long long apart = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000 - f->clock_ms;

	if (llabs(apart) > CLOCKS_APART_MS)
		doctor_say(doctor, DOCTOR_WARN, "clock", "let both follow NTP",
		    "it is %lld ms away from the database's", apart);
	else
		doctor_say(doctor, DOCTOR_OK, "clock", NULL, "as the database's");
}

void judge_facts(struct doctor *doctor, const struct facts *facts)
{
	judge_connection(doctor, facts);
	judge_version(doctor, facts);
	judge_pgvector(doctor, facts);
	judge_role(doctor, facts);
	judge_connections(doctor, facts);
	judge_clock(doctor, facts);
}

void judge_schema(struct doctor *doctor, const struct facts_schema *schema)
{
	bool migrates = option_bool(doctor->options, OPT_MIGRATE);
	int missing = schema != NULL ? schema->missing : MIGRATIONS_COUNT;

	if (schema != NULL && schema->changed != NULL)
		doctor_say(doctor, DOCTOR_FAIL, "schema",
		    "use the program that belongs to the database",
		    "the database ran another text of migration %s than this program holds",
		    schema->changed);
	else if (missing > 0)
		doctor_say(doctor, migrates ? DOCTOR_OK : DOCTOR_FAIL, "schema",
		    migrates ? NULL : "run 'sage-mcp migrate'",
		    "%d of %d migrations have not run%s", missing, MIGRATIONS_COUNT,
		    migrates ? ", the next start does it" : " (MIGRATE=false)");
	else if (schema->newer > 0)
		doctor_say(doctor, DOCTOR_WARN, "schema",
		    "install the newer version here too; until then this one goes on with it",
		    "it is %d migrations ahead of this program (" SAGE_VERSION ")",
		    schema->newer);
	else
		doctor_say(doctor, DOCTOR_OK, "schema", NULL, "up to date, %d migrations",
		    MIGRATIONS_COUNT);
}

void judge_keys(struct doctor *doctor, bool exists)
{
	const struct options *o = doctor->options;
	bool public = !is_loopback_address(option_text(o, OPT_LISTEN));
	bool required = strcmp(option_text(o, OPT_AUTH), "required") == 0;

	if (exists)
		doctor_say(doctor, DOCTOR_OK, "keys", NULL, "there are some");
	else if (public || required)
		doctor_say(doctor, DOCTOR_WARN, "keys", "sage-mcp key create AGENT",
		    "there is none, so %s",
		    required ? "nobody gets in" : "it serves on loopback only");
	else
		doctor_say(doctor, DOCTOR_OK, "keys", NULL,
		    "there is none: open to everybody on this machine");
}

void judge_replica(struct doctor *doctor, const char *name, int64_t behind_bytes)
{
	if (behind_bytes > REPLICA_BEHIND_BYTES)
		doctor_say(doctor, DOCTOR_WARN, "replica",
		    "look at its log and at the network between them",
		    "%s is %lld bytes behind", name, (long long)behind_bytes);
	else
		doctor_say(doctor, DOCTOR_OK, "replica", NULL, "%s follows", name);
}

void judge_no_replica(struct doctor *doctor)
{
	const char *from = option_text(doctor->options, OPT_DB_READ_FROM);

	if (strcmp(from, "replica") == 0)
		doctor_say(doctor, DOCTOR_WARN, "replica",
		    "name it too: DB_HOST=primary,replica",
		    "DB_READ_FROM=replica, and there is none: reads go to the primary");
	else
		doctor_say(doctor, DOCTOR_OK, "replica", NULL, "none");
}
