#!/bin/sh
# Makes the data directory a copy of a running primary, and a replica of it.
#
#	clone.sh HOST        run as root in a container that has the secrets
#
# A directory that was a primary before is brought back by pg_rewind, which copies only what
# differs; when that cannot be done, and for an empty one, everything is copied.
set -eu

host=$1
secrets=${SAGE_SECRETS:-/run/secrets}
slot=${SAGE_SLOT:?}
pass=/run/postgres-tls/pgpass # start.sh makes it
wish="host=$host user=replicator passfile=$pass sslmode=verify-full sslrootcert=$secrets/ca_cert application_name=$slot"

as_postgres() {
	setpriv --reuid postgres --regid postgres --init-groups -- "$@"
}

wait_for_primary() {
	tries=60
	until as_postgres pg_isready -q -h "$host" -U monitor -d postgres; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || {
			echo "sage-db: the primary $host does not answer" >&2
			exit 1
		}
		sleep 1
	done
}

# The slot keeps what this replica needs, also while it is away.
make_slot() {
	as_postgres psql -X -q -v ON_ERROR_STOP=1 -o /dev/null "$wish dbname=postgres" -c "
		SELECT pg_create_physical_replication_slot('$slot', true)
		WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')"
}

rewind() {
	[ -s "$PGDATA/PG_VERSION" ] || return 1
	as_postgres pg_rewind --target-pgdata="$PGDATA" --source-server="$wish dbname=postgres" \
		--config-file=/etc/postgresql/postgresql.conf || return 1
	as_postgres sed -i '/^primary_conninfo\|^primary_slot_name\|^synchronous_standby_names/d' "$PGDATA/postgresql.auto.conf"
	printf "primary_conninfo = '%s'\nprimary_slot_name = '%s'\n" "$wish" "$slot" |
		as_postgres tee -a "$PGDATA/postgresql.auto.conf" >/dev/null
	as_postgres touch "$PGDATA/standby.signal"
	rm -f "$PGDATA/replaced-by"
	echo "sage-db: rewound to follow $host with the slot $slot"
}

copy() {
	find "$PGDATA" -mindepth 1 -delete
	as_postgres pg_basebackup -d "$wish" -D "$PGDATA" -R -S "$slot" -X stream -c fast
	as_postgres sed -i '/^synchronous_standby_names/d' "$PGDATA/postgresql.auto.conf"
	echo "sage-db: cloned from $host with the slot $slot"
}

mkdir -p "$PGDATA"
chown postgres:postgres "$PGDATA"
chmod 700 "$PGDATA"
wait_for_primary
make_slot
rewind || copy
