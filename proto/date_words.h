/*
 * date_words: the time that a question names: "yesterday", "3 days ago", "in May 2023", 上周, 去年五月.
 *
 * It is exact or nothing: weeks begin on Monday, "2 weeks ago" is that whole week, a month without a year is not
 * taken, and two different times in one text are none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * local_now_us is what clocks show now, as if it were UTC, and so is the range [*from_us, *to_us). False: the text
 * names no time, or more than one.
 */
bool date_words_find(const char *text, size_t len, int64_t local_now_us, int64_t *from_us,
    int64_t *to_us) __attribute__((warn_unused_result));
