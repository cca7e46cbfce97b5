#!/bin/sh
# Backs up the database, and proves it: the dump is restored into a scratch database, and the rows
# and hashes of every table must be those of the moment of the dump.
#
#	deploy/backup-sage-db.sh [--dir DIR] [options]
#
#	--dir DIR            where to (/backup/sage-db, or BACKUP_DIR)
#	--keep-days N        verified backups older than this are removed; the newest never is (7)
#	--encrypt age:KEY    or gpg:KEY, for this recipient; the plain dump does not stay on disk
#	--metrics DIR        writes sage_backup.prom there, for node-exporter's textfile collector
#	--container NAME     the database's container; or set DB_HOST (see deploy/lib/database.sh)
#	--json               one JSON object on stdout instead of a line for people
#	--quiet              says nothing unless something is wrong
#
# A backup NAME is NAME.dump (pg_dump's custom format; .age or .gpg behind it when encrypted),
# NAME.tables (rows and hash of every table) and NAME.sha256. An incomplete one is called *.part.
# Exit status: 0 verified, 1 failed, 2 wrong use, 3 not the same after restoring, 4 already running.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/database.sh
. "$root/deploy/lib/database.sh"

dir=${BACKUP_DIR:-/backup/sage-db}
keep_days=${BACKUP_KEEP_DAYS:-7}
encrypt=${BACKUP_ENCRYPT-}
metrics=${BACKUP_METRICS_DIR-}
json=
quiet=

takes='--dir:dir --keep-days:keep_days --encrypt:encrypt --metrics:metrics --container:container'
flags='--json:json --quiet:quiet'

read_options "$@"
is_number "$keep_days" || die_usage "--keep-days takes a number, not '$keep_days'"
case $encrypt in
'') suffix= ;;
age:?* | gpg:?*)
	need "${encrypt%%:*}"
	suffix=.${encrypt%%:*}
	;;
*) die_usage "--encrypt takes age:RECIPIENT or gpg:RECIPIENT, not '$encrypt'" ;;
esac

began=$(date +%s)
name=sage_memory_$(date -u +%Y%m%d_%H%M%S)
scratch=
lock=

# --- what is left behind ---------------------------------------------------------

# On every way out: no half backup, no scratch database, and the failure in the metrics.
clean_up() {
	status=$?
	trap - EXIT
	[ -z "$scratch" ] || sql postgres "DROP DATABASE IF EXISTS \"$scratch\"" >/dev/null 2>&1 || true
	if [ -n "$lock" ]; then
		rm -f "$dir/$name".*part
		[ "$status" -eq 0 ] || write_metrics "$(verified_before)" 0 0
		rm -rf "$lock"
	fi
	exit "$status"
}

verified_before() {
	sed -n 's/^backup_verified_timestamp //p' "$metrics/sage_backup.prom" 2>/dev/null || true
}

metrics_text() {
	printf '# HELP backup_verified_timestamp When the newest verified backup was made, in seconds since 1970.\n'
	printf '# TYPE backup_verified_timestamp gauge\nbackup_verified_timestamp %s\n' "${1:-0}"
	printf '# HELP backup_last_success Whether the last attempt ended in a verified backup.\n'
	printf '# TYPE backup_last_success gauge\nbackup_last_success %s\n' "$3"
	printf '# HELP backup_last_size_bytes Size of the last backup.\n'
	printf '# TYPE backup_last_size_bytes gauge\nbackup_last_size_bytes %s\n' "$2"
	printf '# HELP backup_last_duration_seconds How long the last attempt took.\n'
	printf '# TYPE backup_last_duration_seconds gauge\nbackup_last_duration_seconds %s\n' $(($(date +%s) - began))
}

# write_metrics VERIFIED BYTES SUCCESS
write_metrics() {
	[ -n "$metrics" ] || return 0
	metrics_text "$@" >"$metrics/sage_backup.prom.part" || return 0
	chmod 644 "$metrics/sage_backup.prom.part"
	mv "$metrics/sage_backup.prom.part" "$metrics/sage_backup.prom"
}

# A lock whose holder has died is taken over.
take_lock() {
	lock=$dir/.lock
	if ! mkdir "$lock" 2>/dev/null; then
		holder=$(cat "$lock/pid" 2>/dev/null || echo 0)
		if [ "$holder" -gt 0 ] && kill -0 "$holder" 2>/dev/null; then
			lock=
			printf '%s: another backup (process %s) is under way in %s\n' "$me" "$holder" "$dir" >&2
			exit 4
		fi
	fi
	echo $$ >"$lock/pid"
}

# --- dump ------------------------------------------------------------------------

# One psql holds the snapshot that the hashes and pg_dump both see; the dump goes to stdout.
dump_script() {
	printf 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n'
	printf 'SELECT pg_export_snapshot() AS snapshot \\gset\n'
	printf '\\o |sed "s/^/table:/" >&2\n'
	fingerprint_script
	printf '\\o\n\\setenv SNAPSHOT :snapshot\n'
	# shellcheck disable=SC2016 # psql's shell fills it in
	printf '\\! pg_dump -d "%s" --format=custom --snapshot="$SNAPSHOT" --no-publications --no-subscriptions; echo "pg_dump:$?" >&2\n' \
		"$database"
	printf 'COMMIT;\n'
}

why_failed() {
	free_kb=$(df -Pk "$dir" | awk 'NR == 2 {print $4}')
	if [ "${free_kb:-0}" -lt 1024 ]; then
		printf 'the disk of %s is full' "$dir"
	else
		grep -v '^table:\|^pg_dump:' "$dir/$name.said.part" | tail -n 1
	fi
}

dump() {
	dump_script | db psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" -f - \
		>"$dir/$name.dump.part" 2>"$dir/$name.said.part" || die "the dump failed: $(why_failed)"
	grep -qx 'pg_dump:0' "$dir/$name.said.part" || die "pg_dump failed: $(why_failed)"
	sed -n 's/^table://p' "$dir/$name.said.part" | grep -v '^SET$' >"$dir/$name.tables.part"
	grep -q '^memories|' "$dir/$name.tables.part" || die "the database $database has no table memories; is it the right one?"
}

# --- verify ----------------------------------------------------------------------

verify() {
	scratch=sage_verify_$(date -u +%Y%m%d%H%M%S)_$$
	new_database "$scratch" || die "cannot make the scratch database $scratch"
	db pg_restore -d "$scratch" --no-owner --no-privileges --no-comments --exit-on-error \
		<"$dir/$name.dump.part" 2>"$dir/$name.said.part" ||
		die "the dump cannot be restored: $(first_error "$dir/$name.said.part")"
	fingerprint "$scratch" >"$dir/$name.restored.part"
	if ! cmp -s "$dir/$name.tables.part" "$dir/$name.restored.part"; then
		diff "$dir/$name.tables.part" "$dir/$name.restored.part" >&2 || true
		printf '%s: what was restored is not what was dumped; the backup is not kept\n' "$me" >&2
		exit 3
	fi
}

# --- keep ------------------------------------------------------------------------

seal() {
	case $encrypt in
	'') mv "$dir/$name.dump.part" "$dir/$name.dump" ;;
	age:*) age -r "${encrypt#age:}" -o "$dir/$name.dump.age.part" "$dir/$name.dump.part" ;;
	gpg:*) gpg --batch --yes --trust-model always -r "${encrypt#gpg:}" -o "$dir/$name.dump.gpg.part" \
		-e "$dir/$name.dump.part" ;;
	esac || die "$encrypt: the backup cannot be encrypted"
	[ -z "$suffix" ] || mv "$dir/$name.dump$suffix.part" "$dir/$name.dump$suffix"
	mv "$dir/$name.tables.part" "$dir/$name.tables"
	(cd "$dir" && sha256sum "$name.dump$suffix" "$name.tables" >"$name.sha256.part" && mv "$name.sha256.part" "$name.sha256")
	sync "$dir/$name.dump$suffix" "$dir/$name.tables" "$dir/$name.sha256" "$dir"
}

# Only files that this script has made, and never those of this run.
remove_old() {
	find "$dir" -maxdepth 1 -type f -name 'sage_memory_[0-9]*_[0-9]*.*' -mmin +$((keep_days * 1440)) \
		! -name "$name.*" -print -delete | wc -l
}

umask 077
mkdir -p "$dir" 2>/dev/null || die "cannot make the directory $dir"
[ -w "$dir" ] || die "cannot write to $dir"
[ -z "$metrics" ] || [ -w "$metrics" ] || die "cannot write to $metrics"
trap clean_up EXIT
trap 'exit 1' INT TERM HUP
take_lock
db_open
db_must_answer
dump
verify
seal
removed=$(remove_old)
bytes=$(wc -c <"$dir/$name.dump$suffix" | tr -d ' ')
rows=$(awk -F'|' '$1 == "memories" {print $2}' "$dir/$name.tables")
write_metrics "$began" "$bytes" 1
if [ -n "$json" ]; then
	printf '{"status":"verified","file":%s,"bytes":%s,"memories":%s,"seconds":%s,"removed":%s}\n' \
		"$(json_string "$dir/$name.dump$suffix")" "$bytes" "$rows" $(($(date +%s) - began)) "$removed"
else
	say "verified backup of $rows memories: $dir/$name.dump$suffix ($bytes bytes)"
fi
