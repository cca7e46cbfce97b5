#!/usr/bin/env bash
# Breaks what the server stands on, one thing after the other, while clients save and read.
#
#	tests/faults/run.sh [--short] [--sanitized] [CASE...] [-- pytest arguments]
#
#	--short       only the half that takes three minutes
#	--sanitized   with the build that has the sanitizers, not with the one that users run
#	CASE          only these, F1 to F22; README.md says what each is
#
# Prints a row for every case as it ends: whether it held, the slowest turn of the server's loop, how many
# memories were acknowledged and found stored. The last line is "N passed, N failed, N skipped"; the exit
# status is 0 when none failed. Some cases need root: network namespaces, small disks.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
root=$PWD
results=$root/build/faults
venv=$root/build/venv
# shellcheck source=tests/support/venv.sh
. tests/support/venv.sh

purpose=faults
preset=release-tests
chosen=()
cases=()
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
		exit
		;;
	--short)
		purpose="test"
		chosen=(-m "not long")
		;;
	--sanitized) preset=dev ;;
	--)
		shift
		break
		;;
	F[0-9] | F[0-9][0-9])
		file=$(compgen -G "tests/faults/test_f$(printf %02d "$((10#${1#F}))")_*.py") || {
			echo "tests/faults/run.sh: there is no case $1; there are F1 to F22" >&2
			exit 2
		}
		cases+=("$file")
		;;
	*)
		echo "tests/faults/run.sh: unknown argument '$1'; --help says what there is" >&2
		exit 2
		;;
	esac
	shift
done

# Runs a step that must work before anything can be tested.
must() {
	"$@" >"$results/build.log" 2>&1 && return
	tail -n 60 "$results/build.log"
	printf 'tests/faults/run.sh: this failed: %s\n0 passed, 1 failed, 0 skipped\n' "$*"
	exit 1
}

# Some cases do not go together with the sanitizers, so the other build is always there.
build() {
	cmake --preset release-tests && cmake --build --preset release-tests || return
	[ $preset = release-tests ] || { cmake --preset $preset -DSAGE_WERROR=ON && cmake --build --preset $preset; }
}

deploy/setup.sh --for $purpose || exit 1
mkdir -p "$results"
rm -f "$results"/faults.*
must build
must make_venv "$venv"
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1:halt_on_error=1}
export PYTHONDONTWRITEBYTECODE=1
export SAGE_MCP=$root/build/$preset/server/sage-mcp

"$venv/bin/python" -m pytest -c tests/pytest.ini --rootdir tests -o cache_dir="$root/build/pytest_cache" \
	-q --no-header --tb=short -r '' --junit-xml "$results/faults.xml" "${chosen[@]}" "$@" "${cases[@]-tests/faults}" &
tests=$!
trap : INT # a terminal sends it to all; here they are waited for, while they clean up
trap 'kill "$tests"' TERM
while kill -0 "$tests" 2>/dev/null; do
	wait "$tests"
done
[ -e "$results/faults.xml" ] || printf 'not ok faults\n' >"$results/faults.txt"
python3 tests/support/summary.py "$results"/faults.*
