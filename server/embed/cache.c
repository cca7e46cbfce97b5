/* cache: a list by use and chains by hash. */
#include "embed/cache.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <openssl/evp.h>

#define HASH_BYTES 32

struct entry {
	unsigned char hash[HASH_BYTES];
	float *vector;
	LIST_ENTRY(entry) chain;
	TAILQ_ENTRY(entry) use;
};

LIST_HEAD(chain, entry);
TAILQ_HEAD(uses, entry);

struct vector_cache {
	size_t limit, count;
	struct chain *chains; /* limit of them */
	struct uses uses;     /* the latest first */
};

struct vector_cache *vector_cache_new(size_t entries)
{
	struct vector_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return NULL;
	cache->limit = entries;
	cache->chains = calloc(entries, sizeof(*cache->chains));
	TAILQ_INIT(&cache->uses);
	if (cache->chains != NULL)
		return cache;
	free(cache);
	return NULL;
}

static void drop(struct vector_cache *cache, struct entry *entry)
{
	LIST_REMOVE(entry, chain);
	TAILQ_REMOVE(&cache->uses, entry, use);
	cache->count--;
	free(entry->vector);
	free(entry);
}

void vector_cache_free(struct vector_cache *cache)
{
	struct entry *entry, *next;

	if (cache == NULL)
		return;
	for (entry = TAILQ_FIRST(&cache->uses); entry != NULL; entry = next) {
		next = TAILQ_NEXT(entry, use);
		free(entry->vector);
		free(entry);
	}
	free(cache->chains);
	free(cache);
}

static struct chain *chain_of(struct vector_cache *cache, const unsigned char hash[HASH_BYTES])
{
	size_t number;

	memcpy(&number, hash, sizeof(number));
	return &cache->chains[number % cache->limit];
}

static bool take_hash(const char *text, size_t len, unsigned char hash[HASH_BYTES])
{
	return EVP_Digest(text, len, hash, NULL, EVP_sha256(), NULL) == 1;
}

static struct entry *find(struct vector_cache *cache, const unsigned char hash[HASH_BYTES])
{
	struct entry *entry;

	LIST_FOREACH (entry, chain_of(cache, hash), chain) {
		if (memcmp(entry->hash, hash, HASH_BYTES) == 0)
			return entry;
	}
	return NULL;
}

const float *vector_cache_get(struct vector_cache *cache, const char *text, size_t len)
{
	unsigned char hash[HASH_BYTES];
	struct entry *entry = take_hash(text, len, hash) ? find(cache, hash) : NULL;

	if (entry == NULL)
		return NULL;
	TAILQ_REMOVE(&cache->uses, entry, use);
	TAILQ_INSERT_HEAD(&cache->uses, entry, use);
	return entry->vector;
}

void vector_cache_put(struct vector_cache *cache, const char *text, size_t len,
    const float *vector, size_t numbers)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return;
	entry->vector = malloc(numbers * sizeof(*vector));
	if (entry->vector == NULL || !take_hash(text, len, entry->hash) ||
	    find(cache, entry->hash) != NULL) {
		free(entry->vector);
		free(entry);
		return;
	}
	memcpy(entry->vector, vector, numbers * sizeof(*vector));
	if (cache->count == cache->limit)
		drop(cache, TAILQ_LAST(&cache->uses, uses));
	LIST_INSERT_HEAD(chain_of(cache, entry->hash), entry, chain);
	TAILQ_INSERT_HEAD(&cache->uses, entry, use);
	cache->count++;
}
