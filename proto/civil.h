/*
 * civil: days of the proleptic Gregorian calendar, counted from 1970-01-01 (H. Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define US_PER_SECOND   1000000LL
#define SECONDS_PER_DAY 86400
#define US_PER_DAY      (SECONDS_PER_DAY * US_PER_SECOND)

/* month 1 to 12; day may lie outside of the month. */
int64_t days_from_civil(int64_t year, int month, int day);
void civil_from_days(int64_t days, int64_t *year, int *month, int *day);

int civil_month_days(int64_t year, int month);

/* Quotient and, never negative, remainder. */
int64_t civil_split(int64_t value, int64_t unit, int64_t *rest);
