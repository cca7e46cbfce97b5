#!/bin/sh
# Keeps the contract of the official nginx image: scripts of /docker-entrypoint.d run first.
set -e
if [ "$1" = nginx ]; then
	for f in /docker-entrypoint.d/*.sh; do
		[ ! -x "$f" ] || "$f"
	done
fi
exec "$@"
