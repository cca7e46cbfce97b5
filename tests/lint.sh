#!/usr/bin/env bash
# Checks the sources without running them: format, static analysis, scripts, spelling, layers.
#
#	tests/lint.sh [--quick]     --quick leaves out the two slow ones, clang-tidy and cppcheck
#
# Prints one line for each check: "ok NAME", "not ok NAME" (after what was found) or
# "skip NAME: why". Tools whose judgement changes with their version come pinned from
# tests/requirements.txt when tests/run.sh has made its Python environment.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
PATH=$PWD/build/venv/bin:$PATH

quick=${1-}
failed=0

# Files of the project by name pattern, new ones included.
files() {
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do
		[ ! -f "$f" ] || printf '%s\n' "$f"
	done
}

# check NAME COMMAND...
check() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1 </dev/null); then
		printf 'ok %s\n' "$name"
	else
		printf '%s\nnot ok %s\n' "$said" "$name"
		failed=1
	fi
}

skip() {
	printf 'skip %s: %s\n' "$1" "$2"
}

# The major version a tool says it has.
major() {
	"$1" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\)\..*/\1/p' | head -n 1
}

format() {
	if [ "$(major clang-format)" != 14 ]; then
		skip clang-format "the format is that of version 14, not $(major clang-format)"
		return
	fi
	mapfile -t sources < <(files '*.c' '*.h')
	check clang-format clang-format --dry-run --Werror "${sources[@]}"
}

# shellcheck disable=SC2317 # called through check
tidy_all() {
	[ -e build/tidy/build.ninja ] || cmake --preset tidy || return
	cmake --build --preset tidy || return # generated headers; also: clang has no warnings
	files 'server/*.c' 'proto/*.c' 'db/*.c' |
		xargs -P "$(nproc)" -n 4 clang-tidy --quiet --warnings-as-errors='*' -p build/tidy
}

slow() {
	if [ "$quick" = --quick ]; then
		skip clang-tidy "left out by --quick"
		skip cppcheck "left out by --quick"
		return
	fi
	if [ "$(major clang-tidy)" = 14 ]; then
		check clang-tidy tidy_all
	else
		skip clang-tidy "the checks are chosen for version 14, not $(major clang-tidy)"
	fi
	# uninitvar: it takes the variable of a TAILQ_FOREACH for uninitialised; clang-tidy looks too.
	check cppcheck cppcheck --quiet --suppress=uninitvar --error-exitcode=1 --inline-suppr --std=c11 -j "$(nproc)" \
		--enable=warning,performance,portability --suppress=missingIncludeSystem server proto db
}

scripts() {
	mapfile -t shell < <(files '*.sh' '.ci/*')
	check shellcheck shellcheck -x "${shell[@]}"
}

spelling() {
	if ! command -v codespell >/dev/null; then
		skip codespell "not installed; tests/run.sh installs it into build/venv"
		return
	fi
	mapfile -t texts < <(files | grep -vE 'package-lock\.json$|\.zh-CN\.md$|/corpus/')
	check codespell codespell "${texts[@]}"
}

format
slow
scripts
spelling
check layers tests/check_layers.sh
exit $failed
