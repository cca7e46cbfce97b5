/* client_session: a few bytes under a signature. */
#include "mcp/client_session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "ended_sessions.h"
#include "mcp.h"
#include "principals.h"
#include "server_limits.h"
#include "service.h"
#include "signer.h"

#define PURPOSE "session"

/* All bytes, so that it has no padding and no byte order. */
struct payload {
	unsigned char version; /* into the table of mcp_legacy_version() */
	unsigned char client_can;
	unsigned char created[4]; /* unix seconds, big-endian */
	unsigned char owner[8];   /* of the SHA-256 over namespace and agent */
	unsigned char random[12];
};

static void digest_owner(const struct principal *who, unsigned char owner[8])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char names[2 * PRINCIPAL_NAME_BYTES];
	int len = snprintf(names, sizeof(names), "%s %s", who->namespace, who->agent);

	EVP_Digest(names, (size_t)len, hash, NULL, EVP_sha256(), NULL);
	memcpy(owner, hash, 8);
}

bool client_session_mint(
    struct service *service, const struct principal *who, struct client_session *session)
{
	struct payload payload = {.client_can = (unsigned char)session->client_can};
	uint32_t now = (uint32_t)time(NULL);
	char *id = NULL;

	while (strcmp(mcp_legacy_version(payload.version), session->version) != 0)
		payload.version++;
	for (int i = 0; i < 4; i++)
		payload.created[i] = (unsigned char)(now >> (24 - 8 * i));
	digest_owner(who, payload.owner);
	if (RAND_bytes(payload.random, sizeof(payload.random)) == 1)
		id = signer_seal(service->signer, PURPOSE, &payload, sizeof(payload));
	snprintf(session->id, sizeof(session->id), "%s", id != NULL ? id : "");
	free(id);
	return *session->id != '\0';
}

static bool is_current(const struct payload *payload)
{
	uint32_t created = 0;

	for (int i = 0; i < 4; i++)
		created = created << 8 | payload->created[i];
	/* Signed: made in the future is made by a clock that is ahead of ours, or was. */
	return (int32_t)((uint32_t)time(NULL) - created) <= CLIENT_SESSION_LIFETIME_S;
}

enum client_session_verdict client_session_open(struct service *service,
    const struct principal *who, const char *id, struct client_session *session)
{
	const struct payload *payload;
	unsigned char owner[8];
	size_t len = 0;
	bool good;

	if (!signer_ready(service->signer) || !ended_sessions_ready(service->ended) ||
	    who == NULL)
		return CLIENT_SESSION_UNVERIFIED;
	if (strlen(id) >= sizeof(session->id))
		return CLIENT_SESSION_UNKNOWN;
	payload = signer_unseal(service->signer, PURPOSE, id, &len);
	digest_owner(who, owner);
	good = payload != NULL && len == sizeof(*payload) &&
	       mcp_legacy_version(payload->version) != NULL && is_current(payload) &&
	       memcmp(owner, payload->owner, sizeof(owner)) == 0 &&
	       !ended_sessions_has(service->ended, id);
	if (good) {
		snprintf(session->id, sizeof(session->id), "%s", id);
		session->version = mcp_legacy_version(payload->version);
		session->client_can = payload->client_can;
	}
	free((void *)(uintptr_t)payload);
	return good ? CLIENT_SESSION_GOOD : CLIENT_SESSION_UNKNOWN;
}
