#!/usr/bin/env bash
# Makes the images that the compose files name, from Debian packages, for machines that reach no
# image registry. Not part of the product: an operator pulls the real ones.
#
#	tests/deploy/images/make.sh [IMAGE...]     default: all; what exists is left alone
#	tests/deploy/images/make.sh --list         the names
#
# debian:*-slim comes from debootstrap. pgvector/pgvector:* keeps the contract of the official
# image (environment, *_FILE, /docker-entrypoint-initdb.d, PGDATA volume), nginx likewise.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
docker=${DOCKER:-/usr/bin/docker}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

# name | how | arguments
images='
debian:trixie-slim                            | bootstrap | trixie
debian:bookworm-slim                          | bootstrap | bookworm
pgvector/pgvector:pg15                        | pgvector  | bookworm 15
pgvector/pgvector:pg17                        | pgvector  | trixie 17
nginx:1.30                                    | service   | nginx
prom/prometheus:v3.5.3                        | service   | prometheus
prometheuscommunity/postgres-exporter:v0.19.1 | service   | postgres-exporter
prom/blackbox-exporter:v0.28.0                | service   | blackbox-exporter
prom/node-exporter:v1.11.1                    | service   | node-exporter
'

# Without documents, translations and lists: about what "slim" means.
bootstrap() {
	local name=$1 suite=$2 dir
	dir=$(mktemp -d /tmp/sage-image.XXXXXX)
	debootstrap --variant=minbase "$suite" "$dir" "$mirror" >"$dir.log" 2>&1 || {
		tail -n 20 "$dir.log" >&2
		return 1
	}
	rm -rf "$dir"/usr/share/{doc,man,locale,info}/* "$dir"/var/lib/apt/lists/* "$dir"/var/cache/apt/*
	printf 'path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\npath-exclude /usr/share/locale/*\n' \
		>"$dir/etc/dpkg/dpkg.cfg.d/slim"
	tar -C "$dir" -c . | "$docker" import --change 'CMD ["bash"]' - "$name" >/dev/null
	rm -rf "$dir" "$dir.log"
}

pgvector() {
	ensure "debian:$2-slim"
	"$docker" build -q --network host -t "$1" --build-arg SUITE="$2" --build-arg MAJOR="$3" \
		"$here/pgvector" >/dev/null
}

service() {
	ensure debian:trixie-slim
	"$docker" build -q --network host -t "$1" --target "$2" "$here/services" >/dev/null
}

# ensure NAME: makes it unless it exists.
ensure() {
	local name how arguments
	"$docker" image inspect "$1" >/dev/null 2>&1 && return
	while IFS='|' read -r name how arguments; do
		read -r name <<<"$name"
		[ "$name" = "$1" ] || continue
		printf 'making %s\n' "$name"
		# shellcheck disable=SC2086 # words
		${how// /} "$name" $arguments
		return
	done <<<"$images"
	printf 'make.sh: there is no image %s here; --list shows what there is\n' "$1" >&2
	return 2
}

names() {
	sed -n 's/^\([^ |]*\) *|.*/\1/p' <<<"$images"
}

case ${1-} in
-h | --help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
--list) names ;;
*)
	[ $# -gt 0 ] || mapfile -t wanted < <(names)
	for image in "${@:-${wanted[@]}}"; do
		ensure "$image" </dev/null
	done
	;;
esac
