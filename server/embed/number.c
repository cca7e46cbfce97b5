/* number: digits into an integer, then one scaling. */
#include "embed/number.h"

#include <math.h>

#define MOST_MANTISSA 1000000000000000000ULL /* one more digit still fits */
#define MOST_EXPONENT 99999

enum phase {
	START,
	MINUS,
	ZERO,
	DIGITS,
	POINT,
	FRACTION,
	EXPONENT,
	EXPONENT_SIGN,
	EXPONENT_DIGITS
};

static void add_digit(struct number *n, char c, bool behind_point)
{
	if (n->mantissa < MOST_MANTISSA) {
		n->mantissa = n->mantissa * 10 + (uint64_t)(c - '0');
		n->scale += behind_point;
	} else if (!behind_point && n->scale > -MOST_EXPONENT) {
		n->scale--;
	}
}

const char *number_digits(struct number *n, const char *at, const char *end)
{
	uint64_t mantissa = n->mantissa;
	const char *from = at;

	if (n->phase != DIGITS && n->phase != FRACTION)
		return at;
	for (; at < end && *at >= '0' && *at <= '9' && mantissa < MOST_MANTISSA; at++)
		mantissa = mantissa * 10 + (uint64_t)(*at - '0');
	n->mantissa = mantissa;
	n->scale += n->phase == FRACTION ? (int)(at - from) : 0;
	return at;
}

static bool feed_exponent(struct number *n, char c)
{
	if (n->phase == EXPONENT && (c == '+' || c == '-')) {
		n->exponent_negative = c == '-';
		n->phase = EXPONENT_SIGN;
		return true;
	}
	if (c < '0' || c > '9')
		return false;
	if (n->exponent < MOST_EXPONENT / 10)
		n->exponent = n->exponent * 10 + (c - '0');
	n->phase = EXPONENT_DIGITS;
	return true;
}

static bool feed_first(struct number *n, char c)
{
	if (c < '0' || c > '9')
		return false;
	add_digit(n, c, false);
	n->phase = c == '0' ? ZERO : DIGITS;
	return true;
}

bool number_feed(struct number *n, char c)
{
	bool digit = c >= '0' && c <= '9';

	switch ((enum phase)n->phase) {
	case FRACTION:
	case POINT:
		if (digit) {
			add_digit(n, c, true);
			n->phase = FRACTION;
			return true;
		}
		break;
	case DIGITS:
		if (digit) {
			add_digit(n, c, false);
			return true;
		}
		break;
	case START:
		if (c == '-') {
			n->negative = true;
			n->phase = MINUS;
			return true;
		}
		return feed_first(n, c);
	case MINUS:
		return feed_first(n, c);
	case ZERO:
		break;
	case EXPONENT:
	case EXPONENT_SIGN:
	case EXPONENT_DIGITS:
		return feed_exponent(n, c);
	}
	if (c == '.' && (n->phase == ZERO || n->phase == DIGITS)) {
		n->phase = POINT;
		return true;
	}
	if ((c == 'e' || c == 'E') && n->phase != POINT) {
		n->phase = EXPONENT;
		return true;
	}
	return false;
}

bool number_value(const struct number *n, double *value)
{
	static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	    1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	const int exact = (int)(sizeof(tens) / sizeof(*tens)) - 1;
	int power = (n->exponent_negative ? -n->exponent : n->exponent) - n->scale;
	double number = (double)n->mantissa;

	if (n->phase != ZERO && n->phase != DIGITS && n->phase != FRACTION &&
	    n->phase != EXPONENT_DIGITS)
		return false;
	if (n->mantissa == 0)
		number = 0;
	else if (power < 0 && power >= -exact)
		number /= tens[-power];
	else if (power > 0 && power <= exact)
		number *= tens[power];
	else if (power != 0)
		number *= pow(10, power);
	*value = n->negative ? -number : number;
	return true;
}
