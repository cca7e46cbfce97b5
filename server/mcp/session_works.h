/*
 * session_works: what sessions of the older revisions keep in the database.
 *
 * Each is about call->client_session.
 */
#pragma once

#include "call.h"

extern const struct work client_session_find; /* result: {ended, logLevel?, subscriptions} */
extern const struct work client_session_subscribe;   /* {uri} */
extern const struct work client_session_unsubscribe; /* {uri} */
extern const struct work client_session_level;       /* {level} */
extern const struct work client_session_end;
