/*
 * zones: time zones by name, out of the system's tz database ($TZDIR, or /usr/share/zoneinfo).
 */
#pragma once

#include <stddef.h>

#include "zone.h"

#define ZONE_NAME_BYTES 64

/*
 * "Asia/Shanghai", "UTC", "Z", "+08:00"; NULL: there is no such zone. Valid until the next call, since few
 * are kept.
 */
const struct zone *zones_find(const char *name, size_t len);
