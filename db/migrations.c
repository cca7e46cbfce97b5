/* migrations: the embedded files. */
#include "migrations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

const struct migration migrations[MIGRATIONS_COUNT] = {
#define MIGRATION(name, text) {#name, text},
#include "migrations.inc"
#undef MIGRATION
};

long migration_number(const struct migration *migration)
{
	return strtol(migration->name, NULL, 10);
}

void migration_checksum(const struct migration *migration, char hex[MIGRATION_CHECKSUM_BYTES])
{
	unsigned char hash[32];
	unsigned int len = sizeof(hash);

	EVP_Digest(migration->text, strlen(migration->text), hash, &len, EVP_sha256(), NULL);
	for (unsigned int i = 0; i < sizeof(hash); i++)
		snprintf(hex + (size_t)2 * i, 3, "%02x", hash[i]);
}

enum migration_state migration_state(long number, const char *checksum, size_t *index)
{
	char hex[MIGRATION_CHECKSUM_BYTES];

	for (size_t i = 0; i < MIGRATIONS_COUNT; i++) {
		if (migration_number(&migrations[i]) != number)
			continue;
		*index = i;
		migration_checksum(&migrations[i], hex);
		return strcmp(hex, checksum) == 0 ? MIGRATION_SAME : MIGRATION_CHANGED;
	}
	return MIGRATION_NEWER;
}

bool pgvector_is_new_enough(const char *version)
{
	int have[3] = {0}, oldest[3] = {0};

	if (sscanf(version, "%d.%d.%d", &have[0], &have[1], &have[2]) < 2)
		return false;
	sscanf(PGVECTOR_OLDEST, "%d.%d.%d", &oldest[0], &oldest[1], &oldest[2]);
	for (int i = 0; i < 3; i++) {
		if (have[i] != oldest[i])
			return have[i] > oldest[i];
	}
	return true;
}
