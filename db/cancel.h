/*
 * cancel: asks PostgreSQL to stop what a connection runs, without blocking.
 *
 * libpq 17 and newer can; which libpq there is shows when the program runs, so one binary
 * serves both. Without it the caller closes the connection instead, and PostgreSQL notices
 * by itself (client_connection_check_interval).
 *
 * The connection must not run anything else before the cancelling is over: a late one would hit
 * the next query.
 */
#pragma once

#include <stdbool.h>

#include <libpq-fe.h>

struct cancel;
struct event_base;

/* NULL: not possible here; done will not come. done comes once, from the loop, and then it is over. */
struct cancel *cancel_start(
    struct event_base *base, PGconn *pg, void (*done)(void *arg), void *arg);

/* Gives up, or frees after done. NULL is fine. */
void cancel_free(struct cancel *cancel);
