#!/bin/sh
# The two database nodes of docker-compose.prod.yml with --profile replica: who is the primary,
# and how the other becomes it.
#
#	deploy/failover-sage-db.sh status           one JSON object
#	deploy/failover-sage-db.sh sync on|off      whether a commit waits for the replica
#	deploy/failover-sage-db.sh promote          the replica becomes the primary
#	deploy/failover-sage-db.sh rejoin           the node that was replaced becomes a replica of the new primary
#
#	--env-file FILE   for compose (.env.production)
#	--file FILE       compose file (docker-compose.prod.yml)
#
# The servers need both names: DB_HOST=sage-db,sage-db-replica; they use the one that takes writes.
# What may be lost: with "sync on" nothing that was acknowledged. With "sync off" nothing when the
# primary was stopped by promote; when it died, what it had not sent yet: usually milliseconds.
# A replaced node does not start again by itself: it would be a second primary.
# Exit status: 0 done, 1 failed, 2 wrong use.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/compose.sh
. "$root/deploy/lib/compose.sh"
# shellcheck source=deploy/lib/database.sh
. "$root/deploy/lib/database.sh"
# shellcheck source=deploy/lib/nodes.sh
. "$root/deploy/lib/nodes.sh"

nodes='sage-db sage-db-replica'
slots='sage_db, sage_db_replica'
stop_within_s=60
catch_up_within_s=60

# node_id SERVICE: its container, running or not.
node_id() {
	"$docker" ps -aq --filter "label=com.docker.compose.project=$compose_project" \
		--filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False | head -n 1
}

is_running() {
	[ -n "$(node_id "$1")" ] && [ "$("$docker" inspect -f '{{.State.Running}}' "$(node_id "$1")")" = true ]
}

# primary, replica, or why it is neither.
role_of() {
	if ! is_running "$1"; then
		echo stopped
	elif recovering=$(on "$1" postgres 'SELECT pg_is_in_recovery()' 2>/dev/null); then
		case $recovering in f) echo primary ;; *) echo replica ;; esac
	else
		echo unreachable
	fi
}

find_nodes() {
	primary=
	replica=
	for node in $nodes; do
		case $(role_of "$node") in
		primary)
			[ -z "$primary" ] || die "both nodes are primaries; stop one of them now: docker stop $(node_id "$node")"
			primary=$node
			;;
		replica) replica=$node ;;
		esac
	done
}

other() {
	case $1 in
	sage-db) echo sage-db-replica ;;
	*) echo sage-db ;;
	esac
}

status() {
	find_nodes
	printf '{"nodes":{"sage-db":"%s","sage-db-replica":"%s"},"primary":%s' "$(role_of sage-db)" \
		"$(role_of sage-db-replica)" "$(json_string "$primary")"
	if [ -n "$primary" ]; then
		printf ',"synchronous":%s,"behind_bytes":%s' \
			"$(on "$primary" postgres "SELECT current_setting('synchronous_standby_names') <> ''" | sed 's/^t$/true/;s/^f$/false/')" \
			"$(on "$primary" postgres "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::text, 'null') FROM pg_stat_replication")"
	fi
	printf '}\n'
}

set_sync() {
	find_nodes
	[ -n "$primary" ] || die "there is no primary"
	if [ "$1" = on ]; then
		[ -n "$replica" ] || die "there is no replica; every commit would wait for it"
		on "$primary" postgres "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 ($slots)'"
	else
		on "$primary" postgres 'ALTER SYSTEM RESET synchronous_standby_names'
	fi
	on "$primary" postgres 'SELECT pg_reload_conf()' >/dev/null
	say "a commit waits for the replica: $1"
}

# Before anything else, so that the old primary cannot come back as one, whatever starts it.
fence() {
	id=$(node_id "$1")
	# shellcheck disable=SC2016 # for the shell in the container
	"$docker" run --rm --network none --volumes-from "$id" --entrypoint sh "$(image_of "$id")" \
		-c 'echo "$0" >"$PGDATA/replaced-by"' "$2 on $(date -u +%FT%TZ)"
	"$docker" stop -t $stop_within_s "$id" >/dev/null
}

# What it has received is all there will be.
has_replayed() {
	[ "$(on "$1" postgres 'SELECT pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn()')" = t ]
}

promote() {
	find_nodes
	[ -n "$replica" ] || die "there is no running replica to promote"
	old=$(other "$replica")
	new=$replica
	fence "$old" "$new"
	wait_until $catch_up_within_s has_replayed "$new" || die "$new has not caught up within $catch_up_within_s s; try again"
	[ "$(on "$new" postgres 'SELECT pg_promote(true, 60)')" = t ] || die "$new was not promoted; its log says why"
	# Nobody could confirm a commit until the old node has come back as a replica.
	on "$new" postgres 'ALTER SYSTEM RESET synchronous_standby_names'
	on "$new" postgres 'SELECT pg_reload_conf()' >/dev/null
	on "$new" postgres "SELECT pg_create_physical_replication_slot('$(sql_name "$old")', true)
		WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$(sql_name "$old")')" >/dev/null
	say "$new is the primary; $old is stopped and fenced: deploy/failover-sage-db.sh rejoin brings it back"
	for id in $(containers_of sage-mcp); do
		uses_database "$id" "$new" ||
			say "the servers do not know $new: set DB_HOST=sage-db,sage-db-replica and start them again"
	done
}

rejoin() {
	find_nodes
	[ -n "$primary" ] || die "there is no primary to follow"
	old=$(other "$primary")
	[ "$(role_of "$old")" = stopped ] || die "$old is running as $(role_of "$old")"
	# pg_rewind reads the new timeline from the control file, where only a checkpoint writes it.
	on "$primary" postgres 'CHECKPOINT'
	id=$(node_id "$old")
	[ -n "$id" ] || die "there is no container of $old; start the service instead"
	# The same container in all but its command: volumes, secrets, environment, network.
	"$docker" run --rm --volumes-from "$id" --network "${compose_project}_database" --tmpfs /run/postgres-tls \
		--entrypoint sh -e SAGE_TLS=on -e "SAGE_SLOT=$(sql_name "$old")" \
		"$(image_of "$id")" /etc/postgresql/start.sh --clone "$primary" >&2 ||
		die "$old could not be made a replica; what was said is above"
	"$docker" start "$id" >/dev/null
	wait_healthy "$id" 120 || die "$old does not become healthy: docker logs $id"
	say "$old is a replica of $primary"
}

action=
how=
takes=$compose_takes
flags=''

take_word() {
	case $1 in
	status | sync | promote | rejoin) action=$1 ;;
	on | off) how=$1 ;;
	*) return 1 ;;
	esac
}

read_options "$@"
[ -n "$action" ] || die_usage "what to do: status, sync, promote or rejoin?"
compose_open
case $action in
sync)
	[ -n "$how" ] || die_usage "sync takes on or off"
	set_sync "$how"
	;;
*) $action ;;
esac
