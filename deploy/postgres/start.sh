#!/bin/sh
# The start of every PostgreSQL container of the compose files, before the image's own entrypoint.
#
# It gives PostgreSQL its certificate with the owner and mode it insists on, takes the
# superuser's password from POSTGRES_PASSWORD or from the secret, refuses to start a node that
# has been replaced by another, and makes an empty replica a copy of its primary.
set -eu

secrets=${SAGE_SECRETS:-/run/secrets}
tls=/run/postgres-tls
export HOME=/var/lib/postgresql # where libpq looks for certificates; root's is closed to "postgres"

die() {
	printf 'sage-db: %s\n' "$*" >&2
	exit 1
}

# Of a database for developers there is none.
give_certificate() {
	[ -n "${SAGE_TLS-}" ] || return 0
	mkdir -p "$tls"
	umask 077
	for name in db_tls_key db_tls_cert ca_cert replicator_password; do
		[ -f "$secrets/$name" ] || die "the secret $name is missing; deploy/make-secrets.sh makes it"
		[ "$name" = replicator_password ] || cp "$secrets/$name" "$tls/"
	done
	printf '*:*:*:replicator:%s\n' "$(cat "$secrets/replicator_password")" >"$tls/pgpass"
	chown -R postgres:postgres "$tls"
	umask 022
}

# Compose cannot choose between the two: an empty variable is none.
give_password() {
	[ -z "${POSTGRES_PASSWORD-}" ] || return 0
	unset POSTGRES_PASSWORD
	[ -f "$secrets/postgres_password" ] ||
		die "there is no password: set POSTGRES_PASSWORD, or make the secret with deploy/make-secrets.sh"
	[ -s "$secrets/postgres_password" ] || die "the secret postgres_password is empty"
	export POSTGRES_PASSWORD_FILE="$secrets/postgres_password"
}

refuse_when_replaced() {
	[ ! -e "$PGDATA/replaced-by" ] ||
		die "this node was replaced by $(cat "$PGDATA/replaced-by"); two primaries would part ways:" \
			"make it a replica with deploy/failover-sage-db.sh rejoin"
}

give_certificate
# "start.sh --clone HOST" only does that, for deploy/failover-sage-db.sh rejoin.
if [ "${1-}" = --clone ]; then
	exec sh "$(dirname "$0")/clone.sh" "$2"
fi
refuse_when_replaced
if [ -n "${SAGE_CLONE_FROM-}" ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	sh "$(dirname "$0")/clone.sh" "$SAGE_CLONE_FROM"
fi
give_password
exec docker-entrypoint.sh "$@"
