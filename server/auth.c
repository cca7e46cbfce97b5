/* auth: reads the credential, asks the cache, then the database. */
#include "auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "database.h"
#include "server_limits.h"

struct entry {
	unsigned char hash[KEY_HASH_BYTES];
	bool has_key;
	int64_t expires_ms; /* 0: empty */
	int64_t renew_ms;   /* who comes then asks the database anew, before all must */
	struct principal who;
};

struct auth {
	struct database *db;
	bool required;
	struct entry
	    cache[AUTH_CACHE_ENTRIES]; /* by the first bytes of the hash; newest wins */
};

struct auth *auth_new(struct database *db, bool required)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth != NULL) {
		auth->db = db;
		auth->required = required;
	}
	return auth;
}

void auth_free(struct auth *auth)
{
	free(auth);
}

/* False: a credential was sent that cannot be a key. */
static bool read_credential(struct auth_check *check, const struct exchange *x)
{
	static const char scheme[] = "Bearer ";
	unsigned copies = 0;
	const char *value = exchange_header(x, "authorization", &copies);

	check->has_key = value != NULL;
	if (value == NULL)
		return true;
	if (copies != 1 || strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
		return false;
	value += sizeof(scheme) - 1;
	value += strspn(value, " ");
	size_t len = strlen(value);

	if (len == 0 || len > MAX_TOKEN_BYTES)
		return false;
	key_hash(value, len, check->hash);
	return true;
}

static struct entry *entry_of(const struct auth_check *check)
{
	size_t slot = 0; /* without a key: the hash is all zero */

	memcpy(&slot, check->hash, sizeof(slot));
	return &check->auth->cache[slot % AUTH_CACHE_ENTRIES];
}

static bool is_hit(const struct entry *entry, const struct auth_check *check)
{
	return entry->expires_ms > clock_ms() && entry->has_key == check->has_key &&
	       memcmp(entry->hash, check->hash, KEY_HASH_BYTES) == 0;
}

static void remember(const struct auth_check *check)
{
	struct entry *entry = entry_of(check);

	*entry = (struct entry){.has_key = check->has_key,
	    .expires_ms = clock_ms() + AUTH_CACHE_MS,
	    .renew_ms = clock_ms() + AUTH_CACHE_MS / 2,
	    .who = check->who};
	memcpy(entry->hash, check->hash, KEY_HASH_BYTES);
}

/* The verdict that is remembered, if there is one. */
static enum auth_verdict recall(struct auth_check *check)
{
	const struct entry *entry = entry_of(check);

	if (!is_hit(entry, check))
		return AUTH_UNVERIFIED;
	check->who = entry->who;
	return AUTH_GRANTED;
}

static void on_principal(void *arg, struct rows *rows, const struct db_error *error)
{
	struct auth_check *check = arg;
	enum auth_verdict verdict;

	check->waiting = false;
	if (error->kind != DB_OK) {
		verdict = recall(check);
	} else if (principal_find_read(rows, &check->who)) {
		remember(check);
		verdict = AUTH_GRANTED;
	} else {
		/* Refusals are not remembered: a key works from the moment it is made. */
		if (is_hit(entry_of(check), check))
			entry_of(check)->expires_ms = 0;
		verdict = AUTH_REFUSED;
	}
	rows_free(rows);
	check->done(check->arg, verdict);
}

enum auth_verdict auth_check_start(struct auth *auth, struct auth_check *check,
    const struct exchange *x, void (*done)(void *arg, enum auth_verdict verdict), void *arg)
{
	struct db_error error;

	memset(check, 0, sizeof(*check));
	check->auth = auth;
	check->done = done;
	check->arg = arg;
	if (!read_credential(check, x) || (!check->has_key && auth->required))
		return AUTH_REFUSED;

	if (recall(check) == AUTH_GRANTED) {
		struct entry *entry = entry_of(check);

		if (clock_ms() < entry->renew_ms)
			return AUTH_GRANTED;
		entry->renew_ms = clock_ms() + AUTH_RENEW_MS; /* the others go on meanwhile */
	}
	principal_find_ask(&check->query, check->has_key ? check->hash : NULL);
	if (!database_run(auth->db, &check->query, on_principal, check, &error)) {
		query_fini(&check->query);
		return recall(check);
	}
	check->waiting = true;
	return AUTH_PENDING;
}

void auth_check_fini(struct auth_check *check)
{
	if (check->auth == NULL)
		return;
	if (check->waiting)
		database_cancel(check->auth->db, &check->query);
	check->waiting = false;
	query_fini(&check->query);
	check->auth = NULL;
}
