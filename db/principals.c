/* principals: API keys and whom they stand for. */
#include "principals.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#define KEY_PREFIX       "sage_"
#define KEY_RANDOM_BYTES 32
#define HINT_LEN         13 /* the prefix and 8 characters: 48 bits stay public, 208 secret */

void key_hash(const char *text, size_t len, unsigned char hash[KEY_HASH_BYTES])
{
	unsigned int hash_len = KEY_HASH_BYTES;

	/* 256 random bits need no salt and no slow hash. */
	EVP_Digest(text, len, hash, &hash_len, EVP_sha256(), NULL);
}

bool key_generate(
    char text[KEY_TEXT_BYTES], char hint[KEY_HINT_BYTES], unsigned char hash[KEY_HASH_BYTES])
{
	unsigned char secret[KEY_RANDOM_BYTES];
	unsigned char encoded[KEY_TEXT_BYTES];

	if (RAND_bytes(secret, sizeof(secret)) != 1)
		return false;
	int len = EVP_EncodeBlock(encoded, secret, sizeof(secret));

	snprintf(text, KEY_TEXT_BYTES, KEY_PREFIX "%.*s", len, (const char *)encoded);
	for (char *c = text; *c != '\0'; c++) { /* base64url, so that it fits everywhere */
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	snprintf(hint, KEY_HINT_BYTES, "%.*s", HINT_LEN, text);
	key_hash(text, strlen(text), hash);
	return true;
}

void query_init_who(struct query *q, enum sql_id sql, const struct principal *who)
{
	query_init_for(q, sql, who->namespace);
	query_string(q, who->agent);
}

void principal_find_ask(struct query *q, const unsigned char *hash)
{
	query_init(q, SQL_principal_find);
	if (hash == NULL)
		query_null(q);
	else
		query_bytes(q, hash, KEY_HASH_BYTES);
}

bool principal_find_read(const struct rows *rows, struct principal *who)
{
	if (rows_count(rows) == 0)
		return false;
	snprintf(who->namespace, sizeof(who->namespace), "%s", rows_text(rows, 0, 0, NULL));
	snprintf(who->agent, sizeof(who->agent), "%s", rows_text(rows, 0, 1, NULL));
	who->has_key = !rows_is_null(rows, 0, 2);
	if (who->has_key)
		rows_uuid_bytes(rows, 0, 2, who->key_id);
	return true;
}

void key_create_ask(struct query *q, const unsigned char hash[KEY_HASH_BYTES], const char *hint,
    const struct principal *who)
{
	query_init(q, SQL_key_create);
	query_bytes(q, hash, KEY_HASH_BYTES);
	query_string(q, hint);
	query_string(q, who->namespace);
	query_string(q, who->agent);
}

void key_list_ask(struct query *q)
{
	query_init(q, SQL_key_list);
}

void key_list_read(const struct rows *rows, int row, struct key_row *key)
{
	rows_uuid(rows, row, 0, key->id);
	key->hint = rows_text(rows, row, 1, NULL);
	key->namespace = rows_text(rows, row, 2, NULL);
	key->agent = rows_text(rows, row, 3, NULL);
	key->created_us = rows_time(rows, row, 4);
	key->revoked_us = rows_time(rows, row, 5);
}

void key_revoke_ask(struct query *q, const char *id_or_hint)
{
	query_init(q, SQL_key_revoke);
	query_string(q, id_or_hint);
}

void key_exists_ask(struct query *q)
{
	query_init(q, SQL_key_exists);
}

bool key_exists_read(const struct rows *rows)
{
	return rows_bool(rows, 0, 0);
}
