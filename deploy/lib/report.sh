# shellcheck shell=sh
# Findings of a check: gathered, then told to people or as JSON. Sourced after common.sh; POSIX sh.
#
# $json and $quiet are the options of the script.

results=$(mktemp)
trap 'rm -f "$results"' EXIT

# result NAME ok|warn|fail TEXT
result() {
	printf '%s|%s|%s\n' "$1" "$2" "$(printf '%s' "$3" | tr '\n|' '  ')" >>"$results"
}

tell() {
	while IFS='|' read -r name status text; do
		[ -z "${quiet-}" ] || [ "$status" != ok ] || continue
		printf '%-5s %-24s %s\n' "$status" "$name" "$text"
	done <"$results"
}

tell_json() {
	printf '{"status":"%s","checks":[' "$1"
	separator=
	while IFS='|' read -r name status text; do
		printf '%s{"name":%s,"status":"%s","text":%s}' "$separator" "$(json_string "$name")" "$status" "$(json_string "$text")"
		separator=,
	done <"$results"
	printf ']}\n'
}

# Tells everything and sets overall to the worst there is.
report() {
	overall=ok
	! grep -q '^[^|]*|warn|' "$results" || overall=warn
	! grep -q '^[^|]*|fail|' "$results" || overall=fail
	if [ -n "${json-}" ]; then
		tell_json $overall
	else
		tell
	fi
}
