#!/bin/bash
# The first start of the production database: roles with passwords from secrets, the database,
# pgvector. The server's role is no superuser; pgvector is added here so that it need not be.
set -euo pipefail

secrets=${SAGE_SECRETS:-/run/secrets}
db_user=${DB_USER:-sage}
db_name=${DB_NAME:-sage_memory}

# In psql variables, so that nothing needs quoting and no password is in a command line.
read_secret() {
	[ -s "$secrets/$2" ] || {
		echo "sage-db: the secret $2 is missing or empty; deploy/make-secrets.sh makes it" >&2
		exit 1
	}
	printf "\\\\set %s \`head -n 1 %s/%s\`\\n" "$1" "$secrets" "$2"
}

{
	read_secret db_password db_password
	read_secret replicator_password replicator_password
	read_secret monitor_password monitor_password
	read_secret backup_password backup_password
	printf '\\set db_user %s\n\\set db_name %s\n' "$db_user" "$db_name"
	cat <<'SQL'
-- Neither the log nor pg_stat_statements may keep these statements: passwords are in them.
SET log_min_duration_statement = -1; SET log_statement = 'none'; SET pg_stat_statements.track_utility = off;
CREATE ROLE :"db_user" LOGIN PASSWORD :'db_password';
-- Short queries: compiling them costs more than it gains.
ALTER ROLE :"db_user" SET jit = off;
-- Reads tables for the logical replication of a major upgrade.
CREATE ROLE replicator LOGIN REPLICATION BYPASSRLS PASSWORD :'replicator_password' IN ROLE pg_read_all_data;
CREATE ROLE monitor LOGIN PASSWORD :'monitor_password' IN ROLE pg_monitor;
-- Reads everything and makes scratch databases to verify in; changes nothing of ours.
CREATE ROLE backup LOGIN CREATEDB BYPASSRLS PASSWORD :'backup_password' IN ROLE pg_read_all_data;

CREATE DATABASE sage_template IS_TEMPLATE true;
\connect sage_template
CREATE EXTENSION vector;
\connect postgres
ALTER DATABASE sage_template ALLOW_CONNECTIONS false;
CREATE DATABASE :"db_name" OWNER :"db_user" TEMPLATE sage_template;
REVOKE CONNECT, TEMPORARY ON DATABASE :"db_name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"db_name" TO monitor, backup, replicator;
CREATE EXTENSION pg_stat_statements;
-- What pg_rewind asks of the new primary, when an old one comes back as its replica.
GRANT EXECUTE ON FUNCTION pg_ls_dir(text, boolean, boolean), pg_stat_file(text, boolean),
	pg_read_binary_file(text), pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;
SQL
} | psql -v ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres
