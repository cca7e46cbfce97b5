#!/bin/sh
# Restores a backup of backup-sage-db.sh: into a new database first, which takes the place of the
# old one only when the rows and hashes of every table are those of the backup.
#
#	deploy/restore-sage-db.sh FILE [options]
#
#	--verify-only        restores and compares, then removes the new database again
#	--identity FILE      the age identity (private key) of a backup that ends in .age
#	--drop-old           removes the old database after the swap; otherwise it stays as NAME_before_TIME
#	--container NAME     the database's container; or set DB_HOST (see deploy/lib/database.sh)
#	--json               one JSON object on stdout
#	--quiet              says nothing unless something is wrong
#
# The server may go on running: its connections are ended for the swap, which takes less than a
# second, and it opens new ones. What was saved after the backup is in the old database.
# Exit status: 0 restored, 1 failed, 2 wrong use, 3 the backup is not as it was; nothing is changed then.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/database.sh
. "$root/deploy/lib/database.sh"

file=
identity=
verify_only=
drop_old=
json=
quiet=
takes='--identity:identity --container:container'
flags='--verify-only:verify_only --drop-old:drop_old --json:json --quiet:quiet'

take_word() {
	case $1 in -*) return 1 ;; esac
	[ -z "$file" ] || die_usage "one file at a time"
	file=$1
}

read_options "$@"
[ -n "$file" ] || die_usage "which backup?"
[ -r "$file" ] || die "there is no file $file"
name=${file%.age}
name=${name%.gpg}
name=${name%.dump}

new=
work=$(mktemp -d)
clean_up() {
	status=$?
	trap - EXIT
	rm -rf "$work"
	[ -z "$new" ] || sql postgres "DROP DATABASE IF EXISTS \"$new\"" >/dev/null 2>&1 || true
	exit "$status"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

not_as_it_was() {
	printf '%s: %s; nothing was changed\n' "$me" "$*" >&2
	exit 3
}

check_file() {
	{ [ -r "$name.sha256" ] && [ -r "$name.tables" ]; } ||
		not_as_it_was "$name.sha256 and $name.tables belong to the backup and are missing"
	(cd "$(dirname "$name")" && sha256sum --quiet -c "$(basename "$name").sha256") >/dev/null 2>&1 ||
		not_as_it_was "$file is damaged: its checksum is not that of $name.sha256"
}

read_dump() {
	case $file in
	*.age)
		need age
		[ -n "$identity" ] || die "$file is encrypted: give the key with --identity"
		age -d -i "$identity" "$file"
		;;
	*.gpg)
		need gpg
		gpg --batch --quiet -d "$file"
		;;
	*) cat "$file" ;;
	esac
}

# The owner of the old database, else the server's role, owns what is restored.
owner() {
	found=$(sql postgres "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '$database'")
	printf '%s' "${found:-${DB_USER:-sage}}"
}

restore() {
	new=${database}_restore_$(date -u +%Y%m%d%H%M%S)
	owner=$(owner)
	new_database "$new" || die "cannot make the database $new"
	sql postgres "ALTER DATABASE \"$new\" OWNER TO \"$owner\"; REVOKE CONNECT, TEMPORARY ON DATABASE \"$new\" FROM PUBLIC"
	grants=$(sql postgres "SELECT format('GRANT CONNECT ON DATABASE %I TO %I;', '$new', rolname)
		FROM pg_roles WHERE rolname IN ('monitor', 'backup', 'replicator')")
	[ -z "$grants" ] || sql postgres "$grants"
	# To a file first: a broken pipe must not look like the end of a dump.
	read_dump >"$work/dump" || die "$file cannot be read"
	# The extension is there already and belongs to the superuser, like the comment on it.
	db pg_restore -d "$new" --no-owner --role="$owner" --no-privileges --no-comments --exit-on-error \
		<"$work/dump" 2>"$work/said" ||
		die "restoring failed: $(first_error "$work/said"); nothing was changed"
	fingerprint "$new" >"$work/tables"
	cmp -s "$name.tables" "$work/tables" || not_as_it_was "what was restored is not what the backup says"
}

# No connection may remain, nor come between the two renamings.
swap() {
	old=${database}_before_$(date -u +%Y%m%d%H%M%S)
	exists=$(sql postgres "SELECT 1 FROM pg_database WHERE datname = '$database'")
	if [ -z "$exists" ]; then
		old=
		sql postgres "ALTER DATABASE \"$new\" RENAME TO \"$database\""
	else
		sql postgres "ALTER DATABASE \"$database\" ALLOW_CONNECTIONS false"
		sql postgres "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = '$database'" >/dev/null
		sql postgres "BEGIN; ALTER DATABASE \"$database\" RENAME TO \"$old\";
			ALTER DATABASE \"$new\" RENAME TO \"$database\"; COMMIT" || {
			sql postgres "ALTER DATABASE \"$database\" ALLOW_CONNECTIONS true"
			die "the swap failed; the old database is in service"
		}
		sql postgres "ALTER DATABASE \"$old\" ALLOW_CONNECTIONS true"
	fi
	new=
	[ -z "$drop_old" ] || [ -z "$old" ] || { sql postgres "DROP DATABASE \"$old\"" && old=; }
}

check_file
db_open
sql postgres 'SELECT 1' >/dev/null || die "the database server does not answer"
restore
rows=$(awk -F'|' '$1 == "memories" {print $2}' "$work/tables")
if [ -n "$verify_only" ]; then
	say "$file is as it was: $rows memories"
	[ -z "$json" ] || printf '{"status":"verified","memories":%s}\n' "$rows"
	exit 0
fi
swap
if [ -n "$json" ]; then
	printf '{"status":"restored","database":%s,"memories":%s,"old":%s}\n' "$(json_string "$database")" "$rows" \
		"$(json_string "$old")"
else
	say "restored $rows memories into $database${old:+; the old database is $old}"
fi
