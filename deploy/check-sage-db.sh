#!/bin/sh
# Looks at the database and says what is well and what is not, one line each.
#
#	deploy/check-sage-db.sh [options]
#
#	--container NAME    the database's container; or set DB_HOST (see deploy/lib/database.sh)
#	--backup-dir DIR    also: is the newest backup there younger than 26 hours?
#	--diagnose          also: roles, sizes, waits and the slowest statements, for people
#	--json              one JSON object on stdout instead
#	--quiet             only what is not well
#
# Exit status: 0 all is well, 1 it could not be looked at, 2 wrong use, 3 something failed.
# A warning is no failure: it will become one when nobody looks.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/database.sh
. "$root/deploy/lib/database.sh"
# shellcheck source=deploy/lib/report.sh
. "$root/deploy/lib/report.sh"

vector_oldest=0.7.0
backup_hours=26
backup_dir=
diagnose=
json=
quiet=
takes='--backup-dir:backup_dir --container:container'
flags='--diagnose:diagnose --json:json --quiet:quiet'

read_options "$@"

# --- what Docker knows ---------------------------------------------------------

check_container() {
	[ -n "$container" ] || return 0
	facts=$("$docker" inspect -f '{{.State.Status}} {{.RestartCount}} {{.State.OOMKilled}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' "$container") ||
		die "there is no container $container"
	# shellcheck disable=SC2086 # words
	set -- $facts
	case $1 in running) result container ok "running" ;; *) result container fail "$1" ;; esac
	case $4 in
	healthy) result health ok "healthy" ;;
	starting) result health warn "starting" ;;
	none) result health warn "the container has no health check" ;;
	*) result health fail "$4" ;;
	esac
	[ "$2" = 0 ] || result restarts warn "restarted $2 times"
	[ "$3" = false ] || result memory_limit fail "killed for using more memory than its limit"
	used=$(db df -P /var/lib/postgresql/data | awk 'NR == 2 {sub("%", "", $5); print $5}')
	if [ "$used" -ge 95 ]; then
		result disk fail "$used % of the data volume is used"
	elif [ "$used" -ge 85 ]; then
		result disk warn "$used % of the data volume is used"
	else
		result disk ok "$used % of the data volume is used"
	fi
}

# --- what PostgreSQL knows -------------------------------------------------------

# Rows of "name|status|text".
checks_sql() {
	cat <<SQL
SELECT 'server', 'ok', split_part(version(), ' (', 1) || ', up since ' || date_trunc('second', pg_postmaster_start_time());
SELECT 'role', 'ok', CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END;
SELECT 'pgvector', CASE WHEN string_to_array(extversion, '.')::int[] >= string_to_array('$vector_oldest', '.')::int[]
	THEN 'ok' ELSE 'fail' END, extversion || CASE WHEN string_to_array(extversion, '.')::int[] >= string_to_array('$vector_oldest', '.')::int[]
	THEN '' ELSE ': $vector_oldest or newer is needed; install it, then ALTER EXTENSION vector UPDATE' END
	FROM pg_extension WHERE extname = 'vector'
UNION ALL SELECT 'pgvector', 'fail', 'not installed in this database: CREATE EXTENSION vector, as superuser'
	WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector');
SELECT 'table ' || t, CASE WHEN to_regclass('public.' || t) IS NULL THEN 'fail' ELSE 'ok' END,
	CASE WHEN to_regclass('public.' || t) IS NULL THEN 'missing: run sage-mcp migrate' ELSE 'there' END
	FROM unnest(ARRAY['memories', 'sessions', 'api_keys', 'client_sessions', 'secrets', 'tasks']) t;
SELECT 'indexes', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'fail' END,
	CASE WHEN count(*) = 0 THEN 'all valid' ELSE 'not valid: ' || string_agg(indexrelid::regclass::text, ', ') END
	FROM pg_index WHERE NOT indisvalid;
SELECT 'connections', CASE WHEN used > 0.9 * most THEN 'fail' WHEN used > 0.75 * most THEN 'warn' ELSE 'ok' END,
	used || ' of ' || most FROM (SELECT count(*) AS used FROM pg_stat_activity WHERE backend_type = 'client backend') a,
	(SELECT setting::int AS most FROM pg_settings WHERE name = 'max_connections') m;
SELECT 'waiting', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'warn' END, count(*) || ' statements have waited for a lock for 5 s'
	FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND now() - query_start > interval '5 s';
SELECT 'transactions', CASE WHEN oldest > 3600 THEN 'fail' WHEN oldest > 300 THEN 'warn' ELSE 'ok' END,
	'the oldest is ' || oldest || ' s old'
	FROM (SELECT coalesce(max(extract(epoch FROM now() - xact_start))::int, 0) AS oldest FROM pg_stat_activity
	WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) x;
SELECT 'transaction ids', CASE WHEN max(age(datfrozenxid)) > 1500000000 THEN 'fail'
	WHEN max(age(datfrozenxid)) > 500000000 THEN 'warn' ELSE 'ok' END,
	max(age(datfrozenxid)) || ' of 2147483647 used before a freeze' FROM pg_database;
SELECT 'checksums', CASE WHEN coalesce(sum(checksum_failures), 0) = 0 THEN 'ok' ELSE 'fail' END,
	CASE WHEN current_setting('data_checksums') = 'off' THEN 'off'
	ELSE coalesce(sum(checksum_failures), 0) || ' damaged pages' END FROM pg_stat_database;
SELECT 'archiving', CASE WHEN current_setting('archive_mode') = 'off' THEN 'ok'
	WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN 'fail' ELSE 'ok' END,
	CASE WHEN current_setting('archive_mode') = 'off' THEN 'off'
	WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN 'the last try failed: ' || last_failed_wal
	ELSE coalesce('last ' || date_trunc('second', last_archived_time), 'nothing yet') END FROM pg_stat_archiver;
SELECT 'replica ' || application_name, CASE WHEN state <> 'streaming' THEN 'warn'
	WHEN extract(epoch FROM coalesce(replay_lag, '0')) > 30 THEN 'warn' ELSE 'ok' END,
	state || ', ' || sync_state || ', ' || pg_wal_lsn_diff(sent_lsn, replay_lsn) || ' bytes behind' FROM pg_stat_replication;
SELECT 'slot ' || slot_name, CASE WHEN wal_status IN ('lost', 'unreserved') THEN 'fail' WHEN active THEN 'ok' ELSE 'warn' END,
	CASE WHEN wal_status = 'lost' THEN 'its replica must be made anew' WHEN active THEN 'in use'
	ELSE 'nobody reads it; WAL is kept for it' END FROM pg_replication_slots;
SELECT 'cache', 'ok', round(100.0 * sum(blks_hit) / nullif(sum(blks_hit + blks_read), 0), 1) || ' % of reads without the disk'
	FROM pg_stat_database WHERE datname = current_database() HAVING sum(blks_hit + blks_read) > 0;
SELECT 'size', 'ok', pg_size_pretty(pg_database_size(current_database()));
SQL
}

# Only where the tables are.
counts_sql() {
	cat <<'SQL'
SELECT 'memories', 'ok', count(*) || ' in ' || count(DISTINCT session_id) || ' sessions' FROM memories;
SELECT 'sessions', 'ok', count(*)::text FROM sessions;
SQL
}

# The binary embeds the same files, so the newest one's name is the version both must have.
check_schema() {
	newest=$(find "$root/migrations" -name '[0-9]*.sql' 2>/dev/null | sed 's|.*/||;s|\.sql$||' | sort | tail -n 1)
	applied=$(sql "$database" "SELECT max(name) FROM sage_migrations" 2>/dev/null) || applied=
	if [ -z "$applied" ]; then
		result schema warn "no migration of the server has been applied yet"
	elif [ -z "$newest" ] || [ "$applied" = "$newest" ]; then
		result schema ok "$applied"
	elif [ "$(printf '%s\n%s\n' "$applied" "$newest" | sort | tail -n 1)" = "$newest" ]; then
		result schema warn "$applied, and this version has $newest: run sage-mcp migrate"
	else
		result schema fail "$applied is newer than this version's $newest: use the version that made it"
	fi
}

check_database() {
	if ! said=$(sql "$database" 'SELECT 1' 2>&1); then
		result connection fail "$(printf '%s' "$said" | tail -n 1)"
		return
	fi
	result connection ok "answers"
	checks_sql | db psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" -f - >>"$results" ||
		die "the checks could not be run; what PostgreSQL said is above"
	if ! grep -q '^table .*|fail|' "$results"; then
		counts_sql | db psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$database" -f - >>"$results"
	fi
	check_schema
}

check_backup() {
	[ -n "$backup_dir" ] || return 0
	newest=$(find "$backup_dir" -maxdepth 1 -name 'sage_memory_*.sha256' -mmin -$((backup_hours * 60)) 2>/dev/null | sort | tail -n 1)
	if [ -n "$newest" ]; then
		result backup ok "$(basename "$newest" .sha256)"
	else
		result backup fail "there is none in $backup_dir that is younger than $backup_hours hours"
	fi
}

# --- telling -----------------------------------------------------------------------

diagnosis() {
	printf '\n'
	[ -z "$container" ] || "$docker" stats --no-stream "$container"
	db psql -X -q -d "$database" -P pager=off <<'SQL'
\echo '\nRoles'
\du
\echo 'Sizes'
SELECT relname AS table, n_live_tup AS rows, n_dead_tup AS dead, pg_size_pretty(pg_total_relation_size(relid)) AS size,
	date_trunc('second', greatest(last_vacuum, last_autovacuum)) AS vacuumed FROM pg_stat_user_tables ORDER BY pg_total_relation_size(relid) DESC;
\echo 'Clients'
SELECT usename AS user, application_name AS program, client_addr AS address, state, wait_event, count(*)
	FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC;
SQL
	printf 'Slowest statements\n'
	db psql -X -q -d postgres -P pager=off <<'SQL' 2>/dev/null || printf 'pg_stat_statements is not in the database postgres\n'
SELECT calls, round(mean_exec_time::numeric, 1) AS mean_ms, round(total_exec_time::numeric / 1000, 1) AS total_s,
	left(regexp_replace(query, '\s+', ' ', 'g'), 80) AS statement FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 10;
SQL
}

db_open
check_container
check_database
check_backup
report
[ -z "$diagnose" ] || [ -n "$json" ] || [ "$overall" = fail ] || diagnosis
[ "$overall" != fail ] || exit 3
