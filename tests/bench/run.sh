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
(cd tests/bench/ts-baseline && [ -d node_modules ] || npm ci --silent --no-audit --no-fund --ignore-scripts)
exec python3 tests/bench/bench.py "$@"
