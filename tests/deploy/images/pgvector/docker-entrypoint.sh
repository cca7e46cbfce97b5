#!/usr/bin/env bash
# Keeps the contract of the official PostgreSQL image, as far as the compose files rely on it.
set -euo pipefail

# from_file NAME DEFAULT: NAME from the environment or from the file NAME_FILE names; both are an error.
from_file() {
	local name=$1 file=${1}_FILE value=${2-}
	if [ -n "${!name-}" ] && [ -n "${!file-}" ]; then
		echo "error: both $name and $file are set (but are exclusive)" >&2
		exit 1
	fi
	if [ -n "${!name-}" ]; then
		value=${!name}
	elif [ -n "${!file-}" ]; then
		value=$(<"${!file}")
	fi
	export "$name"="$value"
	unset "$file"
}

[[ ${1-} != -* ]] || set -- postgres "$@"
if [ "${1-}" != postgres ]; then
	exec "$@"
fi
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA"
	chmod 00700 "$PGDATA" || :
	find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
	find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
	exec setpriv --reuid postgres --regid postgres --init-groups --inh-caps=-all -- "${BASH_SOURCE[0]}" "$@"
fi
from_file POSTGRES_PASSWORD
from_file POSTGRES_USER postgres
from_file POSTGRES_DB "$POSTGRES_USER"
from_file POSTGRES_INITDB_ARGS
: "${POSTGRES_HOST_AUTH_METHOD:=}"

run_init() {
	local f psql=(psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
	for f in /docker-entrypoint-initdb.d/*; do
		case $f in
		*.sh)
			if [ -x "$f" ]; then
				echo "$0: running $f"
				"$f"
			else
				echo "$0: sourcing $f"
				# shellcheck disable=SC1090
				. "$f"
			fi
			;;
		*.sql)
			echo "$0: running $f"
			"${psql[@]}" -f "$f"
			;;
		*.sql.gz)
			echo "$0: running $f"
			gunzip -c "$f" | "${psql[@]}"
			;;
		*) [ ! -e "$f" ] || echo "$0: ignoring $f" ;;
		esac
	done
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		echo "Error: Database is uninitialized and superuser password is not specified." >&2
		exit 1
	fi
	eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"
	auth=$(postgres -C password_encryption "${@:2}")
	printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$auth}" >>"$PGDATA/pg_hba.conf"
	export PGPASSWORD=$POSTGRES_PASSWORD
	pg_ctl -D "$PGDATA" -o "$(printf '%q ' "${@:2}" -c listen_addresses= -p "${PGPORT:-5432}")" -w start
	if [ "$POSTGRES_DB" != postgres ]; then
		psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres \
			-v db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	run_init
	pg_ctl -D "$PGDATA" -m fast -w stop
	unset PGPASSWORD
	echo
	echo "PostgreSQL init process complete; ready for start up."
	echo
else
	echo
	echo "PostgreSQL Database directory appears to contain a database; Skipping initialization"
	echo
fi
exec "$@"
