/*
 * redact_impl: what the files of redact share.
 *
 * Why a second run finds nothing new, which every rule has to keep true:
 * - what was replaced, or is a marker already, looks to the rules after it like ']'
 *   (redact_before()), which is what stands there in the second run;
 * - no set of characters holds '[' or ']', so a marker ends every run before it;
 * - a rule that refuses a run would refuse every beginning of it followed by '[': it asks
 *   for at least so much, never for at most, but where no other match can begin in the run;
 * - nothing that is replaced holds the end of a quoted value that was looked at and left.
 *
 * Why it is linear: a rule that fails has looked at a bounded number of characters, or at a
 * run in which neither it nor another rule that looks as far can begin again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "redact.h"

#define REDACT_MARKER_BEGIN "[redacted:"

enum quote {
	QUOTE_DOUBLE,
	QUOTE_SINGLE,
	QUOTE_BACK,
	QUOTE_DOUBLE_ESCAPED, /* \" inside a text in quotes */
	QUOTE_SINGLE_ESCAPED,
	QUOTES,
};

struct scan {
	const char *s;
	size_t len;
	size_t done;           /* what stands before was replaced, or is a marker */
	size_t closed[QUOTES]; /* where the last quoted value that is no secret ends */
	size_t url_password,
	    url_host; /* where those of the last URL begin, past ':' and at '@' */
};

struct finding {
	size_t from, to; /* to be replaced */
	enum redaction kind;
};

/* The character at i, or NUL behind the end. */
static inline char redact_at(const struct scan *scan, size_t i)
{
	if (i >= scan->len)
		return '\0';
	return scan->s[i];
}

/* The character back places before i, or NUL before the beginning. */
static inline char redact_before(const struct scan *scan, size_t i, size_t back)
{
	if (i < back)
		return '\0';
	if (i - back < scan->done)
		return ']';
	return scan->s[i - back];
}

/* Sets of characters, as bits of redact_sets[]. Bytes beyond ASCII are in none. */
enum redact_set {
	SET_HEX = 1,
	SET_ALNUM = 2,
	SET_WORD = 4,     /* and _ */
	SET_URLSAFE = 8,  /* and _ - */
	SET_DOTTED = 16,  /* and _ - . */
	SET_BASE64 = 32,  /* and + / = */
	SET_TOKEN68 = 64, /* and - . _ ~ + / = (RFC 9110) */
	SET_VALUE = 128,  /* what a value without quotes may hold */
};

extern const unsigned char redact_sets[128];

static inline bool redact_in(enum redact_set set, char c)
{
	unsigned char byte = (unsigned char)c;

	return byte < sizeof(redact_sets) && (redact_sets[byte] & set) != 0;
}

/* How many characters from i on are in the set; stops counting at most. */
size_t redact_run(const struct scan *scan, size_t i, enum redact_set set, size_t most);

/* Compares without regard to ASCII case; b is in lower case and len long. */
bool redact_same(const char *a, const char *b, size_t len);

/*
 * How random a text looks: the changes between letters and digits, and the humps of camel
 * case too short to be words. Only its first 64 characters count.
 */
unsigned redact_jumps(const char *s, size_t len);

/* Nothing is before i that would make a token there a part of a longer word. */
bool redact_begins_word(const struct scan *scan, size_t i);

#define REDACT_SPACES     8 /* between a name, a sign and a value */
#define REDACT_PASSPHRASE "passphrase"

/* The end of names whose values are secrets (redact_names.c). */
struct keyword {
	const char *name; /* in lower case; '_' stands for "_", "-", " " or nothing */
	size_t len;
	enum redaction kind;
	bool whole; /* not the end of a longer word, as in bypass and compass */
};

size_t redact_skip_spaces(const struct scan *scan, size_t i);

/* Is "Authorization" the name that a value at i is given to, with or without quotes? */
bool redact_after_authorization(const struct scan *scan, size_t i);

/* A value between quotes, where nearly everything is meant as the value itself. */
bool redact_quoted_secret(const struct keyword *keyword, const char *s, size_t len);

/* The value at i of a name that ends with keyword: with or without quotes; up to a tag. */
bool redact_value(
    struct scan *scan, const struct keyword *keyword, size_t i, struct finding *f);
bool redact_element(
    const struct scan *scan, const struct keyword *keyword, size_t i, struct finding *f);

/* The rules. Each looks at one place; true: *f is what to replace, at or behind it. */
bool redact_token(const struct scan *scan, size_t i, struct finding *f);
bool redact_credentials(const struct scan *scan, size_t i, struct finding *f);
bool redact_assignment(struct scan *scan, size_t i, struct finding *f);
bool redact_url(struct scan *scan, size_t i, struct finding *f);
bool redact_card(const struct scan *scan, size_t i, struct finding *f);
bool redact_pem(struct scan *scan, size_t i, struct finding *f);
