/* listener: evconnlistener, with a pause where it would spin. */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "activation.h"
#include "address.h"
#include "log.h"
#include "server_impl.h"

static void set_accepting(struct http_server *server, bool on)
{
	for (size_t i = 0; i < server->listener_count; i++) {
		if (on)
			evconnlistener_enable(server->listeners[i]);
		else
			evconnlistener_disable(server->listeners[i]);
	}
}

/* Pending connections stay in the kernel's backlog; nothing spins. */
static void pause_accepting(struct http_server *server, const char *why)
{
	static const struct timeval pause = {0, ACCEPT_PAUSE_MS * 1000};

	if (event_pending(server->resume, EV_TIMEOUT, NULL))
		return;
	set_accepting(server, false);
	event_add(server->resume, &pause);
	if (!server->pause_logged)
		log_warn("accepting paused", "why", why);
	server->pause_logged = true;
}

void listener_on_resume(int fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	if (server->draining)
		return;
	if (server->stats.connections >= server->config.max_connections)
		pause_accepting(server, "max_connections");
	else
		set_accepting(server, true);
}

void listener_resume(struct http_server *server)
{
	if (!event_pending(server->resume, EV_TIMEOUT, NULL) || server->draining)
		return;
	event_del(server->resume);
	server->pause_logged = false;
	listener_on_resume(-1, 0, server);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *peer, int peer_len, void *arg)
{
	struct http_server *server = arg;
	int on = 1;

	(void)listener;
	(void)peer_len;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!connection_new(server, fd, peer))
		pause_accepting(server, "out of memory");
	else if (server->stats.connections >= server->config.max_connections)
		pause_accepting(server, "max_connections");
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	pause_accepting(arg, strerror(EVUTIL_SOCKET_ERROR()));
}

/* The service manager's socket when it has one for this address, else our own. */
static struct evconnlistener *open_socket(
    struct http_server *server, const struct addrinfo *found)
{
	static const unsigned flags =
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
	int fd = activation_take(found->ai_addr);

	if (fd >= 0)
		return evconnlistener_new(
		    server->base, on_accept, server, flags, LISTEN_BACKLOG, fd);
	return evconnlistener_new_bind(server->base, on_accept, server, flags, LISTEN_BACKLOG,
	    found->ai_addr, (int)found->ai_addrlen);
}

bool listener_open(
    struct http_server *server, const char *address, char *error, size_t error_len)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[ADDRESS_HOST_BYTES];
	const char *port;
	struct evconnlistener *listener;

	if (!address_split(address, host, &port) || server->listener_count == MAX_LISTENERS) {
		snprintf(error, error_len, "'%s' is not HOST:PORT", address);
		return false;
	}
	/* Once, before the loop runs; listen addresses are numeric or in /etc/hosts. */
	int status = getaddrinfo(host, port, &hints, &found);

	if (status != 0) {
		snprintf(error, error_len, "%s: %s", address, gai_strerror(status));
		return false;
	}
	listener = open_socket(server, found);
	if (listener == NULL)
		snprintf(error, error_len, "cannot listen on %s: %s; choose another with %s",
		    address, strerror(errno), server->config.flag);
	freeaddrinfo(found);
	if (listener == NULL)
		return false;
	evconnlistener_set_error_cb(listener, on_accept_error);
	server->listeners[server->listener_count++] = listener;
	return true;
}

unsigned listener_port(const struct http_server *server)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} name = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(name);

	if (server->listener_count == 0)
		return 0;
	getsockname(evconnlistener_get_fd(server->listeners[server->listener_count - 1]),
	    &name.any, &len);
	return ntohs(name.any.sa_family == AF_INET6 ? name.v6.sin6_port : name.v4.sin_port);
}

void listener_close_all(struct http_server *server)
{
	while (server->listener_count > 0)
		evconnlistener_free(server->listeners[--server->listener_count]);
}
