#!/bin/sh
# Writes what has a secret or a name in it to /run/pgbouncer, then starts pgBouncer.
set -eu

run=/run/pgbouncer
user=${DB_USER:-sage}
secret=${DB_PASSWORD_FILE:-/run/secrets/db_password}
[ -s "$secret" ] || {
	echo "pgbouncer: the password file $secret is missing or empty" >&2
	exit 1
}
umask 077
printf '"%s" "%s"\n' "$user" "$(head -n 1 "$secret" | sed 's/"/""/g')" >"$run/userlist.txt"
printf '[databases]\n%s = host=%s port=%s\n' "${DB_NAME:-sage_memory}" "${DB_HOST:-sage-db}" "${DB_PORT:-5432}" >"$run/databases.ini"
exec pgbouncer /etc/pgbouncer/pgbouncer.ini
