/*
 * signer: bytes that clients keep for the server and cannot change.
 *
 * A token is base64url of the bytes and of their HMAC-SHA-256 (128 bits of it). The key
 * comes from the database, so every process accepts every other's tokens, and a restart
 * none the less. Whoever opens a token also checks to whom it was given, and its age.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct database;
struct signer;

/* NULL: out of memory. */
struct signer *signer_new(struct event_base *base, struct database *db);
void signer_free(struct signer *signer); /* before the pool; NULL is fine */

/* The schema is there: fetches the key, again and again until it has it. */
void signer_open(struct signer *signer);

/* Without the key nothing can be sealed or judged. */
bool signer_ready(const struct signer *signer);

/* purpose keeps tokens of one kind from passing for another. The caller frees it; NULL: no key. */
char *signer_seal(
    const struct signer *signer, const char *purpose, const void *bytes, size_t len);

/* NULL: not one of ours. The caller frees the bytes, which end with a NUL behind *len. */
void *signer_unseal(
    const struct signer *signer, const char *purpose, const char *token, size_t *len);
