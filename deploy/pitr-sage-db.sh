#!/bin/sh
# Point-in-time recovery: the database as it was at any second since the oldest base backup.
#
#	deploy/pitr-sage-db.sh base                   starts archiving, makes a base backup, drops what is too old
#	deploy/pitr-sage-db.sh list                   base backups and the time since when recovery is possible
#	deploy/pitr-sage-db.sh recover TIME           into a new volume: '2026-11-25 02:00:00+00', or "latest"
#
#	--keep N          base backups that stay (2), with all WAL since the oldest of them
#	--env-file FILE   for compose (.env.production)
#	--file FILE       compose file (docker-compose.prod.yml)
#
# The archive is the volume sage-wal-archive; put it on another disk than the database, or copy it
# away. The running database is not touched by recover, which takes the other of the two volumes
# sage-db-data and sage-db-recovered. DB_VOLUME in .env.production names it then; compose rm -s -f sage-db;
# compose up -d.
# Exit status: 0 done, 1 failed, 2 wrong use.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/compose.sh
. "$root/deploy/lib/compose.sh"

keep=2
recover_within_s=600
action=
when=
takes="--keep:keep $compose_takes"
flags=''

take_word() {
	case $1 in
	base | list | recover) action=$1 ;;
	-*) return 1 ;;
	*) [ "$action" = recover ] && [ -z "$when" ] && when=$1 ;;
	esac
}

read_options "$@"
[ -n "$action" ] || die_usage "what to do: base, list or recover?"
{ is_number "$keep" && [ "$keep" -gt 0 ]; } || die_usage "--keep takes a number above 0, not '$keep'"

# in_database COMMAND...: as PostgreSQL's user in the container of the primary.
in_database() {
	"$docker" exec -i -u postgres "$db" "$@"
}

# The archive belongs to root when it is new; the entrypoint does not know it.
enable_archive() {
	"$docker" exec -u 0 "$db" sh -c 'chown postgres:postgres /wal-archive && chmod 700 /wal-archive'
	in_database sh -c 'mkdir -p /wal-archive/base && touch /wal-archive/enabled'
}

# WAL from before the oldest base backup leads nowhere.
drop_old() {
	# shellcheck disable=SC2016 # for the shell in the container
	in_database sh -eu -c '
		cd /wal-archive/base
		ls -d [0-9]* | sort | head -n "-$0" | while read -r old; do rm -rf "$old"; done
		oldest=$(ls -d [0-9]* | sort | head -n 1)
		first=$(sed -n "s/.*(file \([0-9A-F]*\)).*/\1/p" "$oldest/backup_label" | head -n 1)
		pg_archivecleanup /wal-archive "$first"' "$keep"
}

base() {
	enable_archive
	name=$(date -u +%Y%m%dT%H%M%SZ)
	# shellcheck disable=SC2016
	in_database sh -eu -c 'pg_basebackup -D "/wal-archive/base/$0.part" -X none -c fast --no-manifest &&
		mv "/wal-archive/base/$0.part" "/wal-archive/base/$0"' "$name" >"$log" 2>&1 || {
		in_database rm -rf "/wal-archive/base/$name.part"
		die "the base backup failed: $(tail -n 1 "$log")"
	}
	drop_old
	say "base backup $name; recovery is possible to any second after it"
}

list() {
	in_database sh -c 'ls -d /wal-archive/base/[0-9]* 2>/dev/null | sed "s|.*/||"' | sort | {
		printf '{"base_backups":['
		separator=
		while read -r name; do
			printf '%s"%s"' "$separator" "$name"
			separator=,
		done
		printf ']'
	}
	printf ',"archived":%s}\n' "$(in_database psql -X -qAt -c "SELECT coalesce(to_json(date_trunc('second', last_archived_time))::text, 'null') FROM pg_stat_archiver")"
}

# The newest base backup from before the wanted time.
choose_base() {
	if [ "$when" = latest ]; then
		limit=99999999T999999Z
	else
		limit=$(date -u -d "$when" +%Y%m%dT%H%M%SZ 2>/dev/null) || die_usage "'$when' is no time; write '2026-11-25 02:00:00+00'"
	fi
	chosen=$(in_database sh -c 'ls -d /wal-archive/base/[0-9]* 2>/dev/null | sed "s|.*/||"' | sort |
		awk -v limit="$limit" '$0 <= limit' | tail -n 1)
	[ -n "$chosen" ] || die "there is no base backup from before $when"
}

# Run in a container of its own, on a volume of its own: nothing of the running database is written to.
recover_script() {
	cat <<'SCRIPT'
set -eu
export HOME=/var/lib/postgresql PGDATA=/var/lib/postgresql/data
mkdir -p /run/postgres-tls
cp -a "/wal-archive/base/$1/." "$PGDATA/"
rm -f "$PGDATA/standby.signal" "$PGDATA/postmaster.pid"
touch "$PGDATA/recovery.signal"
chown -R postgres:postgres "$PGDATA"
chmod 700 "$PGDATA"
set -- "$2"
[ "$1" = latest ] && set -- || set -- -c "recovery_target_time=$1"
setpriv --reuid postgres --regid postgres --init-groups -- postgres -c config_file=/etc/postgresql/postgresql.conf \
	-c ssl=off -c listen_addresses= -c archive_mode=off -c synchronous_standby_names= \
	-c 'restore_command=cp "/wal-archive/%f" "%p"' -c recovery_target_action=promote "$@" &
server=$!
trap 'kill -INT $server; wait $server' EXIT
until [ "$(setpriv --reuid postgres --regid postgres --init-groups -- psql -X -qAt -d postgres -c 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; do
	kill -0 $server || exit 1
	sleep 1
done
SCRIPT
}

volume_at() {
	"$docker" inspect -f "{{range .Mounts}}{{if eq .Destination \"$1\"}}{{.Name}}{{end}}{{end}}" "$db"
}

# Compose may have made the other volume already; nothing is in it then.
is_empty() {
	! "$docker" volume inspect "$1" >/dev/null 2>&1 ||
		[ -z "$("$docker" run --rm --network none -v "$1:/volume:ro" --entrypoint ls "$(image_of "$db")" -A /volume)" ]
}

recover() {
	[ -n "$when" ] || die_usage "recover takes a time"
	new=sage-db-recovered
	[ "$(volume_at /var/lib/postgresql/data)" != "${compose_project}_$new" ] || new=sage-db-data
	volume=${compose_project}_$new
	is_empty "$volume" ||
		die "there is something in the volume $volume; when it is not needed any more: docker volume rm $volume"
	choose_base
	# What has been written until now shall be in the archive.
	in_database psql -X -q -o /dev/null -c "SELECT pg_switch_wal()"
	sleep 2
	archive=$(volume_at /wal-archive)
	"$docker" volume create --label "com.docker.compose.project=$compose_project" \
		--label "com.docker.compose.volume=$new" "$volume" >/dev/null
	recover_script | timeout $recover_within_s "$docker" run --rm -i --network none \
		-v "$volume:/var/lib/postgresql/data" -v "$archive:/wal-archive:ro" -v "$root/deploy/postgres:/etc/postgresql:ro" \
		--tmpfs /tmp --entrypoint sh "$(image_of "$db")" -s "$chosen" "$when" >"$log" 2>&1 || {
		tail -n 5 "$log" >&2
		"$docker" volume rm "$volume" >/dev/null
		die "recovery failed; what PostgreSQL said last is above"
	}
	say "recovered from $chosen to $when into $new; to use it: DB_VOLUME=$new in the environment file," \
		"compose rm -s -f sage-db, compose up -d"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
compose_open
db=$(container_of sage-db)
$action
