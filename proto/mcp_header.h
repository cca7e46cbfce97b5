/*
 * mcp_header: header values that repeat what a message says (MCP 2026-07-28,
 * basic/transports/streamable-http). Surrounding blanks do not count, case does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Is it this text? An absent header (NULL) says nothing. */
bool mcp_header_says(const char *header, const char *expected);

/*
 * Decodes a header value in the =?base64?...?= form into out (NUL-terminated,
 * at most out_len - 1 bytes); other values are copied. False when malformed, too
 * long, or not printable ASCII. Surrounding blanks are trimmed.
 */
bool mcp_header_decode(const char *value, char *out, size_t out_len);

/*
 * Does a header repeat an argument? Both absent (or null) do; texts are compared decoded,
 * integers by value, booleans as true and false.
 */
bool mcp_header_matches(const char *value, const json_t *argument);
