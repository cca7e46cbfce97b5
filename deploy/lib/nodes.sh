# shellcheck shell=sh
# shellcheck disable=SC2034 # what is set here is read by database.sh
# The database nodes of the compose file, of which there are several. Sourced after compose.sh and database.sh; POSIX sh.

# on SERVICE DATABASE STATEMENT: as sql, on the running node of this service.
on() {
	node_open "$1" && sql "$2" "$3"
}

# node_open SERVICE: from then on db and sql mean this one.
node_open() {
	container=$(container_of "$1") || return
	superuser=postgres
}
