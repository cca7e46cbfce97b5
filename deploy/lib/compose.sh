# shellcheck shell=sh
# The compose project that a script works on. Sourced after common.sh; POSIX sh.
#
# Given by --env-file and --file, or COMPOSE_ENV_FILE and COMPOSE_FILE; otherwise
# docker-compose.prod.yml and .env.production of this clone.

docker=${DOCKER:-docker}
# shellcheck disable=SC2034 # for the scripts' own $takes
compose_takes='--env-file:compose_env --file:compose_file'

# From then on: compose up -d ...; and $compose_project.
compose_open() {
	need "$docker"
	if [ -n "${COMPOSE-}" ]; then
		compose_program=$COMPOSE
	elif "$docker" compose version >/dev/null 2>&1; then
		compose_program="$docker compose"
	else
		need docker-compose
		compose_program='docker-compose'
	fi
	compose_file=${compose_file:-${COMPOSE_FILE:-$root/docker-compose.prod.yml}}
	compose_env=${compose_env:-${COMPOSE_ENV_FILE-}}
	if [ -z "$compose_env" ] && [ -f "$root/.env.production" ]; then
		compose_env=$root/.env.production
	fi
	"$docker" info >/dev/null 2>&1 || die "the Docker engine does not answer; is it running, and may you use it?"
	compose_find_project
}

compose() {
	if [ -n "$compose_env" ]; then
		# shellcheck disable=SC2086 # a program and its first word
		$compose_program --env-file "$compose_env" -f "$compose_file" "$@"
	else
		# shellcheck disable=SC2086
		$compose_program -f "$compose_file" "$@"
	fi
}

# By what runs: the name depends on options, environment and folder.
compose_find_project() {
	one=$(compose ps -q | head -n 1)
	[ -n "$one" ] || die "nothing of $compose_file is running; start it with compose up -d"
	compose_project=$("$docker" inspect -f '{{index .Config.Labels "com.docker.compose.project"}}' "$one")
}

# Running containers of a service, oldest first.
containers_of() {
	"$docker" ps -q --no-trunc --filter "label=com.docker.compose.project=$compose_project" \
		--filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False |
		while read -r id; do
			"$docker" inspect -f '{{.State.StartedAt}} {{.Id}}' "$id"
		done | sort | cut -d' ' -f2
}

# The one container of a service that there is one of.
container_of() {
	found=$(containers_of "$1" | head -n 1)
	[ -n "$found" ] || die "the service $1 is not running; start it with compose up -d"
	printf '%s\n' "$found"
}

health_of() {
	"$docker" inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}' "$1"
}

is_healthy() {
	[ "$(health_of "$1")" = healthy ]
}

# wait_healthy CONTAINER SECONDS
wait_healthy() {
	wait_until "$2" is_healthy "$1"
}

image_of() {
	"$docker" inspect -f '{{.Config.Image}}' "$1"
}

# uses_database CONTAINER HOST: is it one of those that this server may use?
uses_database() {
	case ",$("$docker" exec "$1" printenv DB_HOST)," in
	*",$2,"*) ;;
	*) return 1 ;;
	esac
}
