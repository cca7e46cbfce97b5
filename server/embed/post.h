/*
 * post: one request with JSON to a provider over HTTP: what is the same whatever is asked of it.
 *
 * Redirects are not followed, the key goes into a header and nowhere else, and there is a limit to
 * the time it takes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "embed/curl_loop.h"

#define POST_CONNECT_MS  5000
#define POST_PIECE_BYTES 4096 /* read at once; libcurl reads up to 100 of them in one turn */

struct post {
	struct curl_job job; /* done and arg are the caller's */
	char *body;          /* the caller fills it; from malloc(), owned */
	size_t body_len;

	/* Its own. */
	struct curl_slist *headers;
};

/* Where it goes, both borrowed while it lasts; a key of "" is none. */
struct post_target {
	const char *url, *key;
};

/* The whole URL in url: a base such as "https://host/v1" gets the endpoint, "/embeddings", a whole one has it. */
void post_write_url(char *url, size_t url_len, const char *given, const char *endpoint);

/* May these be used? False: error names PREFIX_API_URL or PREFIX_API_KEY and what is wrong. */
bool post_target_fits(
    const struct post_target *target, const char *prefix, char *error, size_t error_len);

/* Text inside of a JSON string. */
void post_write_text(FILE *out, const char *text, size_t len);

/* Closes what was written to memory. False: not all of it is there. */
bool post_end_text(FILE *out) __attribute__((warn_unused_result));

/* The bytes of the answer go to take(..., arg), as CURLOPT_WRITEFUNCTION has it. */
typedef size_t (*post_take)(char *bytes, size_t size, size_t count, void *arg);

/* Makes job.easy for what is in body. False: out of memory; post_fini() in both cases. */
bool post_prepare(struct post *post, const struct post_target *target, int64_t timeout_ms,
    post_take take, void *arg) __attribute__((warn_unused_result));

/* Not while it runs; all zeros are fine. */
void post_fini(struct post *post);

/* Text of the provider's, cut where its len ends: does it quote the key, or begin to at its end? */
bool post_quotes_key(const char *text, size_t len, const char *key);

/* What came back: 0 when nothing did. */
long post_status(const struct post *post);

/* What Retry-After says, an hour at the most; 0: nothing. */
int64_t post_retry_ms(const struct post *post);

/* "HTTP status 401: the key is not accepted" */
void post_tell_status(long status, char *error, size_t error_len);

/* Is this status the provider's trouble of the moment, so that asking again may help? */
bool post_status_passes(long status);
