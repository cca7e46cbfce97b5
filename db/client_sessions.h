/*
 * client_sessions: what MCP sessions of the older revisions leave between requests, and the
 * key that signs their ids. Pairs of _ask and _read as in principals.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "principals.h"
#include "query.h"
#include "rows.h"

void secret_find_ask(struct query *q, const char *name);
/* NULL: there is none. Borrowed from the rows. */
const char *secret_find_read(const struct rows *rows);

/* Also forgets what is older than lifetime_s. */
void client_session_end_ask(
    struct query *q, const struct principal *who, const char *id, int32_t lifetime_s);

void client_session_ended_ask(struct query *q, int32_t limit);
const char *client_session_ended_read(const struct rows *rows, int row);

void client_session_subscribe_ask(struct query *q, const struct principal *who, const char *id,
    const char *uri, int32_t limit);
/* False: it has as many as it may. */
bool client_session_subscribe_read(const struct rows *rows);

void client_session_unsubscribe_ask(struct query *q, const char *id, const char *uri);

void client_session_level_ask(
    struct query *q, const struct principal *who, const char *id, const char *level);

void client_session_find_ask(struct query *q, const char *id);

/* Row by row; texts are borrowed from the rows. */
struct client_session_row {
	const char *log_level; /* NULL: never set */
	bool ended;
	const char *uri; /* NULL: no subscription */
};

void client_session_find_read(
    const struct rows *rows, int row, struct client_session_row *session);
