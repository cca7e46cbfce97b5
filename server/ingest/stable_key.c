/* stable_key: SHA-256 over lengths and bytes, so that "ab", "c" is not "a", "bc". */
#include "ingest/stable_key.h"

#include <stdint.h>
#include <stdio.h>

#include <openssl/evp.h>

static bool digest(EVP_MD_CTX *context, const struct arg_text *parts, size_t count,
    unsigned char *hash, unsigned *hash_len)
{
	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned char len[8];

		for (int byte = 0; byte < 8; byte++)
			len[byte] = (unsigned char)((uint64_t)parts[i].len >> (8 * byte));
		if (EVP_DigestUpdate(context, len, sizeof(len)) != 1 ||
		    EVP_DigestUpdate(context, parts[i].s, parts[i].len) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(context, hash, hash_len) == 1;
}

bool stable_key(
    char key[STABLE_KEY_BYTES], const char *kind, const struct arg_text *parts, size_t count)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned hash_len = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool digested = context != NULL && digest(context, parts, count, hash, &hash_len);
	size_t at = (size_t)snprintf(key, STABLE_KEY_BYTES, "%.30s:", kind);

	EVP_MD_CTX_free(context);
	for (unsigned i = 0; digested && i < hash_len; i++)
		at += (size_t)snprintf(key + at, STABLE_KEY_BYTES - at, "%02x", hash[i]);
	return digested;
}
