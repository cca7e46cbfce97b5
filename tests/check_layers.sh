#!/usr/bin/env bash
# Finds includes that break the direction of dependencies and that the compiler cannot forbid.
#
# Quoted includes of another folder do not compile (each target has its own -iquote
# path). Headers of the system are visible to all, and the floors inside server/
# share one target: those are looked at here. ARCHITECTURE.md says who may use whom.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

broken=0

# forbid WHY PATTERN PATH...: no #include in these files matches.
forbid() {
	local why=$1 pattern=$2 hits
	shift 2
	hits=$(grep -rnE --include='*.[ch]' --include='*.def' "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)[>\"]" "$@" 2>/dev/null)
	[ -n "$hits" ] || return 0
	printf '%s\n%s\n' "$why:" "$hits" | sed '2,$s/^/  /'
	broken=1
}

# The headers of a folder of server/ as one pattern.
headers_of() {
	local names
	names=$(find "server/$1" -name '*.h' -printf '%f\n' 2>/dev/null | sort -u | sed 's/\./\\./g' | paste -sd '|')
	[ -z "$names" ] || printf '%s/(%s)' "$1" "$names"
}

forbid "libpq belongs to db/" 'libpq-fe\.h|libpq/.*' server proto
forbid "db/ knows no JSON" 'jansson\.h' db
forbid "db/ knows no HTTP" 'llhttp\.h|event2/(http|bufferevent|listener).*' db
forbid "proto/ knows no event loop, socket or clock" 'event2/.*|event\.h|sys/socket\.h|netinet/.*|time\.h|sys/time\.h|unistd\.h' proto
forbid "only server/ logs" 'log\.h|syslog\.h' db proto
forbid "evhttp is not used (DECISIONS.md)" 'event2/http.*|evhttp\.h' server db proto tests

# Floors of server/: admin above all, http above mcp and rest, these side by side above tools, tools above
# ingest; what is below never looks up.
# Those of http/ are also found without their folder.
admin=$(headers_of admin)
http=$(headers_of http)
mcp=$(headers_of mcp)
rest=$(headers_of rest)
tools=$(headers_of tools)
doctor=$(headers_of doctor)
forbid "nothing below doctor uses it" "$doctor" server/admin server/http server/mcp server/rest server/tools server/ingest server/embed
mapfile -t others < <(find server -mindepth 1 -maxdepth 1 -not -name embed)
forbid "only embed knows libcurl" 'curl/.*' db proto "${others[@]}"
forbid "nothing below admin uses it" "$admin" server/http server/mcp server/rest server/tools server/ingest server/embed
forbid "below http nothing uses it" "$http|${http#http/}" server/mcp server/rest server/tools server/ingest server/embed
forbid "http and tools do not know who calls them" "$mcp|$rest" server/http server/tools server/ingest server/embed
forbid "mcp does not know rest beside it" "$rest" server/mcp
forbid "rest does not know mcp beside it" "$mcp" server/rest
forbid "ingest knows no tools" "$tools" server/ingest server/embed
forbid "embed knows no database, call or service" '(database|pool|query|rows|sessions|service|events|call)\.h' server/embed
forbid "ingest is values in and values out" 'event2/.*|sys/socket\.h|(database|pool|query|rows|memories|sessions|service|events|call|log)\.h' server/ingest

exit $broken
