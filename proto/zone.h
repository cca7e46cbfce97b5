/*
 * zone: what clocks showed where, after the tz database: a zone is read from the bytes of its TZif file
 * (RFC 9636), or has one offset for ever. Pure: no TZ variable, no global state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

/* NULL: the bytes are no TZif file of version 2 or later, count leap seconds, or there is no memory. */
struct zone *zone_read(const unsigned char *bytes, size_t len);

/* Always the same seconds east of UTC. NULL: out of memory. */
struct zone *zone_fixed(int east);

void zone_free(struct zone *zone);

/* How far ahead of UTC clocks are, in seconds. */
int zone_offset_at(const struct zone *zone, int64_t unix_s);

/*
 * When clocks show this; local_us is the reading as if it were UTC. What they show twice is the first time;
 * what they skip counts as if they had not (RFC 5545, 3.3.5).
 */
int64_t zone_to_utc(const struct zone *zone, int64_t local_us);

/* A date or date-time (rfc3339.h); without an offset it is the zone's. False: it is none. */
bool zone_parse(const struct zone *zone, const char *s, size_t len, int64_t *unix_us);

int64_t zone_to_local(const struct zone *zone, int64_t unix_us);
