#!/usr/bin/env bash
# Measures speed and memory against the baselines of this folder (README.md).
#
#	tests/bench/run.sh [--quick]     --quick only shows that everything runs
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

deploy/setup.sh --for bench
mkdir -p build
cmake --preset release-tests >build/bench-build.log
cmake --build --preset release-tests >>build/bench-build.log
[ -d tests/bench/ts-baseline/node_modules ] ||
	npm ci --prefix tests/bench/ts-baseline --silent --no-audit --no-fund --ignore-scripts
missed=0
python3 tests/bench/bench.py "$@" || missed=1
python3 tests/bench/streams.py "$@" || missed=1
python3 tests/bench/pool.py "$@" || missed=1
python3 tests/bench/monitoring.py "$@" || missed=1
python3 tests/bench/vectors.py "$@" || missed=1
python3 tests/bench/transfer.py "$@" || missed=1
python3 tests/bench/embedding.py "$@" || missed=1
python3 tests/bench/long_texts.py "$@" || missed=1
python3 tests/bench/search.py "$@" || missed=1
[ "${1-}" != --quick ] || python3 tests/bench/locomo.py --quick || missed=1
exit $missed
