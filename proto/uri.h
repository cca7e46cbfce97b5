/*
 * uri: percent-encoding of one path segment (RFC 3986 2.1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The byte that "%xy" at s stands for, or -1. */
int uri_escaped_byte(const char *s);

/* Unreserved characters stay, all else is escaped. What does not fit is cut at a whole escape. */
void uri_escape(const char *s, char *out, size_t out_len);

/* False: malformed, empty, too long, a slash, or a NUL. */
bool uri_unescape(const char *s, char *out, size_t out_len);
