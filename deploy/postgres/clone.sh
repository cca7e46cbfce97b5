#!/bin/sh
# Makes the empty data directory a copy of a running primary, and a replica of it.
#
#	clone.sh HOST        run as root in a container that has the secrets
set -eu

host=$1
secrets=${SAGE_SECRETS:-/run/secrets}
slot=$(hostname | tr -c 'a-z0-9\n' _)
slot=${SAGE_SLOT:-$slot}
pass=/run/postgres-tls/pgpass # start.sh makes it

as_postgres() {
	setpriv --reuid postgres --regid postgres --init-groups -- "$@"
}

mkdir -p "$PGDATA"
chown postgres:postgres "$PGDATA"
chmod 700 "$PGDATA"
wish="host=$host user=replicator passfile=$pass sslmode=verify-full sslrootcert=$secrets/ca_cert application_name=$slot"

tries=60
until as_postgres pg_isready -q -h "$host"; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || {
		echo "sage-db: the primary $host does not answer" >&2
		exit 1
	}
	sleep 1
done
# The slot keeps what this replica needs, also while it is away.
as_postgres psql -X -q -v ON_ERROR_STOP=1 "$wish dbname=postgres" -c "
	SELECT pg_create_physical_replication_slot('$slot')
	WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')" >/dev/null
find "$PGDATA" -mindepth 1 -delete
as_postgres pg_basebackup -d "$wish" -D "$PGDATA" -R -S "$slot" -X stream -c fast
echo "sage-db: cloned from $host with the slot $slot"
