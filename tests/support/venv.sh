# shellcheck shell=bash
# The Python environment of the tests. Sourced, in the project's directory.

# make_venv DIR: with what the tests import, made again when the list changes.
make_venv() {
	local list=tests/requirements.txt
	cmp -s $list "$1/requirements.txt" && return
	rm -rf "$1"
	python3 -m venv "$1" && "$1/bin/pip" install -q -r $list && cp $list "$1/requirements.txt"
}
