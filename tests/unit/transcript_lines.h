/* transcript_lines: lines of a Claude Code transcript, as string literals. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reading.h"

#define SESSION "0b1c2d3e-0000-4000-8000-000000000001"
#define SAID(uuid, words)                                                                      \
	"{\"type\":\"user\",\"uuid\":\"" uuid "\",\"sessionId\":\"" SESSION                    \
	"\",\"timestamp\":\"2026-11-20T10:00:00.123Z\",\"cwd\":\"/"                            \
	"src\",\"gitBranch\":\"main\""                                                         \
	",\"message\":{\"role\":\"user\",\"content\":" words "}}\n"
#define ANSWERED(blocks)                                                                       \
	"{\"type\":\"assistant\",\"uuid\":\"a\",\"sessionId\":\"" SESSION                      \
	"\",\"message\":{\"role\":\"assistant\",\"model\":\"claude-1\",\"content\":[" blocks   \
	"]}}\n"
#define TEXT(words) "{\"type\":\"text\",\"text\":\"" words "\"}"
#define CALL(id)                                                                               \
	"{\"type\":\"tool_use\",\"id\":\"" id                                                  \
	"\",\"name\":\"Bash\",\"input\":{\"command\":\"ls\"}}"
#define RESULT(id, more)                                                                       \
	"{\"type\":\"user\",\"uuid\":\"r\",\"message\":{\"role\":\"user\",\"content\":[{"      \
	"\"type\":"                                                                            \
	"\"tool_result\",\"tool_use_id\":\"" id "\"," more "}]}}\n"

static inline json_t *read_lines(const char *text)
{
	return read_all(READER_ANY, NULL, text, strlen(text));
}

static inline json_t *calls_of(const json_t *item)
{
	return json_object_get(json_object_get(item, "metadata"), "tool_calls");
}
