/*
 * principals: who asks, and the API keys that prove it.
 *
 * Every statement of the store takes a principal: identity comes from the
 * credential and never from an argument. Keys are "sage_" and 43 characters of
 * base64url (32 random bytes); the database holds only their SHA-256.
 *
 * A store function pair: NAME_ask() turns the wish into a query, NAME_read()
 * turns its rows into structs. Running it in between is the caller's matter
 * (pool.h), so nothing in the store waits or calls back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "query.h"
#include "rows.h"

#define PRINCIPAL_NAME_BYTES 128 /* namespace and agent, NUL included */
#define KEY_HASH_BYTES       32
#define KEY_TEXT_BYTES       64
#define KEY_HINT_BYTES       16

struct principal {
	char namespace[PRINCIPAL_NAME_BYTES];
	char agent[PRINCIPAL_NAME_BYTES];
	unsigned char key_id[16]; /* of the API key */
	bool has_key;
};

/* A query of this principal: $1 is the namespace, $2 the agent, as in every statement on memories. */
void query_init_who(struct query *q, enum sql_id sql, const struct principal *who);

/* A new key: its text (to show once), its hint (public beginning) and its hash. False: no randomness. */
bool key_generate(char text[KEY_TEXT_BYTES], char hint[KEY_HINT_BYTES],
    unsigned char hash[KEY_HASH_BYTES]) __attribute__((warn_unused_result));
void key_hash(const char *text, size_t len, unsigned char hash[KEY_HASH_BYTES]);

/* hash NULL: the local agent, as long as no key was ever made. False from read: nobody. */
void principal_find_ask(struct query *q, const unsigned char *hash);
bool principal_find_read(const struct rows *rows, struct principal *who)
    __attribute__((warn_unused_result));

/* One registered key, as the command line shows it. Texts are borrowed from the rows. */
struct key_row {
	char id[37];
	const char *hint;
	const char *namespace;
	const char *agent;
	int64_t created_us;
	int64_t revoked_us; /* ROWS_NO_TIME: in force */
};

void key_create_ask(struct query *q, const unsigned char hash[KEY_HASH_BYTES], const char *hint,
    const struct principal *who);
void key_list_ask(struct query *q);
void key_list_read(const struct rows *rows, int row, struct key_row *key);
void key_revoke_ask(
    struct query *q, const char *id_or_hint); /* rows: id, hint, namespace, agent */

void key_exists_ask(struct query *q);
bool key_exists_read(const struct rows *rows);
