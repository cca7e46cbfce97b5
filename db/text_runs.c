/* text_runs: what is glued together, and its parts. */
#include <string.h>

#include "text_impl.h"

#define GROUPED_MAX     32 /* digits of a number with commas */
#define HASH_DIGITS     7  /* hexadecimal ones that name a commit */
#define HASH_CHANGES    2  /* between letters and digits; as many as no word has */
#define VERSION_NUMBERS 2  /* "1.25" is part of "1.25.3" */

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(uint32_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint32_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_hex(uint32_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_apostrophe(uint32_t c)
{
	return c == '\'' || c == 0x2019;
}

static bool is_one_of(uint32_t c, const char *set)
{
	return c != 0 && c < 0x80 && strchr(set, (int)c) != NULL;
}

/* Where the next word of a camelCaseName, HTTPServer or utf8proc begins, after at. */
static size_t next_word(const uint32_t *s, size_t at, size_t len)
{
	for (size_t i = at + 1; i < len; i++) {
		if (is_digit(s[i]) != is_digit(s[i - 1]))
			return i;
		if (is_upper(s[i]) && is_lower(s[i - 1]))
			return i;
		if (is_upper(s[i]) && is_upper(s[i - 1]) && i + 1 < len && is_lower(s[i + 1]))
			return i;
	}
	return len;
}

/* Hexadecimal, and mixed as no word is: a commit, an id. */
static bool is_hash(const uint32_t *s, size_t len)
{
	size_t changes = 0;

	for (size_t i = 0; i < len; i++) {
		if (!is_hex(s[i]))
			return false;
		changes += i > 0 && is_digit(s[i]) != is_digit(s[i - 1]);
	}
	return len >= HASH_DIGITS && changes >= HASH_CHANGES;
}

/* 1st, 22nd: a number, not a number and a unit. */
static bool is_ordinal(const uint32_t *s, size_t len)
{
	static const char endings[][3] = {"st", "nd", "rd", "th"};

	for (size_t i = 0; len > 2 && i + 2 < len; i++) {
		if (!is_digit(s[i]))
			return false;
	}
	for (size_t i = 0; len > 2 && i < sizeof(endings) / sizeof(*endings); i++) {
		if ((s[len - 2] | 0x20) == (unsigned char)endings[i][0] &&
		    (s[len - 1] | 0x20) == (unsigned char)endings[i][1])
			return true;
	}
	return false;
}

/* Letters and digits alone. */
static bool add_name(struct words *words, const uint32_t *s, size_t len)
{
	bool ok = true;

	if (is_hash(s, len))
		return words_add_whole(words, s, len) &&
		       (len == HASH_DIGITS || words_add_whole(words, s, HASH_DIGITS));
	if (next_word(s, 0, len) == len || is_ordinal(s, len))
		return words_add(words, s, len);
	ok = words_add_whole(words, s, len);
	for (size_t at = 0, end; ok && at < len; at = end) {
		end = next_word(s, at, len);
		ok = words_add(words, s + at, end - at);
	}
	return ok;
}

static int figures(const uint32_t *s, size_t len)
{
	int value = 0;

	for (size_t i = 0; i < len; i++)
		value = 10 * value + (int)(s[i] - '0');
	return value;
}

/* 2023-05-08, 2023/5/8, 2023.5.8 at the beginning: its length, or 0. */
static size_t date_len(const uint32_t *s, size_t len, int parts[3])
{
	static const size_t most[] = {4, 2, 2};
	size_t at = 0;

	for (int i = 0; i < 3; i++) {
		size_t digits = 0;

		while (at + digits < len && digits < most[i] && is_digit(s[at + digits]))
			digits++;
		if (digits == 0 || (i == 0 && digits < 4))
			return 0;
		parts[i] = figures(s + at, digits);
		at += digits;
		if (i < 2 && (at >= len || !is_one_of(s[at++], "-/.")))
			return 0;
	}
	if (at < len && (is_digit(s[at]) || is_one_of(s[at], "-/.")))
		return 0;
	return parts[1] >= 1 && parts[1] <= 12 && parts[2] >= 1 && parts[2] <= 31 ? at : 0;
}

static bool is_all(const uint32_t *s, size_t len, const char *set)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(s[i]) && !is_one_of(s[i], set))
			return false;
	}
	return true;
}

/* 1,234,567: a number with its commas left out. */
static bool add_grouped(struct words *words, const uint32_t *s, size_t len)
{
	uint32_t digits[GROUPED_MAX];
	size_t count = 0;

	for (size_t i = 0; i < len && count < GROUPED_MAX; i++) {
		if (is_digit(s[i]))
			digits[count++] = s[i];
	}
	return words_add(words, digits, count);
}

/* Of a version its beginning, too: 1.25 of 1.25.3. */
static bool add_version(struct words *words, const uint32_t *s, size_t len)
{
	size_t dots = 0;

	for (size_t i = 0; i < len; i++) {
		dots += s[i] == '.';
		if (dots == VERSION_NUMBERS)
			return words_add_whole(words, s, i);
	}
	return true;
}

/* Floors of glue, the one that holds least first. */
static const char *const glue[] = {"/\\:@#", "._-+,'"};

static bool add_parts(struct words *words, const uint32_t *s, size_t len, size_t floor)
{
	size_t parts = 0;
	bool ok = true;

	if (floor == sizeof(glue) / sizeof(*glue))
		return add_name(words, s, len);
	for (size_t i = 0; i < len; i++)
		parts += is_one_of(s[i], glue[floor]) || is_apostrophe(s[i]);
	if (parts == 0)
		return add_parts(words, s, len, floor + 1);
	if (floor > 0 && is_all(s, len, ","))
		return add_grouped(words, s, len);
	ok = words_add_whole(words, s, len) &&
	     (floor == 0 || !is_all(s, len, ".") || add_version(words, s, len));
	if (ok && len > 1 && floor > 0 && (s[0] | 0x20) == 'v' && is_all(s + 1, len - 1, "."))
		ok = words_add_whole(words, s + 1, len - 1) &&
		     add_version(words, s + 1, len - 1);
	for (size_t at = 0, end; ok && at < len; at = end + 1) {
		for (end = at; end < len && !is_one_of(s[end], glue[floor]); end++)
			;
		if (end > at)
			ok = add_parts(words, s + at, end - at, floor + 1);
	}
	return ok;
}

bool words_add_run(struct words *words, const uint32_t *s, size_t len)
{
	size_t apostrophes = 0, others = 0, date;
	int parts[3];

	for (size_t i = 0; i < len; i++) {
		apostrophes += is_apostrophe(s[i]);
		others += is_one_of(s[i], "/\\:@#._-+,");
	}
	if (others == 0)
		return apostrophes > 0 ? words_add(words, s, len) : add_name(words, s, len);
	date = date_len(s, len, parts);
	if (date > 0)
		return date_add_figures(words, parts[0], parts[1], parts[2]) &&
		       (date == len || words_add_run(words, s + date, len - date));
	return add_parts(words, s, len, 0);
}
