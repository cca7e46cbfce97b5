/* signer: the key from the database, HMAC by libcrypto. */
#include "signer.h"

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base64.h"
#include "client_sessions.h"
#include "database.h"
#include "log.h"
#include "server_limits.h"

#define KEY_BYTES 64 /* 32 random bytes in hex */
#define MAC_BYTES 16

struct signer {
	struct database *db;
	struct query query;
	struct event *again;
	char key[KEY_BYTES + 1]; /* "" until it is known */
};

static void fetch(struct signer *signer);

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fetch(arg);
}

static void on_fetched(void *arg, struct rows *rows, const struct db_error *error)
{
	static const struct timeval wait = {0, SECRET_RETRY_MS * 1000};
	struct signer *signer = arg;
	const char *key = error->kind == DB_OK ? secret_find_read(rows) : NULL;

	if (key != NULL && strlen(key) == KEY_BYTES) {
		memcpy(signer->key, key, KEY_BYTES + 1);
	} else {
		log_warn("the signing key could not be read; trying again", "error",
		    error->kind == DB_OK ? "there is none" : error->text);
		event_add(signer->again, &wait);
	}
	rows_free(rows);
}

static void fetch(struct signer *signer)
{
	struct db_error error;

	query_fini(&signer->query);
	secret_find_ask(&signer->query, "signing");
	if (!database_run(signer->db, &signer->query, on_fetched, signer, &error))
		on_fetched(signer, NULL, &error);
}

struct signer *signer_new(struct event_base *base, struct database *db)
{
	struct signer *signer = calloc(1, sizeof(*signer));

	if (signer == NULL)
		return NULL;
	signer->db = db;
	signer->again = evtimer_new(base, on_again, signer);
	if (signer->again == NULL) {
		free(signer);
		return NULL;
	}
	return signer;
}

void signer_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	database_cancel(signer->db, &signer->query);
	query_fini(&signer->query);
	event_free(signer->again);
	OPENSSL_cleanse(signer->key, sizeof(signer->key));
	free(signer);
}

void signer_open(struct signer *signer)
{
	fetch(signer);
}

bool signer_ready(const struct signer *signer)
{
	return *signer->key != '\0';
}

/* HMAC over the purpose, a NUL, and the bytes. */
static bool authenticate(const struct signer *signer, const char *purpose, const void *bytes,
    size_t len, unsigned char mac[MAC_BYTES])
{
	size_t purpose_len = strlen(purpose) + 1;
	unsigned char full[EVP_MAX_MD_SIZE];
	unsigned char *text = malloc(purpose_len + len);

	if (text == NULL)
		return false;
	memcpy(text, purpose, purpose_len);
	memcpy(text + purpose_len, bytes, len);
	bool done = HMAC(EVP_sha256(), signer->key, KEY_BYTES, text, purpose_len + len, full,
	                NULL) != NULL;

	free(text);
	memcpy(mac, full, MAC_BYTES);
	return done;
}

char *signer_seal(
    const struct signer *signer, const char *purpose, const void *bytes, size_t len)
{
	unsigned char *sealed = malloc(len + MAC_BYTES);
	char *text = malloc(BASE64_LEN(len + MAC_BYTES));
	bool done = false;

	if (signer_ready(signer) && sealed != NULL && text != NULL) {
		memcpy(sealed, bytes, len);
		done = authenticate(signer, purpose, bytes, len, sealed + len);
	}
	if (done) {
		base64_encode(BASE64_URL, sealed, len + MAC_BYTES, text);
	} else {
		free(text);
		text = NULL;
	}
	free(sealed);
	return text;
}

void *signer_unseal(
    const struct signer *signer, const char *purpose, const char *token, size_t *len)
{
	size_t token_len = strlen(token), all = 0;
	unsigned char *bytes = malloc(token_len + 1);
	unsigned char mac[MAC_BYTES];

	if (bytes == NULL || !signer_ready(signer) ||
	    !base64_decode(BASE64_URL, token, token_len, bytes, token_len, &all) ||
	    all < MAC_BYTES || !authenticate(signer, purpose, bytes, all - MAC_BYTES, mac) ||
	    CRYPTO_memcmp(mac, bytes + all - MAC_BYTES, MAC_BYTES) != 0) {
		free(bytes);
		return NULL;
	}
	*len = all - MAC_BYTES;
	bytes[*len] = '\0';
	return bytes;
}
