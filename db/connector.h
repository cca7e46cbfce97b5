/*
 * connector: from a connection string to an open PGconn, without ever blocking.
 *
 * libpq's asynchronous connect still looks up host names synchronously and
 * ignores connect_timeout, so names are resolved here first (evdns, /etc/hosts)
 * and handed over as hostaddr, and the deadlines are ours. Several hosts are tried one by one,
 * each with its share of the time, so that one that swallows packets does not keep the others from being
 * found; the host that served last is tried first.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libpq-fe.h>

struct attempt;
struct connector;
struct event_base;

struct connector_config {
	const char *conninfo;
	const char
	    *options;     /* "-c name=value ..." for the session, or ""; conninfo's own win */
	const char *role; /* target_session_attrs, whatever conninfo says; static */
	int host;         /* only this one of conninfo's hosts, from 0; -1: all */
};

/* NULL: conninfo does not parse (see error). */
struct connector *connector_new(struct event_base *base, const struct connector_config *config,
    char *error, size_t error_len);
void connector_free(struct connector *connector); /* after its attempts; NULL is fine */

/* For connections from now on. False: out of memory; the old ones stay. */
bool connector_set_options(struct connector *connector, const char *options);
void connector_set_role(struct connector *connector, const char *role);

/* How many hosts there are, and one of them as "host:port". */
int connector_host_count(const struct connector *connector);
void connector_host_name(const struct connector *connector, int host, char *text, size_t len);

/*
 * The outcome, from the loop: pg is open, non-blocking and the callee's, or NULL
 * and error says why and what to do (borrowed). The attempt is over and freed.
 */
typedef void (*connector_done)(void *arg, PGconn *pg, const char *error);

/* NULL: out of memory; done will not come. */
struct attempt *connector_start(
    struct connector *connector, int deadline_ms, connector_done done, void *arg);

/* Ends an attempt; done will not come. NULL is fine. */
void connector_cancel(struct attempt *attempt);
