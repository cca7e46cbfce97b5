/* listen: connect -> LISTEN -> hear, and from the beginning when it breaks. */
#include "listen.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>
#include <event2/util.h>
#include <libpq-fe.h>

#include "connector.h"

#define RETRY_MOST_MS 2000

struct listen {
	struct event_base *base;
	struct connector *connector;
	struct listen_config config;
	struct attempt *attempt;
	PGconn *pg;
	struct event *readable, *retry;
	bool hearing; /* LISTEN was answered */
};

static void on_connected(void *arg, PGconn *pg, const char *error);

static void start(struct listen *listen)
{
	listen->attempt =
	    connector_start(listen->connector, listen->config.connect_ms, on_connected, listen);
	if (listen->attempt == NULL)
		on_connected(listen, NULL, "out of memory");
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	start(arg);
}

static void disconnect(struct listen *listen)
{
	if (listen->readable != NULL)
		event_free(listen->readable);
	listen->readable = NULL;
	PQfinish(listen->pg);
	listen->pg = NULL;
	listen->hearing = false;
}

/* The pool says in the log that the database is away; this only comes back. */
static void try_again(struct listen *listen)
{
	uint32_t random;

	disconnect(listen);
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	const struct timeval wait = {
	    0, (suseconds_t)(100 + random % (RETRY_MOST_MS / 2)) * 1000};

	event_add(listen->retry, &wait);
}

static void take_results(struct listen *listen)
{
	PGresult *result;

	while (PQisBusy(listen->pg) == 0 && (result = PQgetResult(listen->pg)) != NULL) {
		listen->hearing = PQresultStatus(result) == PGRES_COMMAND_OK;
		PQclear(result);
		if (listen->hearing)
			listen->config.heard(listen->config.arg, NULL);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listen *listen = arg;
	PGnotify *notify;

	(void)fd;
	(void)what;
	if (PQconsumeInput(listen->pg) == 0) {
		try_again(listen);
		return;
	}
	if (!listen->hearing)
		take_results(listen);
	while ((notify = PQnotifies(listen->pg)) != NULL) {
		listen->config.heard(listen->config.arg, notify->extra);
		PQfreemem(notify);
	}
	if (PQstatus(listen->pg) == CONNECTION_BAD)
		try_again(listen);
}

static void on_connected(void *arg, PGconn *pg, const char *error)
{
	struct listen *listen = arg;

	(void)error;
	listen->attempt = NULL;
	listen->pg = pg;
	if (pg == NULL) {
		try_again(listen);
		return;
	}
	listen->readable =
	    event_new(listen->base, PQsocket(pg), EV_READ | EV_PERSIST, on_readable, listen);
	/* The statement is shorter than any socket buffer: nothing is left to flush. */
	if (listen->readable == NULL || event_add(listen->readable, NULL) != 0 ||
	    PQsendQuery(pg, "LISTEN " LISTEN_CHANNEL) == 0 || PQflush(pg) != 0)
		try_again(listen);
}

struct listen *listen_start(
    struct event_base *base, const struct listen_config *config, char *error, size_t error_len)
{
	struct listen *listen = calloc(1, sizeof(*listen));

	const struct connector_config connector = {
	    .conninfo = config->conninfo, .options = "", .role = "read-write", .host = -1};

	snprintf(error, error_len, "out of memory");
	if (listen == NULL)
		return NULL;
	listen->base = base;
	listen->config = *config;
	listen->retry = evtimer_new(base, on_retry, listen);
	if (listen->retry != NULL)
		listen->connector = connector_new(base, &connector, error, error_len);
	if (listen->connector == NULL) {
		listen_free(listen);
		return NULL;
	}
	start(listen);
	return listen;
}

void listen_free(struct listen *listen)
{
	if (listen == NULL)
		return;
	connector_cancel(listen->attempt);
	disconnect(listen);
	if (listen->retry != NULL)
		event_free(listen->retry);
	connector_free(listen->connector);
	free(listen);
}
