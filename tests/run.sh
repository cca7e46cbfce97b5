#!/usr/bin/env bash
# Builds with the sanitizers and runs everything there is to test.
#
#	tests/run.sh [--quick] [pytest arguments]
#
#	--quick            without faults, fuzzing, clang-tidy and cppcheck
#	pytest arguments   only pytest, with them: tests/run.sh -k durability -x
#
# The last line is "N passed, N failed, N skipped"; the exit status is 0 when none failed.
# What it makes is below build/ and in node_modules, but for a throw-away PostgreSQL in /tmp.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
root=$PWD
results=$root/build/results
venv=$root/build/venv
node_needed=22 # of the conformance suite
node_pinned=22.23.3

# shellcheck source=tests/support/venv.sh
. tests/support/venv.sh

quick=
case ${1-} in
-h | --help)
	sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
	exit
	;;
--quick)
	quick=--quick
	shift
	;;
esac
only_pytest=$#

step() {
	printf '\n== %s\n' "$*"
}

# Runs a step that must work before anything can be tested.
must() {
	local log=$results/$1.log
	shift
	"$@" >"$log" 2>&1 && return
	tail -n 60 "$log"
	printf 'tests/run.sh: this failed: %s\n0 passed, 1 failed, 0 skipped\n' "$*"
	exit 1
}

build() {
	cmake --preset dev -DSAGE_WERROR=ON && cmake --build --preset dev
}

# The SDK clients, the conformance suite, and a newer node for them where the system's is too old.
make_node() {
	local arch=x64 folder newer=$root/build/node
	for folder in tests/integration/node tests/conformance; do
		cmp -s $folder/package-lock.json $folder/node_modules/installed && continue
		(cd $folder && npm ci --silent --no-audit --no-fund --ignore-scripts) &&
			cp $folder/package-lock.json $folder/node_modules/installed || return
	done
	[ "$(node -p 'process.versions.node.split(".")[0]')" -lt $node_needed ] || return 0
	[ "$(uname -m)" != aarch64 ] || arch=arm64
	[ -x "$newer/node" ] || {
		npm install --silent --no-audit --no-fund --prefix "$newer" "node-linux-$arch@$node_pinned" &&
			ln -sf "node_modules/node-linux-$arch/bin/node" "$newer/node"
	}
}

# The client on the Go SDK; without Go its tests say that they are skipped.
make_go() {
	if ! command -v go >/dev/null; then
		echo "there is no Go here"
		return
	fi
	(cd tests/integration/go && go build -o "$root/build/go/client" .)
}

unit() {
	CMOCKA_MESSAGE_OUTPUT=xml ctest --test-dir build/dev --output-on-failure --timeout 120 -j "$(nproc)" \
		--no-tests=error --output-junit "$results/ctest.xml" \
		--test-output-size-passed 16000000 --test-output-size-failed 16000000 >"$results/ctest.log" 2>&1 ||
		tail -n 80 "$results/ctest.log"
	[ -e "$results/ctest.xml" ] || echo "not ok ctest" | tee "$results/ctest.txt"
}

# python_tests NAME ARGUMENTS...: pytest, its results under this name.
python_tests() {
	local name=$1
	shift
	"$venv/bin/python" -m pytest -c tests/pytest.ini --rootdir tests --junit-xml "$results/$name.xml" \
		-o cache_dir="$root/build/pytest_cache" "$@"
	# Above 1 it did not get to the end, whatever its report says.
	{ [ $? -le 1 ] && [ -e "$results/$name.xml" ]; } || echo "not ok $name" | tee "$results/$name.txt"
}

summary() {
	local files=()
	mapfile -t files < <(find "$results" -name '*.xml' -o -name '*.txt' | sort)
	step "summary"
	python3 tests/support/summary.py "${files[@]}"
}

deploy/setup.sh --for test || exit 1
rm -rf "$results"
mkdir -p "$results"
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS-print_stacktrace=1:halt_on_error=1}
export PYTHONDONTWRITEBYTECODE=1

step "building (ASan, UBSan, warnings are errors)"
must build build
step "Python, Node and Go environments"
must venv make_venv "$venv"
must node make_node
must go make_go

step "throw-away PostgreSQL"
cluster=$(tests/support/pg.sh new) || exit 1
lint=
trap '[ -z "$lint" ] || kill "$lint" 2>/dev/null; tests/support/pg.sh remove "$cluster"' EXIT
trap 'exit 130' INT TERM
SAGE_TEST_DATABASE_URL=$(tests/support/pg.sh uri "$cluster")
export SAGE_TEST_DATABASE_URL

if [ "$only_pytest" -gt 0 ]; then
	python_tests pytest "$@"
	summary
	exit
fi
step "unit tests"
unit
# They wait far more than they compute. Those of deployment share one Docker engine, so they stay in line; no
# time is measured there, so lint computes meanwhile.
step "wire, integration and conformance tests, two files at a time"
python_tests pytest -n 2 --dist loadfile tests/wire tests/integration tests/conformance
nice tests/lint.sh $quick >"$results/lint.txt" &
lint=$!
step "deployment tests"
python_tests deploy tests/deploy
wait "$lint"
lint=
step "faults, the short half"
if [ -n "$quick" ]; then
	echo "skip faults: left out by --quick" | tee "$results/faults.txt"
else
	tests/faults/run.sh --short --sanitized
	cp build/faults/faults.* "$results"
fi
step "fuzzing"
if [ -n "$quick" ]; then
	echo "skip fuzz: left out by --quick" | tee "$results/fuzz.txt"
else
	tests/fuzz/run.sh | tee "$results/fuzz.txt"
fi
step "lint"
cat "$results/lint.txt"
summary
