/*
 * number: a JSON number (RFC 8259 section 6), read character by character, so that it may be cut
 * anywhere and nothing is copied. Exact for up to 15 digits and exponents of 22, else to a few parts
 * in 10^16: far more than a float holds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct number {
	uint64_t mantissa;
	int scale; /* digits behind the point, and minus those that did not fit */
	int exponent;
	bool negative, exponent_negative;
	unsigned char phase;
};

/* As many of the next characters as are plain digits of it; the others are number_feed()'s. */
const char *number_digits(struct number *n, const char *at, const char *end);

/* The next character. False: it is not part of the number, which has ended before it. */
bool number_feed(struct number *n, char c);

/* False: what was read is no number, such as "-" or "1e". It may be infinite. */
bool number_value(const struct number *n, double *value);
