/*
 * auth: from the credential of a request to the principal behind it.
 *
 * `Authorization: Bearer sage_...` names an API key. Without a credential a request is the
 * local agent's, as long as AUTH is auto and no key was ever made. Answers of the database
 * are remembered for AUTH_CACHE_MS, so a revoked key ends within that time.
 *
 * Later credentials (OAuth access tokens) and per-key scopes and quotas have their place here:
 * they end in the same struct principal.
 */
#pragma once

#include <stdbool.h>

#include "exchange.h"
#include "principals.h"

struct auth;
struct database;

enum auth_verdict {
	AUTH_GRANTED,
	AUTH_REFUSED,    /* no valid credential: 401 */
	AUTH_UNVERIFIED, /* the database cannot be asked now: nothing of anybody's may be shown */
	AUTH_PENDING,    /* the verdict comes through done */
};

/* Who asks, once known. A wait is inside it, so its owner's memory is all it needs. */
struct auth_check {
	struct auth *auth;
	struct query query;
	bool waiting;
	unsigned char hash[KEY_HASH_BYTES];
	bool has_key;
	struct principal who; /* filled when AUTH_GRANTED */
	void (*done)(void *arg, enum auth_verdict verdict);
	void *arg;
};

struct auth *auth_new(struct database *db, bool required);
void auth_free(struct auth *auth);

/*
 * Starts a check. An immediate verdict is returned and done is not called;
 * AUTH_PENDING promises done, later, from the loop.
 */
enum auth_verdict auth_check_start(struct auth *auth, struct auth_check *check,
    const struct exchange *x, void (*done)(void *arg, enum auth_verdict verdict), void *arg);

/* Ends a check; a pending done will not come. Needed after every start. */
void auth_check_fini(struct auth_check *check);
