# shellcheck shell=sh
# What every script here begins with. Sourced; POSIX sh.
#
# Exit statuses are the same everywhere: 0 done, 1 failed, 2 wrong use, 3 what was checked is
# not as it should be, 4 another run is under way.

me=${0##*/}

say() {
	[ -n "${quiet-}" ] || printf '%s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 1
}

die_usage() {
	printf '%s: %s; --help tells more\n' "$me" "$*" >&2
	exit 2
}

# The comment at the top of the script is its help.
usage_exit() {
	sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//p;}' "$0"
	exit 0
}

# What a script makes of a word that is no option; it says so by defining it anew.
take_word() {
	return 1
}

# read_options "$@", by two lists of the script: $takes has "--option:variable" for options with a value
# ("--option:+variable" adds to a list), $flags the same for those without.
read_options() {
	while [ $# -gt 0 ]; do
		case $1 in -h | --help) usage_exit ;; esac
		if variable=$(find_option "$1" "${takes-}"); then
			[ $# -ge 2 ] || die_usage "$1 needs a value"
			case $variable in
			+*) eval "${variable#+}=\"\$${variable#+} \$2\"" ;;
			*) eval "$variable=\$2" ;;
			esac
			shift
		elif variable=$(find_option "$1" "${flags-}"); then
			eval "$variable=1"
		else
			take_word "$1" || die_usage "unknown argument '$1'"
		fi
		shift
	done
}

# find_option OPTION LIST: its variable.
find_option() {
	for pair in $2; do
		[ "$1" != "${pair%%:*}" ] || {
			printf '%s' "${pair#*:}"
			return
		}
	done
	return 1
}

need() {
	command -v "$1" >/dev/null 2>&1 || die "$1 is not installed"
}

is_number() {
	case $1 in
	'' | *[!0-9]*) return 1 ;;
	esac
}

# wait_until SECONDS COMMAND...: tried once a second until it succeeds; fails when it has not.
wait_until() {
	left=$1
	shift
	until "$@"; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 1
	done
}

# The name of a service, where SQL wants an identifier.
sql_name() {
	printf '%s' "$1" | tr - _
}

# A JSON string of any text: quotes, backslashes and control characters escaped.
json_string() {
	printf '%s' "$1" | tr '\n\t\r' '   ' | tr -d '\000-\037' | sed 's/\\/\\\\/g;s/"/\\"/g;s/^/"/;s/$/"/'
	[ -n "$1" ] || printf '""'
}
