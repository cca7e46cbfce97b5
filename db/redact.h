/*
 * redact: takes out of a text what must not be stored.
 *
 * Every text on its way into the database goes through redact() first. It replaces each of
 * these by a marker that says what stood there, such as [redacted:api_key]:
 *
 *	private      <private>...</private>: nested, in any case; without an end, to the end
 *	api_key      keys of well-known providers, by their public prefixes and lengths
 *	token        JWTs, values of Bearer and Basic, token=...
 *	secret       secret=..., credentials=... and the like
 *	password     password=..., the password in a URL
 *	private_key  PEM and OpenPGP private keys
 *	card         payment card numbers: issuer, length and check digit are right
 *
 * What it promises: linear time, whatever the text; redact(redact(x)) is redact(x);
 * valid UTF-8 stays valid; prose, code, UUIDs, hashes and order numbers stay as they are.
 * What it cannot promise is to find every secret: a password in a sentence looks like a word.
 *
 * It knows no JSON. Of a JSON value each string goes through it, never the JSON text: a
 * span may begin in one string and end in another.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum redaction {
	REDACTED_PRIVATE,
	REDACTED_API_KEY,
	REDACTED_TOKEN,
	REDACTED_SECRET,
	REDACTED_PASSWORD,
	REDACTED_PRIVATE_KEY,
	REDACTED_CARD,
	REDACTION_KINDS,
};

/* How many of each kind were replaced. */
struct redactions {
	uint64_t of[REDACTION_KINDS];
};

struct redacted {
	char *text; /* NUL-terminated, to be freed with free(); NULL: keep the original */
	size_t len;
};

/*
 * The result may be longer than text, at most REDACT_GROWTH times. Adds to counts, so one
 * struct serves all texts of a memory. False: out of memory, and nothing may be stored.
 */
bool redact(const char *text, size_t len, struct redactions *counts, struct redacted *out)
    __attribute__((warn_unused_result));

#define REDACT_GROWTH 4

/*
 * The same in pieces, for long texts: text must outlive the job. NULL: out of memory. After REDACT_MORE
 * go on, after the others redact_end().
 */
struct redact_job;
enum redact_progress { REDACT_MORE, REDACT_DONE, REDACT_FAILED };

struct redact_job *redact_begin(const char *text, size_t len);
/* About so many bytes further (a megabyte takes some 30 ms). counts and out as above, once it is done. */
enum redact_progress redact_some(struct redact_job *job, size_t bytes,
    struct redactions *counts, struct redacted *out) __attribute__((warn_unused_result));
void redact_end(struct redact_job *job); /* NULL is fine */

/* "api_key": the name in the marker, and a label for metrics. Static. */
const char *redaction_name(enum redaction kind);

/*
 * A value under a name, as in metadata: "password" and "hunter2". True when the name says
 * that the value is a secret; the value is then replaced as a whole by the marker of *kind.
 */
bool redact_by_name(const char *name, size_t name_len, const char *value, size_t value_len,
    enum redaction *kind) __attribute__((warn_unused_result));

/* "[redacted:api_key]". Static. */
const char *redaction_marker(enum redaction kind);
