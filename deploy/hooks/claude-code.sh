#!/bin/sh
# Hook of Claude Code: recalls what is known about a prompt, and remembers what was said.
#
# Claude Code gives the event as JSON on stdin. UserPromptSubmit: prints memories about the
# prompt, which Claude Code adds to the conversation. Stop, PreCompact and SessionEnd: sends the
# latest turns of the transcript. README.md beside this file says how to set it up.
#
#	SAGE_URL       the server; http://127.0.0.1:8080 unless told
#	SAGE_KEY       the key; or else what is in the file SAGE_KEY_FILE,
#	               ~/.config/sage-mcp/key unless told; without one, none is sent
#
# It needs sh, awk, sed, tr, tail and curl. It never fails and never waits long: while the
# server is away, Claude Code goes on without memories.

url=${SAGE_URL:-http://127.0.0.1:8080}
key=${SAGE_KEY:-$(cat "${SAGE_KEY_FILE:-$HOME/.config/sage-mcp/key}" 2>/dev/null)}
[ -z "$key" ] || authorization="header = \"Authorization: Bearer $key\""
query_bytes=4000
context_tokens=2000 # of four bytes each: Claude Code takes 10,000 characters from a hook
turns=3             # sent again each time, for those that were not complete the last time
transcript_bytes=8000000
export LC_ALL=C

input=$(cat)

# member NAME [MOST]: a text of the event, as it is written in the JSON, without its quotes; cut
# after MOST bytes at a place where neither a character nor an escape is cut in two.
member() {
	printf '%s\n' "$input" | awk -v name="$1" -v most="${2:-0}" '
	function odd(s) {
		return match(s, /\\+$/) && RLENGTH % 2
	}
	{ text = text $0 "\n" }
	END {
		ORS = ""
		if (!match(text, "\"" name "\"[ \t\n]*:[ \t\n]*\""))
			exit
		text = substr(text, RSTART + RLENGTH)
		if (most > 0)
			text = substr(text, 1, most)
		count = split(text, part, "\"")
		for (i = 1; i < count && odd(part[i]); i++)
			print part[i] "\""
		last = part[i]
		if (i == count) { # no quote closes it: it was cut
			sub(/[\300-\377][\200-\277]*$/, "", last)
			sub(/\\u[0-9a-fA-F]?[0-9a-fA-F]?[0-9a-fA-F]?$/, "", last)
			if (odd(last))
				last = substr(last, 1, length(last) - 1)
		}
		print last
	}'
}

# post TOOL SECONDS: runs a tool with the arguments on stdin. The key goes through a file
# descriptor, so that no list of processes shows it.
post() {
	curl --disable --silent --fail --connect-timeout 1 --max-time "$2" --config /dev/fd/3 \
		--noproxy "127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}" \
		--header 'Content-Type: application/json' --header 'Accept: text/plain' \
		--data-binary @- "$url/v1/tools/$1" 2>/dev/null 3<<-END
		$authorization
	END
}

# The element says whose words these are; the server leaves it out of what it remembers.
recall() {
	query=$(member prompt $query_bytes)
	[ -n "$query" ] || return
	known=$(printf '{"query":"%s","max_tokens":%d}' "$query" $context_tokens | post get_context 3) || return
	[ -z "$known" ] || printf '<sage-memory>\n%s\n</sage-memory>\n' "$known"
}

# The lines of the latest turns: from the prompt on with which the first of them began.
latest() {
	first=$(awk -v turns=$turns '
	/"type": ?"user"/ && !/"tool_result"/ && !/"isMeta": ?true/ { begin[++count] = NR }
	END { print (count > turns ? begin[count - turns + 1] : 1) }' "$1")
	lines=$(tail -n "+$first" "$1" | wc -c)
	if [ "$lines" -le $transcript_bytes ]; then
		tail -n "+$first" "$1"
	else
		tail -c $transcript_bytes "$1" | sed 1d
	fi
}

# A text as the inside of a JSON string. JSON Lines hold no other control characters.
quoted() {
	tr '\011' ' ' | tr -d '\000-\010\013-\037' | sed 's/\\/\\\\/g; s/"/\\"/g' |
		awk 'BEGIN { ORS = "\\n" } { print }'
}

remember() {
	path=$(member transcript_path | sed 's/\\\(.\)/\1/g')
	[ -f "$path" ] && [ -r "$path" ] || return
	{
		printf '{"format":"transcript"'
		session=$(member session_id)
		[ -z "$session" ] || printf ',"session_id":"%s"' "$session"
		said=$(member last_assistant_message)
		[ -z "$said" ] || printf ',"last_response":"%s"' "$said"
		printf ',"transcript":"'
		latest "$path" | quoted
		printf '"}'
	} | post ingest_transcript 10 >/dev/null
}

case $(member hook_event_name) in
UserPromptSubmit) recall ;;
Stop | PreCompact | SessionEnd) remember ;;
esac
exit 0
