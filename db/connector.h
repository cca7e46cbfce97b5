/*
 * connector: from a connection string to an open PGconn, without ever blocking.
 *
 * libpq's asynchronous connect still looks up host names synchronously and
 * ignores connect_timeout, so names are resolved here first (evdns, /etc/hosts)
 * and handed over as hostaddr, and the deadline is ours. Several hosts are
 * tried in their order by libpq.
 */
#pragma once

#include <stddef.h>

#include <libpq-fe.h>

struct attempt;
struct connector;
struct event_base;

/* options: "-c name=value ..." for the session, or "". NULL: conninfo does not parse (see error). */
struct connector *connector_new(struct event_base *base, const char *conninfo,
    const char *options, char *error, size_t error_len);
void connector_free(struct connector *connector); /* after its attempts; NULL is fine */

/*
 * The outcome, from the loop: pg is open, non-blocking and the callee's, or NULL
 * and error says why (borrowed). The attempt is over and freed.
 */
typedef void (*connector_done)(void *arg, PGconn *pg, const char *error);

/* NULL: out of memory; done will not come. */
struct attempt *connector_start(
    struct connector *connector, int deadline_ms, connector_done done, void *arg);

/* Ends an attempt; done will not come. NULL is fine. */
void connector_cancel(struct attempt *attempt);
