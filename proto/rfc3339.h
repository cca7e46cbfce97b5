/*
 * rfc3339: date-times as text, with any offset, to and from unix microseconds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFC3339_TEXT_BYTES 32

/* "2026-07-28T09:30:00.25+08:00"; a date alone is not a date-time. Years 0001 to 9999. */
bool rfc3339_parse(const char *s, size_t len, int64_t *unix_us);

/*
 * A date alone is its first moment, and the offset may be missing: *unix_us is then what a clock in UTC
 * would mean by it (zone_to_utc() goes on from there).
 */
bool rfc3339_parse_local(const char *s, size_t len, int64_t *unix_us, bool *has_offset);

/* "Z" or "+08:00" at *s, moved on, as seconds east. */
bool rfc3339_offset(const char **s, const char *end, int *seconds);

/* Always UTC: "2026-07-28T01:30:00.25Z", without trailing zeros of the fraction. */
void rfc3339_format(int64_t unix_us, char text[RFC3339_TEXT_BYTES]);
