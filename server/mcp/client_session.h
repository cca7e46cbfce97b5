/*
 * client_session: sessions of the older revisions, as ids that carry all there is to know.
 *
 * An id is signed: what was negotiated, what the client can be asked, for whom, and when.
 * Any process accepts it and a restart loses none. Ids fit the visible ASCII of MCP-Session-Id.
 */
#pragma once

#include <stdbool.h>

struct principal;
struct service;

#define CLIENT_SESSION_ID_BYTES 64

struct client_session {
	char id[CLIENT_SESSION_ID_BYTES]; /* "": none */
	const char *version;              /* negotiated; static */
	unsigned client_can;              /* of enum client_ability */
};

enum client_session_verdict {
	CLIENT_SESSION_GOOD,
	CLIENT_SESSION_UNKNOWN,    /* forged, expired, ended, or somebody else's */
	CLIENT_SESSION_UNVERIFIED, /* the key or the list of ended ones is not there yet */
};

/* False: no id can be made now; the client goes on without one. */
bool client_session_mint(struct service *service, const struct principal *who,
    struct client_session *session) __attribute__((warn_unused_result));

enum client_session_verdict client_session_open(struct service *service,
    const struct principal *who, const char *id, struct client_session *session);
