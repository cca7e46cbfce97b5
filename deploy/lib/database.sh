# shellcheck shell=sh
# Reaching the database: inside its container, or over the network. Sourced after common.sh; POSIX sh.
#
# With --container NAME, or when neither PGHOST nor DB_HOST is set, the programs run inside the
# container of the compose service sage-db, as its superuser. Otherwise psql and the others run
# here, and PGHOST, PGPORT, PGUSER, PGPASSWORD, PGSSLMODE, ... or DB_HOST, DB_PORT, DB_USER,
# DB_PASSWORD or DB_PASSWORD_FILE say where to.

docker=${DOCKER:-docker}
database=${DB_NAME:-sage_memory}
container=${SAGE_DB_CONTAINER-}

# The container of the service sage-db, when there is exactly one.
find_container() {
	need "$docker"
	found=$("$docker" ps -q --filter label=com.docker.compose.service=sage-db) ||
		die "the Docker engine does not answer; is it running, and may you use it?"
	# shellcheck disable=SC2086 # ids
	set -- $found
	[ $# -gt 0 ] || die "there is no running container of the service sage-db; name one with --container, or a server with DB_HOST"
	[ $# -eq 1 ] || die "there are $# containers of the service sage-db; choose one with --container"
	container=$1
}

db_open() {
	if [ -z "$container" ] && [ -n "${PGHOST:-${DB_HOST-}}" ]; then
		need psql
		export PGHOST="${PGHOST:-$DB_HOST}" PGPORT="${PGPORT:-${DB_PORT:-5432}}" PGUSER="${PGUSER:-${DB_USER:-sage}}"
		if [ -n "${DB_PASSWORD_FILE-}" ]; then
			[ -r "$DB_PASSWORD_FILE" ] || die "the password file $DB_PASSWORD_FILE cannot be read"
			PGPASSWORD=$(head -n 1 "$DB_PASSWORD_FILE")
		fi
		[ -z "${PGPASSWORD:-${DB_PASSWORD-}}" ] || export PGPASSWORD="${PGPASSWORD:-$DB_PASSWORD}"
		return
	fi
	[ -n "$container" ] || find_container
	[ "$("$docker" inspect -f '{{.State.Running}}' "$container" 2>/dev/null)" = true ] ||
		die "the container $container is not running"
	superuser=$("$docker" exec "$container" printenv POSTGRES_USER) || superuser=postgres
}

# db PROGRAM ARGUMENTS...: where the database is, with its standard input and output.
db() {
	if [ -n "$container" ]; then
		"$docker" exec -i -u postgres -e PGUSER="$superuser" -e PGAPPNAME="${me-}" "$container" "$@"
	else
		PGAPPNAME=${me-} "$@"
	fi
}

# sql DATABASE STATEMENT: rows, with | between columns.
sql() {
	printf '%s\n' "$2" | db psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -f -
}

# A database that answers, or one line about why not.
db_must_answer() {
	said=$(sql "$database" 'SELECT 1' 2>&1) && return
	die "the database $database does not answer: $(printf '%s' "$said" | tail -n 1)"
}

# fingerprint_script [counts]: a psql script whose output is "table|rows|hash" for every table, whatever
# their order; with counts the hash is 0, which takes far less time.
fingerprint_script() {
	hash='coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)'
	[ "${1-}" != counts ] || hash=0
	cat <<SQL
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET search_path = public;
SELECT format('SELECT %L, count(*), $hash FROM %s t',
	c.relname, c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname \gexec
SQL
}

# fingerprint DATABASE [counts]
fingerprint() {
	fingerprint_script "${2-}" | db psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$1" -f -
}

# The template that has pgvector in it, so that no superuser is needed; where there is one.
template() {
	sql postgres "SELECT datname FROM pg_database WHERE datname = 'sage_template'"
}

# first_error FILE: what pg_restore stumbled over first; behind it come the statement and empty lines.
first_error() {
	sed -n '/error:/{p;q;}' "$1"
}

# new_database NAME
new_database() {
	from=$(template)
	sql postgres "CREATE DATABASE \"$1\" TEMPLATE ${from:-template0}"
}
