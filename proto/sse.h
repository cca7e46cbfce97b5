/*
 * sse: one server-sent event as bytes (WHATWG HTML, "Server-sent events").
 */
#pragma once

#include <stddef.h>

/*
 * "id: ID\nevent: message\ndata: JSON\n\n"; id may be NULL. JSON has no line breaks
 * (compact_json). The caller frees it with free(); NULL when out of memory.
 */
char *sse_message(const char *id, const char *json, size_t json_len, size_t *len);
