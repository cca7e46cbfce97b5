/*
 * when: times as other programs write them.
 *
 * RFC 3339, and besides: a blank for the T, offsets as +08 or +0800 (PostgreSQL), and none at
 * all, which is then UTC.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool when_parse(const char *s, size_t len, int64_t *unix_us)
    __attribute__((warn_unused_result));
