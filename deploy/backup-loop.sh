#!/bin/sh
# The service "backup" of docker-compose.prod.yml: backup-sage-db.sh once a day.
#
#	BACKUP_AT   time of day in UTC, HH:MM (02:00)
#
# A failed backup is tried again after a quarter of an hour.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
at=${BACKUP_AT:-02:00}
again_s=900

die() {
	printf 'backup-loop.sh: %s\n' "$*" >&2
	exit 1
}

# Seconds until the next time it is BACKUP_AT.
seconds_left() {
	now=$(date -u +%s)
	next=$(date -u -d "today $at" +%s 2>/dev/null) || die "BACKUP_AT is not HH:MM: '$at'"
	[ "$next" -gt "$now" ] || next=$((next + 86400))
	printf '%s' $((next - now))
}

trap 'exit 0' INT TERM
while :; do
	left=$(seconds_left)
	printf 'backup-loop.sh: the next backup is in %s s, at %s UTC\n' "$left" "$at"
	sleep "$left" &
	wait $!
	until "$here/backup-sage-db.sh" --json; do
		printf 'backup-loop.sh: trying again in %s s\n' $again_s >&2
		sleep $again_s &
		wait $!
	done
done
