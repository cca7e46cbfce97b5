#!/usr/bin/env bash
# A throw-away PostgreSQL for tests, in a directory of its own: in memory where there is plenty,
# for hundreds of databases take a disk minutes to remove, else below /tmp.
#
#	pg.sh new [durable]   makes one, starts it, prints its directory
#	pg.sh uri DIR         prints its connection URI (superuser, database "postgres")
#	pg.sh stop DIR [how]  stops it: fast (default), immediate or smart
#	pg.sh start DIR       starts it again
#	pg.sh remove DIR      stops it and removes the directory
#
# It trusts whoever reaches its unix socket, has no TCP, and does not fsync; a durable
# one does, on disk below /var/tmp, as an installed one would: for benchmarks. Made by
# root, it runs as the user "postgres", for PostgreSQL refuses to run as root.
set -euo pipefail

unset "${!PG@}"
# shellcheck source=deploy/private-pg.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../deploy/private-pg.sh"

pg_become postgres
pg_find vector || {
	echo "pg.sh: there is no PostgreSQL $PG_OLDEST or newer with pgvector; run deploy/setup.sh --for test" >&2
	exit 1
}
self=$(realpath "${BASH_SOURCE[0]}")
cd / # the other user may not be allowed where we are

start() {
	local quick="-c fsync=off -c full_page_writes=off"
	[ ! -e "$1/durable" ] || quick=
	pg_arguments "$1/run"
	"${PG_AS[@]}" "$PG_BIN/pg_ctl" start --silent --wait --pgdata="$1/cluster" --log="$1/log" \
		--options="${PG_ARGUMENTS[*]} $quick -c max_connections=300"
}

stop() {
	"${PG_AS[@]}" "$PG_BIN/pg_ctl" stop --silent --wait --pgdata="$1/cluster" --mode="${2:-fast}"
}

enough_memory_kb=$((10 * 1024 * 1024))

# Where a cluster of some gigabytes may be.
place() {
	local free_kb
	if [ "$1" = durable ]; then
		echo /var/tmp
		return
	fi
	free_kb=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || free_kb=0
	if [ "${free_kb:-0}" -gt $enough_memory_kb ] &&
		[ "$(awk '/^MemAvailable/ {print $2}' /proc/meminfo)" -gt $enough_memory_kb ]; then
		echo /dev/shm
	else
		echo /tmp
	fi
}

new() {
	local dir
	dir=$("${PG_AS[@]}" mktemp -d "$(place "$1")/sage-pg.XXXXXX")
	"${PG_AS[@]}" mkdir "$dir/run"
	[ "$1" != durable ] || "${PG_AS[@]}" touch "$dir/durable"
	pg_init "$dir/cluster" --no-sync >"$dir/initdb.log" 2>&1 || {
		cat "$dir/initdb.log" >&2
		exit 1
	}
	start "$dir" >&2 || {
		cat "$dir/log" >&2
		exit 1
	}
	printf '%s\n' "$dir"
}

remove() {
	stop "$1" immediate || true
	rm -rf "$1"
}

case ${1-} in
new)
	[[ ${2-quick} =~ ^(quick|durable)$ ]] || {
		echo "pg.sh: new takes durable or nothing, not '$2'" >&2
		exit 2
	}
	new "${2-quick}"
	;;
uri) pg_uri "$2/run" postgres postgres ;;
start) start "$2" ;;
stop) stop "$2" "${3-fast}" ;;
remove) remove "$2" ;;
*)
	sed -n '2,9s/^# \{0,1\}//p' "$self" >&2
	exit 2
	;;
esac
