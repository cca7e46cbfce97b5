#!/usr/bin/env bash
# Runs every fuzz target for a few seconds, from its corpus in tests/fuzz/corpus/NAME/.
#
#	tests/fuzz/run.sh [SECONDS]    for each target; 5 unless told
#
# Builds the fuzz preset first. Prints "ok fuzz_NAME" or, after what was found, "not ok
# fuzz_NAME". New inputs are kept in build/fuzz/corpus, crashes in build/fuzz/crashes.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

seconds=${1-5}
failed=0

run_one() {
	local target=$1 name=$2 corpus=build/fuzz/corpus/$2 seeds=tests/fuzz/corpus/${2#fuzz_} said
	mkdir -p "$corpus" build/fuzz/crashes
	[ -d "$seeds" ] || seeds=
	if said=$("$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix=build/fuzz/crashes/ "$corpus" ${seeds:+"$seeds"} 2>&1 </dev/null); then
		printf 'ok %s\n' "$name"
	else
		printf '%s\nnot ok %s\n' "$(tail -n 40 <<<"$said")" "$name"
		failed=1
	fi
}

if ! said=$({ [ -e build/fuzz/build.ninja ] || cmake --preset fuzz; } 2>&1 && cmake --build --preset fuzz 2>&1); then
	printf '%s\nnot ok fuzz build\n' "$(tail -n 40 <<<"$said")"
	exit 1
fi
mapfile -t targets < <(find build/fuzz/tests/fuzz -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x | sort)
if [ ${#targets[@]} -eq 0 ]; then
	printf 'not ok fuzz: there are no targets in build/fuzz/tests/fuzz\n'
	exit 1
fi
for target in "${targets[@]}"; do
	run_one "$target" "$(basename "$target")"
done
exit $failed
