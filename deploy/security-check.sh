#!/bin/sh
# Looks at a running docker-compose.prod.yml as an attacker would, and as an auditor would.
#
#	deploy/security-check.sh [options]
#
#	--env-file FILE   for compose (.env.production)
#	--file FILE       compose file (docker-compose.prod.yml)
#	--secrets DIR     where the secrets are (./secrets, or SECRETS_DIR)
#	--json            one JSON object on stdout
#	--quiet           only what is not well
#
# Exit status: 0 all is well, 1 it could not be looked at, 2 wrong use, 3 something failed.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/compose.sh
. "$root/deploy/lib/compose.sh"
# shellcheck source=deploy/lib/report.sh
. "$root/deploy/lib/report.sh"

secrets=${SECRETS_DIR:-$root/secrets}
certificate_days=21
password_least=16
json=
quiet=
takes="--secrets:secrets $compose_takes"
flags='--json:json --quiet:quiet'

read_options "$@"
need curl
need openssl

# --- secrets ----------------------------------------------------------------------

check_secrets() {
	[ -d "$secrets" ] || die "there is no directory $secrets; deploy/make-secrets.sh makes it"
	case $(stat -c %a "$secrets") in
	700 | 500) result secrets/directory ok "open to its owner alone" ;;
	*) result secrets/directory fail "$secrets has mode $(stat -c %a "$secrets"): chmod 700 it" ;;
	esac
	short=
	for file in "$secrets"/*.txt; do
		[ "$(tr -d '\n' <"$file" | wc -c)" -ge $password_least ] || short="$short ${file##*/}"
	done
	if [ -z "$short" ]; then
		result secrets/passwords ok "all have $password_least characters or more"
	else
		result secrets/passwords fail "too short:$short"
	fi
	if [ -n "$(cd "$root" && git ls-files -- "$secrets" .env.production 2>/dev/null)" ]; then
		result secrets/git fail "secrets are under version control"
	else
		result secrets/git ok "not under version control"
	fi
}

# The value of a secret in a container's settings, processes or log is a leak.
check_leaks() {
	leaks=
	for file in "$secrets"/*.txt; do
		value=$(head -n 1 "$file")
		for id in $all; do
			if { "$docker" inspect "$id" && "$docker" top "$id" -eo args && "$docker" logs "$id"; } 2>&1 | grep -qF -e "$value"; then
				leaks="$leaks ${file##*/} in $(name_of "$id");"
			fi
		done
	done
	if [ -z "$leaks" ]; then
		result leaks ok "no password in settings, processes or logs"
	else
		result leaks fail "found:$leaks"
	fi
}

# --- containers -------------------------------------------------------------------

name_of() {
	"$docker" inspect -f '{{index .Config.Labels "com.docker.compose.service"}}' "$1"
}

check_published() {
	for id in $all; do
		service=$(name_of "$id")
		[ "$service" != nginx ] || continue
		# shellcheck disable=SC2016 # the template's own variables
		open=$("$docker" inspect -f '{{range $port, $to := .HostConfig.PortBindings}}{{range $to}}{{.HostIp}}:{{.HostPort}} {{end}}{{end}}' "$id")
		case " $open" in
		' ') ;;
		*' 127.0.0.1:'*) result "published/$service" ok "on loopback only: $open" ;;
		*) result "published/$service" fail "$open: only nginx may be published" ;;
		esac
	done
	grep -q '^published/.*|fail|' "$results" || result published ok "nothing but nginx to the network"
}

# One line for each container: what of the hardening is missing.
check_hardening() {
	for id in $all; do
		service=$(name_of "$id")
		missing=
		# shellcheck disable=SC2046 # words
		set -- $("$docker" inspect -f '{{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{if .Config.User}}{{.Config.User}}{{else}}root{{end}} {{.HostConfig.Memory}}' "$id")
		[ "$1" = false ] || missing="$missing privileged"
		[ "$2" = true ] || missing="$missing writable-root"
		case $service$3 in
		sage-db*) ;; # its entrypoint becomes "postgres"
		*root | *0:0) missing="$missing runs-as-root" ;;
		esac
		[ "$4" -gt 0 ] || missing="$missing no-memory-limit"
		settings=$("$docker" inspect -f '{{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{range .Mounts}}{{.Source}} {{end}}' "$id")
		case $settings in *ALL*) ;; *) missing="$missing capabilities" ;; esac
		case $settings in *no-new-privileges*) ;; *) missing="$missing new-privileges" ;; esac
		case $settings in *docker.sock*) missing="$missing docker.sock" ;; esac
		if [ -z "$missing" ]; then
			result "container/$service" ok "hardened"
		else
			result "container/$service" fail "not hardened:$missing"
		fi
	done
}

# --- nginx, from outside -------------------------------------------------------------

# status PATH [curl arguments]: the HTTP status of the public address.
status() {
	path=$1
	shift
	curl -sk -m 5 -o /dev/null -w '%{http_code}' --resolve "$server:$https:127.0.0.1" "$@" "https://$server:$https$path" || true
}

# expect NAME WANTED GOT TEXT
expect() {
	if [ "$2" = "$3" ]; then
		result "$1" ok "$4"
	else
		result "$1" fail "$4: expected $2, got ${3:-nothing}"
	fi
}

check_nginx() {
	id=$(container_of nginx)
	server=$("$docker" exec "$id" printenv SERVER_NAME | cut -d' ' -f1)
	https=$("$docker" port "$id" 8443/tcp | sed -n '1s/.*://p')
	expect nginx/anonymous 401 "$(status /mcp -X POST -H 'Content-Type: application/json' \
		-d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_status","arguments":{}}}')" "a call without a key is refused"
	for path in /metrics /readyz /pools /config; do
		expect "nginx$path" 404 "$(status $path)" "not shown"
	done
	expect nginx/method 405 "$(status /mcp -X TRACE)" "other methods are refused"
	expect nginx/name 421 "$(curl -sk -m 5 -o /dev/null -w '%{http_code}' "https://127.0.0.1:$https/mcp" -H 'Host: other.example')" \
		"other names are refused"
	if openssl s_client -connect "127.0.0.1:$https" -servername "$server" -tls1_1 </dev/null >/dev/null 2>&1; then
		result nginx/tls fail "TLS 1.1 is accepted"
	else
		result nginx/tls ok "TLS 1.2 and newer only"
	fi
	if openssl s_client -connect "127.0.0.1:$https" -servername "$server" </dev/null 2>/dev/null |
		openssl x509 -noout -checkend $((certificate_days * 86400)) >/dev/null 2>&1; then
		result nginx/certificate ok "valid for $certificate_days more days"
	else
		result nginx/certificate fail "expires within $certificate_days days; renew it"
	fi
}

# --- PostgreSQL ---------------------------------------------------------------------

check_postgres() {
	id=$(container_of sage-db)
	"$docker" exec -i -u postgres "$id" psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres >>"$results" <<'SQL'
SELECT 'postgres/' || name, CASE WHEN setting = wanted THEN 'ok' ELSE 'fail' END, name || ' is ' || setting
	FROM pg_settings JOIN (VALUES ('ssl', 'on'), ('password_encryption', 'scram-sha-256'), ('fsync', 'on'),
	('log_parameter_max_length', '0')) w (name, wanted) USING (name);
SELECT 'postgres/hba', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'fail' END, count(*) || ' rules let people in without SCRAM'
	FROM pg_hba_file_rules WHERE auth_method NOT IN ('scram-sha-256', 'reject', 'cert') AND NOT (type = 'local' AND auth_method = 'peer');
SELECT 'postgres/plain', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'fail' END, count(*) || ' connections over a network are not encrypted'
	FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl;
SELECT 'postgres/superusers', CASE WHEN count(*) = 1 THEN 'ok' ELSE 'fail' END, string_agg(rolname, ', ') FROM pg_roles WHERE rolsuper;
SELECT 'postgres/passwords', CASE WHEN count(*) = 0 THEN 'ok' ELSE 'fail' END, count(*) || ' roles with a password that is not SCRAM'
	FROM pg_authid WHERE rolpassword IS NOT NULL AND rolpassword NOT LIKE 'SCRAM-SHA-256$%';
SQL
}

compose_open
all=$("$docker" ps -q --filter "label=com.docker.compose.project=$compose_project")
check_secrets
check_leaks
check_published
check_hardening
check_nginx
check_postgres || die "PostgreSQL could not be asked"
report
[ "$overall" != fail ] || exit 3
