/* hint: a table of what PostgreSQL says and what helps. */
#include "hint.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *says[2]; /* all of them */
	const char *hint;
} hints[] = {
    {{"password authentication failed"}, "; check DB_USER and DB_PASSWORD (or DATABASE_URL)"},
    {{"no password supplied"}, "; set DB_PASSWORD, DB_PASSWORD_FILE or DATABASE_URL"},
    {{"no pg_hba.conf entry"},
        "; let this user in from this address in pg_hba.conf, or use TLS (sslmode=require)"},
    {{"database", "does not exist"}, "; create it (createdb) or correct DB_NAME"},
    {{"role", "does not exist"}, "; create it (createuser) or correct DB_USER"},
    {{"Connection refused"}, "; is PostgreSQL running there? Check DB_HOST and DB_PORT"},
    {{"No such file or directory"},
        "; is PostgreSQL running there? Check DB_HOST (a socket directory) and DB_PORT"},
    {{"too many clients"}, "; lower DB_POOL_SIZE or raise max_connections"},
    {{"too many connections for"},
        "; lower DB_POOL_SIZE or raise the CONNECTION LIMIT of the role or database"},
    {{"remaining connection slots"}, "; lower DB_POOL_SIZE or raise max_connections"},
    {{"session is not read-only"}, "; it takes writes, so it is the primary"},
    {{"not in hot standby mode"}, "; it is not a replica"},
    {{"session is read-only"}, "; this host takes no writes: name the primary too"},
    {{"unsupported startup parameter"},
        "; let the pooler pass it (pgBouncer: ignore_startup_parameters = options)"},
    {{"extension \"vector\"", "is not available"},
        "; install pgvector on the database server (package postgresql-NN-pgvector)"},
    {{"type \"vector\" does not exist"},
        "; run CREATE EXTENSION vector in this database, as its owner or a superuser"},
    {{"permission denied"},
        "; as a superuser run CREATE EXTENSION vector in this database, and let this user own "
        "the schema"},
    {{"No space left on device"}, "; make room on the disk of the database"},
    {{"must be owner"}, "; run as the user who owns these tables, or change their owner"},
};

const char *hint_for(const char *text)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (strstr(text, hints[i].says[0]) != NULL &&
		    (hints[i].says[1] == NULL || strstr(text, hints[i].says[1]) != NULL))
			return hints[i].hint;
	}
	return "";
}
