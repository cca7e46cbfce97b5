#!/bin/sh
# Restarts or replaces the servers of docker-compose.prod.yml without a failed call.
#
#	deploy/roll-sage-mcp.sh restart                  a new container for each old one, one after the other
#	deploy/roll-sage-mcp.sh switch blue|green [N]    to the other version (N containers), and back
#	deploy/roll-sage-mcp.sh status
#
#	--env-file FILE   for compose (.env.production)
#	--file FILE       compose file (docker-compose.prod.yml)
#
# Blue is the service sage-mcp with the image of SAGE_VERSION, green is sage-mcp-green with that of
# SAGE_GREEN_VERSION. A container gets requests when it is healthy. It is taken out of nginx before
# it is told to stop; then it finishes what it has begun and ends its streams, whose clients come
# back to another. When a new one does not become healthy, the old ones stay in service.
# Exit status: 0 done, 1 failed, 2 wrong use.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/lib/common.sh
. "$root/deploy/lib/common.sh"
# shellcheck source=deploy/lib/compose.sh
. "$root/deploy/lib/compose.sh"

healthy_within_s=60
# Connections of clients to nginx's old workers live this long (keepalive_min_timeout is 5 s).
settle_s=6

# --- nginx ----------------------------------------------------------------------

address_of() {
	# shellcheck disable=SC2016 # the template's own variables
	"$docker" inspect -f '{{range $name, $net := .NetworkSettings.Networks}}{{$name}} {{$net.IPAddress}}
{{end}}' "$1" | sed -n 's/^[^ ]*application //p'
}

# nginx_takes "server LINE;..."; nothing: every container of sage-mcp, also those to come.
nginx_takes() {
	nginx=$(container_of nginx)
	state=$("$docker" inspect -f '{{range .Mounts}}{{if eq .Destination "/etc/nginx/state"}}{{.Source}}{{end}}{{end}}' "$nginx")
	if [ -n "$1" ]; then
		sed "s|^	server .*|$1|" "$root/deploy/nginx/upstream.conf" >"$state/upstream.conf.new" ||
			die "cannot write to $state"
		mv "$state/upstream.conf.new" "$state/upstream.conf"
	else
		rm -f "$state/upstream.conf"
	fi
	"$docker" exec "$nginx" sh /etc/nginx/sage/start.sh --reload 2>/dev/null ||
		die "nginx did not take the change; the old one stays in force"
}

# nginx_uses CONTAINER...: these and no others.
nginx_uses() {
	lines=
	for id in "$@"; do
		lines="$lines	server $(address_of "$id"):8080 max_fails=0;\\n"
	done
	nginx_takes "${lines%\\n}"
}

service_of() {
	case $1 in
	blue) echo sage-mcp ;;
	green) echo sage-mcp-green ;;
	esac
}

nginx_uses_service() {
	if [ "$1" = sage-mcp ]; then
		nginx_takes ""
	else
		nginx_takes "	server $1:8080 resolve max_fails=0;"
	fi
}

# The service that takes requests now.
current() {
	nginx=$(container_of nginx)
	if "$docker" exec "$nginx" grep -q sage-mcp-green /run/nginx/upstream.conf; then
		echo green
	else
		echo blue
	fi
}

# --- the work ---------------------------------------------------------------------

up() {
	case $1 in
	sage-mcp) compose up -d --no-deps --no-recreate --scale "$1=$2" "$1" >/dev/null 2>&1 ;;
	*) compose --profile green up -d --no-deps --no-recreate --scale "$1=$2" "$1" >/dev/null 2>&1 ;;
	esac || die "compose could not start $1; nothing was changed"
}

stop_container() {
	grace_ms=$("$docker" exec "$1" printenv STOP_GRACE_MS) || grace_ms=40000 # one of before there was that
	"$docker" stop -t $((grace_ms / 1000)) "$1" >/dev/null
	"$docker" rm "$1" >/dev/null
}

restart() {
	service=$(service_of "$(current)")
	# shellcheck disable=SC2046 # ids
	set -- $(containers_of "$service")
	count=$#
	[ "$count" -gt 0 ] || die "$service is not running"
	nginx_uses "$@"
	serving="$*"
	for old in "$@"; do
		up "$service" $((count + 1))
		for id in $(containers_of "$service"); do
			case " $serving " in *" $id "*) continue ;; esac
			new=$id
		done
		wait_healthy "$new" $healthy_within_s || {
			"$docker" logs --tail 3 "$new" >&2
			"$docker" rm -f "$new" >/dev/null
			nginx_uses_service "$service"
			die "the new container did not become healthy within $healthy_within_s s; the old ones are in service"
		}
		serving=$(printf '%s' "$serving $new" | sed "s/ *$old//")
		# shellcheck disable=SC2086
		nginx_uses $serving
		sleep $settle_s
		stop_container "$old"
		say "replaced $(printf '%.12s' "$old") by $(printf '%.12s' "$new")"
	done
	nginx_uses_service "$service"
}

switch() {
	from=$(current)
	[ "$from" != "$1" ] || die "$1 takes the requests already"
	new=$(service_of "$1")
	old=$(service_of "$from")
	# shellcheck disable=SC2046
	up "$new" "${2:-$(containers_of "$old" | wc -l | tr -d ' ')}"
	for id in $(containers_of "$new"); do
		wait_healthy "$id" $healthy_within_s || {
			"$docker" logs --tail 3 "$id" >&2
			die "$1 did not become healthy within $healthy_within_s s; $from stays in service"
		}
	done
	nginx_uses_service "$new"
	say "$1 takes the requests; waiting for $from to finish"
	sleep $settle_s
	for id in $(containers_of "$old"); do
		stop_container "$id"
	done
	say "$from has stopped; back with: deploy/roll-sage-mcp.sh switch $from"
}

status() {
	printf '{"serving":%s,"containers":[' "$(json_string "$(current)")"
	separator=
	for service in sage-mcp sage-mcp-green; do
		for id in $(containers_of "$service" 2>/dev/null); do
			printf '%s{"service":"%s","id":"%.12s","health":"%s","image":%s}' "$separator" "$service" "$id" \
				"$(health_of "$id")" "$(json_string "$(image_of "$id")")"
			separator=,
		done
	done
	printf ']}\n'
}

action=
colour=
count=
takes=$compose_takes
flags=''

take_word() {
	case $1 in
	restart | switch | status) action=$1 ;;
	blue | green) colour=$1 ;;
	*) is_number "$1" && count=$1 ;;
	esac
}

read_options "$@"
[ -n "$action" ] || die_usage "what to do: restart, switch or status?"
compose_open
case $action in
restart) restart ;;
switch)
	[ -n "$colour" ] || die_usage "switch takes blue or green"
	switch "$colour" "$count"
	;;
status) status ;;
esac
