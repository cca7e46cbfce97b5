/* http: the server as a whole: made, drained, freed. */
#include "http.h"

#include <stdlib.h>

#include <event2/event.h>
#include <event2/util.h>

#include "clock.h"
#include "connection.h"
#include "listener.h"
#include "log.h"
#include "reserve.h"
#include "server_impl.h"

/* Told once when it begins and once when it is over. */
static void look_at_memory(struct http_server *server)
{
	bool scarce = !reserve_is_whole();

	if (scarce && !server->memory_is_scarce)
		log_warn("out of memory: new work is refused");
	else if (!scarce && server->memory_is_scarce)
		log_info("there is memory again");
	server->memory_is_scarce = scarce;
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	connections_sweep(&server->connections, clock_ms());
	look_at_memory(server);
}

static void on_drain_deadline(evutil_socket_t fd, short what, void *arg);

struct http_server *http_new(struct event_base *base, const struct http_config *config)
{
	static const struct timeval interval = {0, SWEEP_INTERVAL_MS * 1000};
	struct http_server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->base = base;
	server->config = *config;
	TAILQ_INIT(&server->connections);
	evutil_secure_rng_get_bytes(&server->request_prefix, sizeof(server->request_prefix));
	server->sweep = event_new(base, -1, EV_PERSIST, on_sweep, server);
	server->resume = evtimer_new(base, listener_on_resume, server);
	server->drain_deadline = evtimer_new(base, on_drain_deadline, server);
	if (server->sweep == NULL || server->resume == NULL || server->drain_deadline == NULL ||
	    event_add(server->sweep, &interval) != 0) {
		http_free(server);
		return NULL;
	}
	return server;
}

bool http_listen(struct http_server *server, const char *address, char *error, size_t error_len)
{
	return listener_open(server, address, error, error_len);
}

void http_stop_listening(struct http_server *server)
{
	listener_close_all(server);
}

unsigned http_port(const struct http_server *server)
{
	return listener_port(server);
}

struct http_stats http_stats(const struct http_server *server)
{
	return server->stats;
}

void http_each_client(const struct http_server *server,
    void (*each)(void *arg, const struct http_client *client), void *arg)
{
	connections_each(&server->connections, each, arg);
}

/* The drain is over: told from the loop, and once. */
static void on_drain_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;
	void (*drained)(void *arg) = server->drained;

	(void)fd;
	(void)what;
	server->drained = NULL;
	connections_close(&server->connections);
	if (drained != NULL)
		drained(server->drained_arg);
}

void http_connection_ended(struct http_server *server)
{
	static const struct timeval now = {0, 0};

	listener_resume(server);
	if (server->drained != NULL && server->stats.connections == 0)
		event_add(server->drain_deadline, &now);
}

void http_drain(struct http_server *server, int drain_ms, void (*drained)(void *arg), void *arg)
{
	const struct timeval deadline = {drain_ms / 1000, (drain_ms % 1000) * 1000};

	server->draining = true;
	server->drained = drained;
	server->drained_arg = arg;
	listener_close_all(server);
	event_add(server->drain_deadline, &deadline);
	connections_drain(&server->connections);
	http_connection_ended(server);
}

void http_free(struct http_server *server)
{
	if (server == NULL)
		return;
	server->draining = true;
	server->drained = NULL;
	listener_close_all(server);
	connections_close(&server->connections);
	if (server->sweep != NULL)
		event_free(server->sweep);
	if (server->resume != NULL)
		event_free(server->resume);
	if (server->drain_deadline != NULL)
		event_free(server->drain_deadline);
	free(server);
}
