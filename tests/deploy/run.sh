#!/usr/bin/env bash
# Everything in deploy/, with a real Docker engine: compose files, nginx, Prometheus, a machine with
# systemd, backups, fail-over and upgrades under load. As root; about half an hour, and some minutes more the
# first time, when the images are made.
#
#	tests/deploy/run.sh [--smoke] [pytest arguments]
#
#	--smoke    without the rehearsals: what CI runs
#
# The engine is started for the run and ended after it; its data stays in build/docker. Another one:
# SAGE_TEST_DOCKER=unix:///var/run/docker.sock. Another Compose: SAGE_TEST_COMPOSE=/path/to/docker-compose.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export SAGE_REHEARSE=1
case ${1-} in
-h | --help)
	sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
	exit
	;;
--smoke)
	unset SAGE_REHEARSE
	shift
	;;
esac
deploy/setup.sh --for deploy
exec tests/run.sh tests/deploy "$@"
