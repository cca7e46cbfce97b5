/* redact_cards: numbers that are those of payment cards. */
#include <string.h>

#include "redact_impl.h"

#define MIN_DIGITS 13
#define MAX_DIGITS 19

/* Issuers (ISO/IEC 7812): the first six digits from first to last, and how long they are. */
static const struct {
	unsigned first, last;
	unsigned char least, most;
} issuers[] = {
    {400000, 499999, 13, 13}, /* Visa */
    {400000, 499999, 16, 16}, {400000, 499999, 19, 19},
    {510000, 559999, 16, 16},                           /* Mastercard */
    {222100, 272099, 16, 16}, {340000, 349999, 15, 15}, /* American Express */
    {370000, 379999, 15, 15}, {300000, 305999, 14, 16}, /* Diners Club */
    {309500, 309599, 14, 16}, {360000, 369999, 14, 16}, {380000, 399999, 14, 16},
    {352800, 358999, 16, 19},                           /* JCB */
    {601100, 601199, 16, 19},                           /* Discover */
    {644000, 659999, 16, 19}, {620000, 629999, 16, 19}, /* UnionPay */
    {501800, 501899, 13, 19},                           /* Maestro */
    {502000, 502099, 13, 19}, {503800, 503899, 13, 19}, {589300, 589399, 13, 19},
    {630400, 630499, 13, 19}, {675900, 675999, 13, 19}, {676100, 676399, 13, 19},
    {220000, 220499, 16, 19}, /* Mir */
    {979200, 979299, 16, 16}, /* Troy */
};

/* How the digits stand together: all, or in groups with blanks or dashes between them. */
static const unsigned char groupings[][6] = {
    {4, 4, 4, 4, 3},
    {4, 4, 4, 4},
    {4, 6, 5},
    {4, 6, 4},
    {6, 13},
    {4, 4, 5},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Every second digit from the right counts double (ISO/IEC 7812-1, annex B). */
static bool luhn(const char *digits, size_t count)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)(digits[count - 1 - i] - '0');

		digit <<= i % 2;
		sum += digit > 9 ? digit - 9 : digit;
	}
	return sum % 10 == 0;
}

static bool is_card(const char *digits, size_t count)
{
	unsigned issuer = 0;

	for (int i = 0; i < 6; i++)
		issuer = issuer * 10 + (unsigned)(digits[i] - '0');
	for (size_t k = 0; k < sizeof(issuers) / sizeof(*issuers); k++) {
		if (issuer >= issuers[k].first && issuer <= issuers[k].last &&
		    count >= issuers[k].least && count <= issuers[k].most)
			return luhn(digits, count);
	}
	return false;
}

static size_t digits_at(const struct scan *scan, size_t i, size_t most)
{
	size_t n = 0;

	while (n < most && is_digit(redact_at(scan, i + n)))
		n++;
	return n;
}

/* A number that goes on is another number: 12.34, 12-34, 12ab. */
static bool goes_on(const struct scan *scan, size_t i)
{
	char c = redact_at(scan, i);

	return redact_in(SET_WORD, c) ||
	       ((c == '.' || c == '-') && is_digit(redact_at(scan, i + 1)));
}

/* The length at i of digits in these groups, copied to digits; 0: they stand otherwise. */
static size_t grouped(
    const struct scan *scan, size_t i, const unsigned char *groups, char digits[MAX_DIGITS])
{
	size_t at = i, count = 0;
	char between = redact_at(scan, i + *groups);

	if (between != ' ' && between != '-')
		return 0;
	for (int k = 0; groups[k] > 0; k++) {
		if (k > 0 && redact_at(scan, at++) != between)
			return 0;
		if (digits_at(scan, at, groups[k]) < groups[k])
			return 0;
		memcpy(digits + count, scan->s + at, groups[k]);
		count += groups[k];
		at += groups[k];
	}
	return !goes_on(scan, at) && is_card(digits, count) ? at - i : 0;
}

bool redact_card(const struct scan *scan, size_t i, struct finding *f)
{
	char before = redact_before(scan, i, 1), digits[MAX_DIGITS];
	size_t count = digits_at(scan, i, MAX_DIGITS + 1), len = 0;

	if ((before == '.' || before == '-') && is_digit(redact_before(scan, i, 2)))
		return false;
	if (count >= MIN_DIGITS && count <= MAX_DIGITS) {
		memcpy(digits, scan->s + i, count);
		if (!goes_on(scan, i + count) && is_card(digits, count))
			len = count;
	}
	for (size_t k = 0; len == 0 && k < sizeof(groupings) / sizeof(*groupings); k++) {
		if (groupings[k][0] == count)
			len = grouped(scan, i, groupings[k], digits);
	}
	*f = (struct finding){i, i + len, REDACTED_CARD};
	return len > 0;
}
