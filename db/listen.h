/*
 * listen: one connection that hears what other processes tell (LISTEN/NOTIFY).
 *
 * It stands outside the pool, because LISTEN belongs to a session. When it breaks it
 * comes back by itself; what was told meanwhile is lost, so heard() is told of the
 * gap: payload NULL means "anything may have happened since".
 */
#pragma once

#include <stddef.h>

struct event_base;
struct listen;

#define LISTEN_CHANNEL       "sage_events" /* also in db/sql/notify.sql */
#define LISTEN_PAYLOAD_BYTES 7900          /* PostgreSQL takes less than 8000 */

struct listen_config {
	const char *conninfo;
	int connect_ms;
	/* From the loop. The payload is borrowed; NULL: the connection is new, there was a gap. */
	void (*heard)(void *arg, const char *payload);
	void *arg;
};

/* NULL: conninfo does not parse, or no memory (error says). Starts at once. */
struct listen *listen_start(
    struct event_base *base, const struct listen_config *config, char *error, size_t error_len);

void listen_free(struct listen *listen); /* NULL is fine */
