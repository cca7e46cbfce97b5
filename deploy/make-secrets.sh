#!/bin/sh
# Makes the secrets of docker-compose.prod.yml: passwords, a certificate authority of one's own,
# and certificates for PostgreSQL and nginx. What exists is left as it is.
#
#	deploy/make-secrets.sh [--dir DIR] [--name HOST]... [--days N] [--renew]
#
#	--dir DIR     where to (./secrets)
#	--name HOST   name or address that clients use for the server; the first one is the main one
#	              (SERVER_NAME, else localhost)
#	--days N      how long certificates are valid (825; the authority ten years)
#	--renew       make the certificates anew under the same authority; keys and passwords stay
#
# The directory is open to its owner alone. The files in it are readable, because containers
# read them under other users than the owner. Exit status: 0 done, 1 failed, 2 wrong use.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"

dir=$root/secrets
names=
days=825
renew=
db_names='sage-db sage-db-replica sage-db-next pgbouncer localhost'

takes='--dir:dir --name:+names --days:days'
flags='--renew:renew'

read_options "$@"
names=${names:-${SERVER_NAME:-localhost}}
is_number "$days" || die_usage "--days takes a number, not '$days'"
need openssl

password() {
	[ ! -s "$dir/$1" ] || return 0
	openssl rand -hex 24 >"$dir/$1"
	made="$made $1"
}

authority() {
	[ ! -s "$dir/ca.crt" ] || return 0
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-subj '/CN=sage-mcp local authority' -keyout "$dir/ca.key" -out "$dir/ca.crt" \
		-addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
		2>/dev/null || die "openssl could not make the authority"
	made="$made ca.crt"
}

# Subject alternative names of words: addresses and names are different kinds.
san() {
	for word in "$@"; do
		case $word in
		*[!0-9.]*) case $word in *:*) printf 'IP:%s,' "$word" ;; *) printf 'DNS:%s,' "$word" ;; esac ;;
		*) printf 'IP:%s,' "$word" ;;
		esac
	done | sed 's/,$//'
}

# certificate FILE NAME...: FILE.key and FILE.crt.
certificate() {
	file=$dir/$1
	shift
	[ ! -s "$file.crt" ] || [ -n "$renew" ] || return 0
	[ -s "$file.key" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$file.key"
	openssl req -new -key "$file.key" -subj "/CN=$1" -out "$file.csr"
	printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n' \
		"$(san "$@")" >"$file.ext"
	openssl x509 -req -in "$file.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days "$days" \
		-sha256 -extfile "$file.ext" -out "$file.new" 2>/dev/null || die "openssl could not sign $file.crt"
	mv -f "$file.new" "$file.crt"
	rm -f "$file.csr" "$file.ext"
	made="$made ${file##*/}.crt"
}

made=
umask 077
mkdir -p "$dir/tls" || die "cannot make the directory $dir"
[ -w "$dir" ] || die "cannot write to $dir"
chmod 700 "$dir"
for name in db_password postgres_password replicator_password monitor_password backup_password grafana_password; do
	password "$name.txt"
done
authority
# shellcheck disable=SC2086 # lists of names
certificate db $db_names
# shellcheck disable=SC2086
certificate tls/tls $names
chmod 755 "$dir/tls"
chmod 444 "$dir"/*.txt "$dir"/*.crt "$dir"/db.key "$dir"/tls/*
chmod 400 "$dir/ca.key"
printf 'secrets in %s; made now:%s\n' "$dir" "${made:- nothing, all were there}"
