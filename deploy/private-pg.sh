# shellcheck shell=bash
# A private PostgreSQL cluster in a directory of one's own: found, made, addressed.
#
# Sourced by setup.sh, quickstart.sh and tests/support/pg.sh. The cluster listens
# on a unix socket only. PostgreSQL refuses to run as root, so for root its
# programs run as an unprivileged user.

# The oldest PostgreSQL this works with.
PG_OLDEST=15

# The longest socket path the kernel takes (sun_path), without its NUL.
PG_SOCKET_PATH_MAX=107

# pg_find any|vector [VERSION]: sets PG_BIN to the newest PostgreSQL there is (with
# pgvector), or to that version. False: there is none.
pg_find() {
	local bin version
	PG_BIN=
	for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
		version=${bin#/usr/lib/postgresql/}
		version=${version%/bin}
		[[ -x $bin/postgres && $version -ge $PG_OLDEST ]] || continue
		[[ $1 = any || -e /usr/share/postgresql/$version/extension/vector.control ]] || continue
		[[ ${2:-$version} != "$version" ]] || PG_BIN=$bin
	done
	[ -n "$PG_BIN" ]
}

# pg_become USER: sets PG_AS to the words that make a command run as USER; none unless we are root.
pg_become() {
	PG_AS=()
	[ "$(id -u)" -ne 0 ] || PG_AS=(setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups --)
}

# pg_init DIR [initdb arguments]: a new cluster whose superuser is "postgres".
pg_init() {
	local dir=$1
	shift
	"${PG_AS[@]}" "$PG_BIN/initdb" --pgdata="$dir" --username=postgres --auth=trust \
		--encoding=UTF8 --locale=C.UTF-8 "$@"
}

# True when a socket in this directory has a path that needs no quoting and that the kernel takes.
pg_socket_fits() {
	local path=$1/.s.PGSQL.5432
	[[ $path =~ ^[A-Za-z0-9._/-]+$ && ${#path} -le $PG_SOCKET_PATH_MAX ]]
}

# pg_arguments SOCKET_DIR: sets PG_ARGUMENTS so that the server is reached there and nowhere else.
pg_arguments() {
	# shellcheck disable=SC2034 # for the one who sources this
	PG_ARGUMENTS=(-c listen_addresses= -c port=5432 -c unix_socket_permissions=0700
		-c unix_socket_directories="$1")
}

# pg_uri SOCKET_DIR USER DATABASE
pg_uri() {
	printf 'postgresql://%s@/%s?host=%s&port=5432\n' "$2" "$3" "$1"
}
