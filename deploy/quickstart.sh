#!/usr/bin/env bash
# Starts sage-mcp with everything it needs, from a fresh clone, in one command.
#
#	deploy/quickstart.sh [--port N | --listen ADDRESS:PORT] [--data DIR]
#
#	--port N          port on 127.0.0.1 (8080)
#	--listen A:P      another address; without API keys the server stays on loopback
#	--data DIR        where the memories are kept (./data, or SAGE_DATA_DIR)
#
# It installs what is missing (setup.sh), builds the server, keeps a private
# PostgreSQL in the data directory (unix socket only, no TCP, never the system's
# cluster), starts both and prints how to connect. Ctrl-C stops both; the next
# start finds the memories again.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
unset "${!PG@}" # libpq and PostgreSQL would read them
# shellcheck source=deploy/private-pg.sh
. "$root/deploy/private-pg.sh"

ready_within_s=30
drain_within_s=30

listen=127.0.0.1:8080
data=${SAGE_DATA_DIR:-}

say() {
	printf '%s\n' "$*"
}

die() {
	printf 'quickstart: %s\n' "$*" >&2
	exit 1
}

usage() {
	sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
}

read_arguments() {
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help)
			usage
			exit
			;;
		--port | --listen | --data) [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
		*) die "unknown argument '$1'; see --help" ;;
		esac
		case $1 in
		--port) listen=127.0.0.1:$2 ;;
		--listen) listen=$2 ;;
		--data) data=$2 ;;
		esac
		shift 2
	done
	[[ $listen =~ ^(.+):([0-9]{1,5})$ ]] || die "'$listen' is not ADDRESS:PORT"
	host=${BASH_REMATCH[1]}
	port=$((10#${BASH_REMATCH[2]}))
	((port >= 1 && port <= 65535)) || die "port $port is not between 1 and 65535"
	case $host in # where we reach it ourselves
	0.0.0.0 | '[::]' | '*') host=127.0.0.1 ;;
	esac
	url=http://$host:$port
}

# --- who and where ------------------------------------------------------------

# Owner of a path, when it is a user with a name and not root.
plain_owner() {
	local uid
	uid=$(stat -c %u "$1" 2>/dev/null) && [ "$uid" -ne 0 ] && getent passwd "$uid" | cut -d: -f1
}

# Started by root, everything but the installing runs as somebody else: the owner
# of the data or of this clone, otherwise PostgreSQL's own user.
choose_user_and_data() {
	user=$(id -un 2>/dev/null) || die "user $(id -u) has no name in /etc/passwd; PostgreSQL needs one"
	if [ "$(id -u)" -eq 0 ]; then
		user=$(plain_owner "${data:-$root/data}" || plain_owner "$root" || echo postgres)
	fi
	pg_become "$user"
	if [ -z "$data" ]; then
		data=$root/data
		if ! "${PG_AS[@]}" test -x "$root"; then
			data=/var/lib/sage-mcp
			say "User $user, who runs the server, cannot enter $root: keeping the data in $data."
		fi
	fi
	[ -d "$data" ] || { mkdir -p "$(dirname "$data")" && (umask 077 && mkdir "$data"); } || die "cannot make the data directory $data"
	data=$(cd "$data" && pwd) || die "cannot enter the data directory"
	if [ ${#PG_AS[@]} -gt 0 ] && [ -z "$(ls -A "$data")" ]; then
		chown "$user:" "$data"
	fi
	"${PG_AS[@]}" test -w "$data" -a -x "$data" ||
		die "user $user cannot write to $data: chown it, or choose another with --data DIR"
	cluster=$data/postgres
}

# One quickstart per data directory; the lock on it goes away with its holder.
take_data() {
	local holder
	exec {lock}<"$data"
	flock -n "$lock" ||
		die "$data is in use by another quickstart; stop that one (Ctrl-C), or choose another with --data DIR"
	holder=$(head -n 1 "$cluster/postmaster.pid" 2>/dev/null) || return 0
	"${PG_AS[@]}" "$PG_BIN/pg_ctl" status -D "$cluster" >/dev/null || return 0
	die "a PostgreSQL (process $holder) already runs on $cluster; stop it with 'kill -INT $holder', or choose another directory with --data DIR"
}

check_port() {
	! (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null ||
		die "port $port on $host is in use by another program; stop that one, or choose another with --port N"
}

# --- building -----------------------------------------------------------------

# As the owner of the clone, so that root leaves no files behind that the owner cannot remove.
build() {
	local as=() log=$root/build/release/quickstart-build.log owner
	if [ "$(id -u)" -eq 0 ] && owner=$(plain_owner "$root"); then
		as=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --init-groups --)
	fi
	cd "$root"
	[ -e build/release/build.ninja ] || say "Building (the first time takes about a minute) ..."
	"${as[@]}" mkdir -p build/release
	"${as[@]}" touch "$log"
	if ! {
		[ -e build/release/build.ninja ] || "${as[@]}" cmake --preset release
		"${as[@]}" ninja -C build/release
	} >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die "the build failed; all of what it said is in $log"
	fi
	server=$root/build/release/server/sage-mcp
	if ! "${PG_AS[@]}" test -x "$server"; then # a clone in root's home
		install -m 755 "$server" "$data/sage-mcp"
		server=$data/sage-mcp
	fi
}

# --- PostgreSQL ---------------------------------------------------------------

find_postgresql() {
	local version=
	[ ! -e "$cluster/PG_VERSION" ] || version=$(<"$cluster/PG_VERSION")
	pg_find vector "$version" ||
		die "$cluster was made by PostgreSQL ${version:-$PG_OLDEST}, which is not installed here with pgvector"
}

# The first start: a cluster with a plain role and its database. pgvector is not a
# trusted extension, so the superuser adds it here and the server needs no such right.
make_cluster() {
	local new=$cluster.new single
	[ ! -e "$cluster/PG_VERSION" ] || return 0
	say "Making a private PostgreSQL in $cluster ..."
	rm -rf "$new" # left by an interrupted start
	single=("${PG_AS[@]}" "$PG_BIN/postgres" --single -D "$new")
	{
		pg_init "$new" --data-checksums
		printf 'CREATE ROLE sage LOGIN\nCREATE DATABASE sage OWNER sage\n' | "${single[@]}" postgres
		printf 'CREATE EXTENSION vector\n' | "${single[@]}" -j sage
	} >"$data/postgres.log" 2>&1 || die "the cluster cannot be made; see $data/postgres.log"
	"${PG_AS[@]}" mv "$new" "$cluster"
}

choose_socket() {
	socket=$data/run
	temporary=
	if pg_socket_fits "$socket"; then
		"${PG_AS[@]}" mkdir -p -m 700 "$socket"
	else # too long for a socket, or it would need quoting
		socket=$("${PG_AS[@]}" mktemp -d /tmp/sage-mcp.XXXXXX)
		temporary=$socket
	fi
}

# --- running ------------------------------------------------------------------

# Starts "$@" as the unprivileged user. It gets a session of its own, so that Ctrl-C
# comes to us alone and we keep the order; and should we be killed, it ends with the signal given.
launch() {
	local log=$1 signal=$2
	shift 2
	[ ! -e "$log" ] || mv -f "$log" "$log.1"
	(cd "$data" && exec setsid "${PG_AS[@]}" setpriv --pdeathsig "$signal" "$@") \
		>"$log" 2>&1 </dev/null {lock}>&- &
}

# The server does not wait for PostgreSQL: it listens at once and migrates when the database answers.
start() {
	pg_arguments "$socket"
	launch "$data/postgres.log" INT "$PG_BIN/postgres" -D "$cluster" "${PG_ARGUMENTS[@]}"
	postgres_pid=$!
	launch "$data/sage-mcp.log" TERM "$server" serve --listen "$listen" \
		--database-url "$(pg_uri "$socket" sage sage)"
	server_pid=$!
}

wait_until_ready() {
	local until=$((SECONDS + ready_within_s))
	until curl -fsS -m 2 -o /dev/null "$url/readyz" 2>/dev/null; do
		all_alive || return
		((SECONDS < until)) || give_up "the server was not ready within $ready_within_s s" sage-mcp
		sleep 0.02
	done
}

all_alive() {
	[ -z "$stopping" ] || return
	kill -0 "$postgres_pid" 2>/dev/null || give_up "PostgreSQL has ended" postgres
	kill -0 "$server_pid" 2>/dev/null || give_up "the server has ended" sage-mcp
}

give_up() {
	local log=$data/$2.log
	tail -n 15 "$log" >&2
	stop
	die "$1; its last words are above, all of them in $log"
}

# First the server, which answers what it has begun; then the database.
stop() {
	stopping=1
	end_process "${server_pid-}" TERM
	end_process "${postgres_pid-}" INT
	[ -z "${temporary-}" ] || rm -rf "$temporary"
}

end_process() {
	local pid=$1 signal=$2 until=$((SECONDS + drain_within_s))
	[ -n "$pid" ] || return 0
	kill -"$signal" "$pid" 2>/dev/null || return 0
	while kill -0 "$pid" 2>/dev/null; do
		((SECONDS < until)) || kill -KILL "$pid" 2>/dev/null || break
		sleep 0.02
	done
}

interrupted() {
	if [ -n "$stopping" ]; then # a second Ctrl-C: without waiting for open requests
		kill -TERM "${server_pid-}" 2>/dev/null || true
		return
	fi
	printf '\nStopping ...\n'
	stop
	say "Stopped. The memories are kept in $data."
	exit 0
}

print_welcome() {
	cat <<WELCOME

sage-mcp is ready:  $url/mcp
Memories are in     $data    (logs: sage-mcp.log, postgres.log)
Stop with           Ctrl-C

Try it:
  curl -s $url/mcp -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_status","arguments":{}}}'

Claude Code:
  claude mcp add --transport http sage $url/mcp

Cursor, in ~/.cursor/mcp.json:
  {"mcpServers": {"sage": {"url": "$url/mcp"}}}

VS Code, in .vscode/mcp.json:
  {"servers": {"sage": {"type": "http", "url": "$url/mcp"}}}

Codex, in ~/.codex/config.toml:
  [mcp_servers.sage]
  url = "$url/mcp"

WELCOME
}

main() {
	read_arguments "$@"
	"$root/deploy/setup.sh" --for run
	choose_user_and_data
	find_postgresql
	take_data
	check_port
	build
	make_cluster
	choose_socket
	stopping=
	trap interrupted INT TERM HUP
	start
	wait_until_ready
	print_welcome
	wait -n "$postgres_pid" "$server_pid" || true
	all_alive
}

main "$@"
