#!/bin/sh
# To the next major version of PostgreSQL while agents work, and back when need be.
#
#	deploy/upgrade-sage-db.sh prepare    starts sage-db-next and lets it follow sage-db
#	deploy/upgrade-sage-db.sh status     one JSON object: how far it is
#	deploy/upgrade-sage-db.sh switch     writes go to sage-db-next; sage-db follows it from then on
#	deploy/upgrade-sage-db.sh rollback   writes go to sage-db again, with all that was saved meanwhile
#	deploy/upgrade-sage-db.sh finish     the old one is let go; says what to put into the environment file
#
#	--quick           switch compares the rows of every table, not the hashes too: less waiting
#	--env-file FILE   for compose (.env.production)
#	--file FILE       compose file (docker-compose.prod.yml)
#
# DB_NEXT_IMAGE is the new version (pgvector/pgvector:pg17). The servers need both names before
# "switch": DB_HOST=sage-db,sage-db-next; they use the one that takes writes. While it switches, calls
# wait or are told to come again: for the comparison, and a second or two. Do not install
# a version of sage-mcp with new migrations between prepare and finish.
# Exit status: 0 done, 1 failed (and the old one is in service), 2 wrong use.
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

healthy_within_s=180
copied_within_s=86400
caught_up_within_s=60
quick=
action=
takes=$compose_takes
flags='--quick:quick'

take_word() {
	case $1 in
	prepare | status | switch | rollback | finish) action=$1 ;;
	*) return 1 ;;
	esac
}

read_options "$@"
[ -n "$action" ] || die_usage "what to do: prepare, status, switch, rollback or finish?"

# --- two nodes ------------------------------------------------------------------

tables_of() {
	node_open "$1" && fingerprint "$database" "${quick:+counts}"
}

# The name of a subscription says who leads.
subscription_to() {
	printf 'from_%s' "$(sql_name "$1")"
}

# follow FOLLOWER LEADER COPY
follow() {
	name=$(subscription_to "$2")
	on "$1" "$database" "CREATE SUBSCRIPTION $name CONNECTION 'host=$2 dbname=$database user=replicator passfile=/run/postgres-tls/pgpass sslmode=verify-full sslrootcert=/run/secrets/ca_cert application_name=$name' PUBLICATION sage_upgrade WITH (copy_data = $3)" 2>/dev/null ||
		die "$1 cannot follow $2; its log says why"
}

unfollow() {
	on "$1" "$database" "DROP SUBSCRIPTION IF EXISTS $(subscription_to "$2")" 2>/dev/null
}

# For the server's role alone: what is replicated is written by another.
writes() {
	case $2 in
	off) on "$1" postgres "ALTER ROLE \"$role\" IN DATABASE \"$database\" SET default_transaction_read_only = on" ;;
	on) on "$1" postgres "ALTER ROLE \"$role\" IN DATABASE \"$database\" RESET default_transaction_read_only" ;;
	esac
	on "$1" postgres "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE usename = '$role' AND datname = '$database'" >/dev/null
}

takes_writes() {
	[ -z "$(on "$1" postgres "SELECT 1 FROM pg_db_role_setting s, unnest(setconfig) c
		WHERE setrole = '\"$role\"'::regrole AND c LIKE 'default_transaction_read_only=%'")" ]
}

# has_followed LEADER LSN
has_followed() {
	[ "$(on "$1" postgres "SELECT coalesce(bool_and(replay_lsn >= '$2'), false) FROM pg_stat_replication
		WHERE application_name = '$(subscription_to "$1")'")" = t ]
}

# Until the follower has all that the leader has written up to now.
catch_up() {
	wait_until $caught_up_within_s has_followed "$1" "$(on "$1" postgres 'SELECT pg_current_wal_lsn()')"
}

# Both at once, for nobody may write meanwhile.
same() {
	tables_of "$1" >"$work/$1" &
	one=$!
	(tables_of "$2") >"$work/$2" || {
		wait "$one"
		return 1
	}
	wait "$one" && [ -s "$work/$1" ] && cmp -s "$work/$1" "$work/$2"
}

# Logical replication leaves sequences out.
copy_sequences() {
	moves=$(on "$1" "$database" "SELECT format('SELECT setval(%L, %s);', quote_ident(schemaname) || '.' || quote_ident(sequencename), last_value)
		FROM pg_sequences WHERE last_value IS NOT NULL")
	[ -z "$moves" ] || on "$2" "$database" "$moves" >/dev/null
}

# hand_over FROM TO: one stops taking writes, the other has everything, and takes them.
hand_over() {
	writes "$1" off
	catch_up "$1" || {
		writes "$1" on
		die "$2 did not catch up within $caught_up_within_s s; $1 is in service as before"
	}
	same "$1" "$2" || {
		writes "$1" on
		die "$2 does not have the same rows; $1 is in service as before"
	}
	copy_sequences "$1" "$2"
	unfollow "$2" "$1"
	follow "$1" "$2" false
	writes "$2" on
}

# --- the work -------------------------------------------------------------------

is_copied() {
	[ "$(on sage-db-next "$database" "SELECT coalesce(bool_and(srsubstate = 'r'), false) FROM pg_subscription_rel")" = t ]
}

prepare() {
	compose --profile next up -d --no-deps --no-recreate sage-db-next >/dev/null 2>&1 || die "compose could not start sage-db-next"
	wait_healthy "$(container_of sage-db-next)" $healthy_within_s || die "sage-db-next does not become healthy"
	without_key=$(on sage-db "$database" "SELECT string_agg(relname, ', ') FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
		AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)")
	[ -z "$without_key" ] || die "tables without a primary key cannot be followed: $without_key"
	writes sage-db-next off
	# The extension is there already, like everything that init made.
	"$docker" exec -u postgres "$(container_of sage-db)" pg_dump -d "$database" --schema-only --no-publications --no-subscriptions |
		grep -v '^CREATE EXTENSION\|^COMMENT ON EXTENSION' |
		"$docker" exec -i -u postgres "$(container_of sage-db-next)" psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d "$database" ||
		die "the schema cannot be copied"
	for node in sage-db sage-db-next; do
		on "$node" "$database" 'CREATE PUBLICATION sage_upgrade FOR ALL TABLES'
	done
	follow sage-db-next sage-db true
	wait_until $copied_within_s is_copied || die "the tables are not copied after $copied_within_s s; status says how far it is"
	say "sage-db-next has everything and follows; next: deploy/upgrade-sage-db.sh switch"
}

status() {
	for node in sage-db sage-db-next; do
		if takes_writes "$node"; then serving=$node; fi
	done
	printf '{"serving":"%s","version":{"sage-db":"%s","sage-db-next":"%s"},"tables_behind":%s}\n' "$serving" \
		"$(on sage-db postgres 'SHOW server_version_num')" "$(on sage-db-next postgres 'SHOW server_version_num')" \
		"$(on sage-db-next "$database" "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'")"
}

check_servers() {
	for id in $(containers_of sage-mcp) $(containers_of sage-mcp-green); do
		uses_database "$id" sage-db-next ||
			die "the servers do not know sage-db-next: set DB_HOST=sage-db,sage-db-next and deploy/roll-sage-mcp.sh restart"
	done
}

switch() {
	check_servers
	takes_writes sage-db || die "sage-db-next is in service already"
	hand_over sage-db sage-db-next
	say "sage-db-next is in service, sage-db follows; back with rollback, on with finish"
}

rollback() {
	takes_writes sage-db-next || die "sage-db is in service already"
	hand_over sage-db-next sage-db
	say "sage-db is in service, sage-db-next follows"
}

finish() {
	takes_writes sage-db-next || die "sage-db is still in service; switch first"
	unfollow sage-db sage-db-next
	on sage-db-next "$database" 'DROP PUBLICATION sage_upgrade'
	image=$(image_of "$(container_of sage-db-next)")
	"$docker" stop -t 120 "$(container_of sage-db)" >/dev/null
	say "sage-db is stopped; its data is kept. Now, for the new one to be sage-db:" \
		"DB_IMAGE=$image, DB_VOLUME=sage-db-next-data, DB_HOST=sage-db in the environment file;" \
		"compose --profile next stop sage-db-next; compose rm -s -f sage-db; compose up -d"
}

compose_open
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
container=$(container_of sage-db)
role=$("$docker" exec "$container" printenv DB_USER)
database=$("$docker" exec "$container" printenv DB_NAME)
$action
