#!/usr/bin/env bash
# A throw-away PostgreSQL for tests, in a directory of its own: in memory where there is plenty,
# for hundreds of databases take a disk minutes to remove, else below /tmp.
#
#	pg.sh new [durable] [SETTING...]
#	                        makes one, starts it, prints its directory
#	pg.sh replica DIR       makes a streaming replica of it, starts it, prints its directory
#	pg.sh promote DIR       makes a replica a primary
#	pg.sh distrust DIR      from now on all but the superuser need a password
#	pg.sh uri DIR           prints its connection URI (superuser, database "postgres")
#	pg.sh stop DIR [how]    stops it: fast (default), immediate or smart
#	pg.sh start DIR         starts it again
#	pg.sh remove DIR        stops it and removes the directory
#
# It trusts whoever reaches its unix socket, has no TCP, and does not fsync; a durable one does, on
# disk below /var/tmp, for benchmarks. A SETTING is one of PostgreSQL's, name=value, and wins. With SAGE_PG_NETNS it runs in that network
# namespace, and trusts its neighbours there. Made by root, it runs as the user "postgres", for
# PostgreSQL refuses to run as root.
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
	local inside=() settings=()
	[ ! -s "$1/netns" ] || inside=(nsenter --net="/run/netns/$(<"$1/netns")")
	mapfile -t settings <"$1/settings"
	pg_arguments "$1/run"
	"${inside[@]}" "${PG_AS[@]}" "$PG_BIN/pg_ctl" start --silent --wait --pgdata="$1/cluster" --log="$1/log" \
		--options="${PG_ARGUMENTS[*]} -c fsync=off -c full_page_writes=off -c max_connections=300 ${settings[*]/#/-c }"
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

directory() {
	local dir
	dir=$("${PG_AS[@]}" mktemp -d "$(place "$1")/sage-pg.XXXXXX")
	"${PG_AS[@]}" mkdir "$dir/run"
	printf '%s\n' "$dir"
}

# Runs what fills the directory of a new cluster; starts it; says where it is.
begin() {
	local dir=$1
	shift
	"$@" >"$dir/made.log" 2>&1 || {
		cat "$dir/made.log" >&2
		exit 1
	}
	start "$dir" >&2 || {
		cat "$dir/log" >&2
		exit 1
	}
	printf '%s\n' "$dir"
}

fill_new() {
	pg_init "$1/cluster" --no-sync
	printf 'host %s all samenet trust\n' all replication >>"$1/cluster/pg_hba.conf"
}

new() {
	local dir kind=quick
	if [ "${1-}" = durable ]; then
		kind=durable
		shift
		set -- fsync=on full_page_writes=on "$@"
	fi
	dir=$(directory $kind)
	printf '%s' "${SAGE_PG_NETNS-}" >"$dir/netns"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$dir/settings"
	touch "$dir/settings"
	begin "$dir" fill_new "$dir"
}

replica() {
	local dir
	dir=$(directory quick)
	cp "$1/netns" "$1/settings" "$dir"
	begin "$dir" "${PG_AS[@]}" "$PG_BIN/pg_basebackup" --pgdata="$dir/cluster" --checkpoint=fast --no-sync \
		--write-recovery-conf --dbname="$(pg_uri "$1/run" postgres postgres)"
}

promote() {
	"${PG_AS[@]}" "$PG_BIN/pg_ctl" promote --silent --wait --pgdata="$1/cluster"
}

distrust() {
	printf 'local all postgres trust\nlocal all all scram-sha-256\n' |
		"${PG_AS[@]}" tee "$1/cluster/pg_hba.conf" >/dev/null
	"${PG_AS[@]}" "$PG_BIN/pg_ctl" reload --silent --pgdata="$1/cluster"
}

remove() {
	stop "$1" immediate || true
	rm -rf "$1"
}

case ${1-} in
new) new "${@:2}" ;;
replica) replica "$2" ;;
promote) promote "$2" ;;
distrust) distrust "$2" ;;
uri) pg_uri "$2/run" postgres postgres ;;
start) start "$2" ;;
stop) stop "$2" "${3-fast}" ;;
remove) remove "$2" ;;
*)
	sed -n '2,13s/^# \{0,1\}//p' "$self" >&2
	exit 2
	;;
esac
