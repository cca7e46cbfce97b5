/* public_address: the listener of LISTEN, and the look for the first key. */
#include "public_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "database.h"
#include "http/http.h"
#include "log.h"
#include "options.h"
#include "origin.h"
#include "principals.h"
#include "rows.h"
#include "server_limits.h"
#include "service.h"

struct public_address {
	struct service *service;
	struct event *key_timer;
	struct query key_query;
};

static bool listen_on(
    struct public_address *public, const char *address, char *error, size_t len)
{
	char text[280];

	if (!http_listen(public->service->http, address, error, len))
		return false;
	/* ":0" lets the system choose; the log says what it chose. */
	snprintf(text, sizeof(text), "%.*s:%u", (int)(strrchr(address, ':') - address), address,
	    http_port(public->service->http));
	log_info("listening", "address", text);
	return true;
}

/* The configured port, on this machine only. */
static bool listen_on_loopback(struct public_address *public, char *error, size_t len)
{
	const char *address = option_text(public->service->options, OPT_LISTEN);
	char local[32];

	snprintf(local, sizeof(local), "127.0.0.1%.8s", strrchr(address, ':'));
	return listen_on(public, local, error, len);
}

/* The loopback listener goes first: Linux does not let a wildcard address share its port. */
static void open_public(struct public_address *public)
{
	const char *address = option_text(public->service->options, OPT_LISTEN);
	char error[256];

	http_stop_listening(public->service->http);
	if (listen_on(public, address, error, sizeof(error)))
		return;
	log_error(
	    "cannot listen; serving on loopback only", "address", address, "error", error);
	if (!listen_on_loopback(public, error, sizeof(error)))
		log_error("cannot listen", "error", error);
}

static void on_key_exists(void *arg, struct rows *rows, const struct db_error *db_error)
{
	static const struct timeval again = {.tv_sec = KEY_POLL_MS / 1000};
	struct public_address *public = arg;
	bool exists = db_error->kind == DB_OK && key_exists_read(rows);

	rows_free(rows);
	if (exists)
		open_public(public);
	else
		event_add(public->key_timer, &again);
}

static void look_for_key(evutil_socket_t fd, short what, void *arg)
{
	struct public_address *public = arg;
	struct db_error error;

	(void)fd;
	(void)what;
	query_fini(&public->key_query);
	key_exists_ask(&public->key_query);
	if (!database_run(
	        public->service->db, &public->key_query, on_key_exists, public, &error))
		on_key_exists(public, NULL, &error);
}

/*
 * Without any key a stranger would be the local agent, so a public address waits for
 * the first key; until then the same port is served on loopback.
 */
static bool start(struct public_address *public, char *error, size_t len)
{
	struct options *o = public->service->options;
	const char *address = option_text(o, OPT_LISTEN);
	const char *port = strrchr(address, ':');

	if (port == NULL || *(port + 1) == '\0') {
		snprintf(error, len, "LISTEN: '%s' is not HOST:PORT", address);
		return false;
	}
	if (is_loopback_address(address) || strcmp(option_text(o, OPT_AUTH), "required") == 0)
		return listen_on(public, address, error, len);
	log_warn("serving on loopback only until an API key exists; make one with 'sage-mcp "
	         "key create AGENT'",
	    "wanted", address);
	look_for_key(-1, 0, public);
	return listen_on_loopback(public, error, len);
}

struct public_address *public_address_listen(
    struct service *service, char *error, size_t error_len)
{
	struct public_address *public = calloc(1, sizeof(*public));

	snprintf(error, error_len, "out of memory");
	if (public == NULL)
		return NULL;
	public->service = service;
	public->key_timer = evtimer_new(service->base, look_for_key, public);
	if (public->key_timer == NULL || !start(public, error, error_len)) {
		public_address_free(public);
		return NULL;
	}
	return public;
}

void public_address_free(struct public_address *public)
{
	if (public == NULL)
		return;
	database_cancel(public->service->db, &public->key_query);
	query_fini(&public->key_query);
	if (public->key_timer != NULL)
		event_free(public->key_timer);
	free(public);
}
