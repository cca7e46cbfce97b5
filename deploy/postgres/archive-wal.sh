#!/bin/sh
# PostgreSQL's archive_command: copies one finished WAL file into the archive, whole or not at all.
#
#	archive-wal.sh PATH NAME
#
# Without an archive (a volume at /wal-archive, in which deploy/pitr-sage-db.sh has made
# "enabled") there is nothing to do, and the file counts as done.
set -eu

archive=${WAL_ARCHIVE:-/wal-archive}
[ -e "$archive/enabled" ] || exit 0
[ ! -e "$archive/$2" ] || { cmp -s "$1" "$archive/$2" && exit 0; } || {
	echo "archive-wal: another $2 is in the archive already" >&2
	exit 1
}
cp "$1" "$archive/.$2.part"
sync "$archive/.$2.part"
mv "$archive/.$2.part" "$archive/$2"
