#!/bin/sh
# Writes nginx's configuration to /run/nginx and starts nginx, or has a running one take it.
#
#	start.sh [--reload]
#
#	SERVER_NAME         names that clients use, by blanks (localhost)
#	HTTPS_PORT          where clients reach HTTPS (443)
#	RATE_PER_KEY, RATE_PER_ADDRESS          requests in a second (200, 1000)
#	STREAMS_PER_KEY, STREAMS_PER_ADDRESS    open at once (2000, 10000)
#	WORKER_CONNECTIONS  connections of one worker (16384)
#	RESOLVER            name server (127.0.0.11, Docker's)
#
# Where requests go is in /etc/nginx/state/upstream.conf, when a roll or a switch
# (deploy/roll-sage-mcp.sh) has put one there; otherwise to every container of sage-mcp.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
state=/etc/nginx/state/upstream.conf
run=/run/nginx
tls=/etc/nginx/tls

die() {
	printf 'nginx: %s\n' "$*" >&2
	exit 1
}

# value NAME PATTERN-OF-WRONG DEFAULT: the environment's value, when nothing in it could change the file's meaning.
value() {
	given=
	eval "given=\${$1:-$3}"
	# shellcheck disable=SC2254 # a pattern
	case $given in
	*$2*) die "$1 has something in it that does not belong there: '$given'" ;;
	esac
	printf '%s' "$given"
}

configure() {
	for file in tls.crt tls.key; do
		{ [ -f "$tls/$file" ] && [ -r "$tls/$file" ]; } ||
			die "there is no certificate: $tls/$file; make one with deploy/make-secrets.sh"
	done
	names=$(value SERVER_NAME '[!A-Za-z0-9.*_ -]' localhost) || exit 1
	port=$(value HTTPS_PORT '[!0-9]' 443) || exit 1
	suffix=
	[ "$port" = 443 ] || suffix=:$port
	set -- -e "s/@SERVER_NAMES@/$names/" -e "s/@HTTPS_SUFFIX@/$suffix/"
	for pair in RATE_PER_KEY=200 RATE_PER_ADDRESS=1000 STREAMS_PER_KEY=2000 STREAMS_PER_ADDRESS=10000 \
		WORKER_CONNECTIONS=16384; do
		number=$(value "${pair%=*}" '[!0-9]' "${pair#*=}") || exit 1
		set -- "$@" -e "s/@${pair%=*}@/$number/"
	done
	resolver=$(value RESOLVER '[!0-9a-f.:]' 127.0.0.11) || exit 1
	sed "$@" -e "s/@RESOLVER@/$resolver/" "$here/nginx.conf.in" >"$run/nginx.conf.new"
	if [ -s "$state" ]; then
		cp "$state" "$run/upstream.conf.new"
	else
		cp "$here/upstream.conf" "$run/upstream.conf.new"
	fi
}

# A configuration that nginx does not take leaves the running one in force.
take() {
	for file in nginx.conf upstream.conf; do
		[ ! -e "$run/$file" ] || cp "$run/$file" "$run/$file.old"
		mv "$run/$file.new" "$run/$file"
	done
	nginx -q -t -c "$run/nginx.conf" && return
	for file in nginx.conf upstream.conf; do
		[ ! -e "$run/$file.old" ] || mv "$run/$file.old" "$run/$file"
	done
	die "the configuration is not valid; what nginx says is above"
}

configure
take
[ "${1-}" != --reload ] || exec nginx -c "$run/nginx.conf" -s reload
exec nginx -c "$run/nginx.conf" -g 'daemon off;'
