/* redact: three passes, and the reading of characters that all rules share. */
#include "redact.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "redact_impl.h"

#define JUMPS_LOOK 64 /* characters that tell how random a text is */

static const struct {
	const char *name, *marker;
} kinds[REDACTION_KINDS] = {
#define KIND(id, name) [REDACTED_##id] = {name, REDACT_MARKER_BEGIN name "]"}
    KIND(PRIVATE, "private"),
    KIND(API_KEY, "api_key"),
    KIND(TOKEN, "token"),
    KIND(SECRET, "secret"),
    KIND(PASSWORD, "password"),
    KIND(PRIVATE_KEY, "private_key"),
    KIND(CARD, "card"),
#undef KIND
};

const char *redaction_name(enum redaction kind)
{
	return kinds[kind].name;
}

const char *redaction_marker(enum redaction kind)
{
	return kinds[kind].marker;
}

bool redact_same(const char *a, const char *b, size_t len)
{
	return strncasecmp(a, b, len) == 0;
}

/* clang-format off */
#define H 0xff                                                          /* 0-9 a-f A-F */
#define L (H - SET_HEX)                                                 /* other letters */
#define U (SET_WORD | SET_URLSAFE | SET_DOTTED | SET_TOKEN68 | SET_VALUE) /* _ */
#define D (SET_URLSAFE | SET_DOTTED | SET_TOKEN68 | SET_VALUE)          /* - */
#define P (SET_DOTTED | SET_TOKEN68 | SET_VALUE)                        /* . */
#define B (SET_BASE64 | SET_TOKEN68 | SET_VALUE)                        /* + / = */
#define T (SET_TOKEN68 | SET_VALUE)                                     /* ~ */
#define V SET_VALUE                                                     /* ! # $ % * : ? @ ^ */
const unsigned char redact_sets[128] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, V, 0, V, V, V, 0, 0, 0, 0, V, B, 0, D, P, B,
	H, H, H, H, H, H, H, H, H, H, V, 0, 0, B, 0, V,
	V, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, V, U,
	0, H, H, H, H, H, H, L, L, L, L, L, L, L, L, L,
	L, L, L, L, L, L, L, L, L, L, L, 0, 0, 0, T, 0,
};
#undef H
#undef L
#undef U
#undef D
#undef P
#undef B
#undef T
#undef V
/* clang-format on */

size_t redact_run(const struct scan *scan, size_t i, enum redact_set set, size_t most)
{
	size_t n = 0;

	while (n < most && i + n < scan->len && redact_in(set, scan->s[i + n]))
		n++;
	return n;
}

bool redact_begins_word(const struct scan *scan, size_t i)
{
	char c = redact_before(scan, i, 1);

	if (!redact_in(SET_WORD, c))
		return true;
	/* "\nghp_..." in source code */
	return redact_before(scan, i, 2) == '\\' && (c == 'n' || c == 'r' || c == 't');
}

enum letter { OTHER, LOWER, UPPER, DIGIT };

static enum letter letter_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	return c >= '0' && c <= '9' ? DIGIT : OTHER;
}

unsigned redact_jumps(const char *s, size_t len)
{
	enum letter before = OTHER;
	size_t hump = SIZE_MAX; /* lower-case letters since an upper-case one */
	unsigned jumps = 0;

	for (size_t i = 0; i < len && i < JUMPS_LOOK; i++) {
		enum letter now = letter_of(s[i]);

		if (now != OTHER && before != OTHER && (now == DIGIT) != (before == DIGIT))
			jumps++;
		if (now == UPPER) {
			jumps += before == LOWER && hump <= 2;
			hump = 0;
		} else {
			hump = now == LOWER && hump != SIZE_MAX ? hump + 1 : SIZE_MAX;
		}
		before = now;
	}
	return jumps;
}

/* The length of the marker at i, or 0. */
static size_t marker_len(const struct scan *scan, size_t i)
{
	for (size_t k = 0; k < REDACTION_KINDS; k++) {
		size_t len = strlen(kinds[k].marker);

		if (scan->len - i >= len && memcmp(scan->s + i, kinds[k].marker, len) == 0)
			return len;
	}
	return 0;
}

/* The length of "<private>" (or, closing, "</private>") at i, or 0. */
static size_t private_tag(const struct scan *scan, size_t i, bool closing)
{
	static const char name[] = "private";
	size_t at = i + 1;

	if (closing && redact_at(scan, at++) != '/')
		return 0;
	if (scan->len - i < sizeof(name) + 1 + closing ||
	    !redact_same(scan->s + at, name, sizeof(name) - 1))
		return 0;
	at += sizeof(name) - 1;
	while (redact_at(scan, at) == ' ')
		at++;
	return redact_at(scan, at) == '>' ? at + 1 - i : 0;
}

static bool find_private(struct scan *scan, size_t i, struct finding *f)
{
	size_t tag = private_tag(scan, i, false);
	size_t depth = 1, at = i + tag;

	if (tag == 0)
		return false;
	while (depth > 0 && at < scan->len) {
		const char *next = memchr(scan->s + at, '<', scan->len - at);

		if (next == NULL) {
			at = scan->len;
			break;
		}
		at = (size_t)(next - scan->s);
		if ((tag = private_tag(scan, at, true)) != 0)
			depth--;
		else if ((tag = private_tag(scan, at, false)) != 0)
			depth++;
		at += tag != 0 ? tag : 1;
	}
	*f = (struct finding){i, at, REDACTED_PRIVATE};
	return true;
}

/* All that stays within a line, by the character it begins with. */
static bool find_in_line(struct scan *scan, size_t i, struct finding *f)
{
	char c = scan->s[i];

	if (c == '[') {
		*f = (struct finding){i, i + marker_len(scan, i), REDACTION_KINDS};
		return f->to > i;
	}
	if (!redact_in(SET_ALNUM, c))
		return (c == ':' && redact_url(scan, i, f)) || redact_assignment(scan, i, f);
	if (!redact_begins_word(scan, i))
		return false;
	if (c >= '0' && c <= '9' && redact_card(scan, i, f))
		return true;
	return redact_token(scan, i, f) || redact_credentials(scan, i, f);
}

/* Where the next tag, the next dash, the next word or sign may be. */
static size_t seek_tag(const struct scan *scan, size_t i)
{
	const char *found = memchr(scan->s + i, '<', scan->len - i);

	return found != NULL ? (size_t)(found - scan->s) : scan->len;
}

static size_t seek_dash(const struct scan *scan, size_t i)
{
	const char *found = memchr(scan->s + i, '-', scan->len - i);

	return found != NULL ? (size_t)(found - scan->s) : scan->len;
}

/* Where something may begin besides a word. U+FF1A, the wide colon, begins with 0xEF. */
static const bool signs[256] = {['='] = true,
    [':'] = true,
    ['>'] = true,
    ['"'] = true,
    ['\''] = true,
    ['['] = true,
    [0xef] = true};

static size_t seek_in_line(const struct scan *scan, size_t i)
{
	bool word = i > 0 && redact_in(SET_WORD, redact_before(scan, i, 1)) &&
	            !redact_begins_word(scan, i);

	for (; i < scan->len; i++) {
		char c = scan->s[i];

		if (redact_in(SET_WORD, c)) {
			if (!word && c != '_')
				return i;
			word = true;
			continue;
		}
		if (signs[(unsigned char)c])
			return i;
		word = false;
		if (c == '\\' && i + 2 < scan->len) /* "\nghp_..." */
			i += scan->s[i + 1] == 'n' || scan->s[i + 1] == 'r' ||
			     scan->s[i + 1] == 't';
	}
	return i;
}

/* What spans lines comes first, so that what stays within one sees lines as they will be. */
static const struct pass {
	size_t (*seek)(const struct scan *scan, size_t i);
	bool (*find)(struct scan *scan, size_t i, struct finding *f);
} passes[] = {
    {seek_tag, find_private},
    {seek_dash, redact_pem},
    {seek_in_line, find_in_line},
};

/* A text under way: the pass it is in, and how far that has come. */
struct redact_job {
	const char *given; /* borrowed */
	char *text;        /* of the pass; given, or owned */
	size_t pass;
	struct scan scan;
	size_t at, copied;
	FILE *to; /* NULL until the pass finds something */
	char *made;
	size_t made_len;
	struct redactions found;
};

static void drop_text(struct redact_job *job)
{
	if (job->text != job->given)
		free(job->text);
}

struct redact_job *redact_begin(const char *text, size_t len)
{
	struct redact_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->given = job->text = (char *)(uintptr_t)text;
	job->scan = (struct scan){.s = text, .len = len};
	job->at = passes[0].seek(&job->scan, 0);
	return job;
}

void redact_end(struct redact_job *job)
{
	if (job == NULL)
		return;
	if (job->to != NULL) {
		fclose(job->to);
		free(job->made);
	}
	drop_text(job);
	free(job);
}

/* Writes a marker for a finding. False: out of memory. */
static bool replace(struct redact_job *job, const struct finding *f)
{
	if (job->to == NULL && (job->to = open_memstream(&job->made, &job->made_len)) == NULL)
		return false;
	fwrite(job->scan.s + job->copied, 1, f->from - job->copied, job->to);
	fputs(kinds[f->kind].marker, job->to);
	job->found.of[f->kind]++;
	job->copied = f->to;
	return true;
}

/* What the pass made is what the next one reads. False: out of memory. */
static bool end_pass(struct redact_job *job)
{
	if (job->to != NULL) {
		fwrite(job->scan.s + job->copied, 1, job->scan.len - job->copied, job->to);
		bool written = ferror(job->to) == 0;

		written = fclose(job->to) == 0 && written;
		job->to = NULL;
		if (!written) {
			free(job->made);
			return false;
		}
		drop_text(job);
		job->text = job->made;
		job->scan.len = job->made_len;
	}
	job->scan = (struct scan){.s = job->text, .len = job->scan.len};
	job->copied = 0;
	if (++job->pass < sizeof(passes) / sizeof(*passes))
		job->at = passes[job->pass].seek(&job->scan, 0);
	return true;
}

/* The pass, up to about end. False: out of memory. */
static bool run_to(struct redact_job *job, size_t end)
{
	const struct pass *pass = &passes[job->pass];
	struct finding f;

	while (job->at < job->scan.len && job->at < end) {
		bool found = pass->find(&job->scan, job->at, &f);

		if (found) {
			job->scan.done = f.to;
			if (f.kind != REDACTION_KINDS && !replace(job, &f)) /* no marker yet */
				return false;
		}
		job->at = pass->seek(&job->scan, found ? f.to : job->at + 1);
	}
	return true;
}

enum redact_progress redact_some(
    struct redact_job *job, size_t bytes, struct redactions *counts, struct redacted *out)
{
	*out = (struct redacted){.text = NULL};
	while (job->pass < sizeof(passes) / sizeof(*passes)) {
		size_t from = job->at, end = from < SIZE_MAX - bytes ? from + bytes : SIZE_MAX;

		if (!run_to(job, end))
			return REDACT_FAILED;
		if (job->at < job->scan.len)
			return REDACT_MORE;
		bytes -= job->at - from < bytes ? job->at - from : bytes;
		if (!end_pass(job))
			return REDACT_FAILED;
	}
	for (size_t i = 0; i < REDACTION_KINDS; i++)
		counts->of[i] += job->found.of[i];
	if (job->text != job->given)
		*out = (struct redacted){job->text, job->scan.len};
	job->text = (char *)(uintptr_t)job->given;
	return REDACT_DONE;
}

bool redact(const char *text, size_t len, struct redactions *counts, struct redacted *out)
{
	struct redact_job *job = redact_begin(text, len);
	bool done = job != NULL && redact_some(job, SIZE_MAX, counts, out) == REDACT_DONE;

	redact_end(job);
	return done;
}
