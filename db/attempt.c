/*
 * attempt: from a connector to an open connection.
 *
 *	connector_start -> for each host: resolve -> for each address: PQconnectStartParams
 *	  -> poll -> done
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "connector_impl.h"
#include "hint.h"

#define MAX_ADDRESSES 8 /* of one host */
#define ERROR_BYTES   256

struct attempt {
	struct connector *connector;
	connector_done done;
	void *arg;
	int share_ms;           /* of each host */
	struct event *deadline; /* of what is being tried */
	struct event *io;
	struct evdns_getaddrinfo_request *lookup;
	PGconn *pg;
	char error[ERROR_BYTES]; /* of what failed last */
	int first, tried;        /* hosts: where it began, and how many */
	const struct host *host;
	int address_ms; /* of each address */
	char addresses[MAX_ADDRESSES][INET6_ADDRSTRLEN];
	int address_count, address_next;
};

static void on_deadline(evutil_socket_t fd, short what, void *arg);
static void try_host(struct attempt *attempt);
static void try_address(struct attempt *attempt);
static void on_connecting(evutil_socket_t fd, short what, void *arg);

static void arm(struct attempt *attempt, int ms)
{
	const struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	event_add(attempt->deadline, &wait);
}

struct attempt *connector_start(
    struct connector *connector, int deadline_ms, connector_done done, void *arg)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));

	if (attempt == NULL)
		return NULL;
	attempt->connector = connector;
	attempt->done = done;
	attempt->arg = arg;
	attempt->share_ms = deadline_ms / connector->hosts.count;
	attempt->first = connector->served_last;
	attempt->deadline = evtimer_new(connector->base, on_deadline, attempt);
	if (attempt->deadline == NULL) {
		connector_cancel(attempt);
		return NULL;
	}
	try_host(attempt);
	return attempt;
}

/* Lets go of what is being tried. */
static void abandon(struct attempt *attempt)
{
	if (attempt->lookup != NULL)
		evdns_getaddrinfo_cancel(attempt->lookup);
	if (attempt->io != NULL)
		event_free(attempt->io);
	PQfinish(attempt->pg);
	attempt->lookup = NULL;
	attempt->io = NULL;
	attempt->pg = NULL;
}

void connector_cancel(struct attempt *attempt)
{
	if (attempt == NULL)
		return;
	abandon(attempt);
	if (attempt->deadline != NULL)
		event_free(attempt->deadline);
	free(attempt);
}

/* The one way out, always from the loop. */
static void finish(struct attempt *attempt, bool connected)
{
	PGconn *pg = connected ? attempt->pg : NULL;

	if (connected)
		attempt->pg = NULL;
	attempt->done(attempt->arg, pg, attempt->error);
	connector_cancel(attempt);
}

static bool is_last_host(const struct attempt *attempt)
{
	return attempt->tried == attempt->connector->hosts.count;
}

/* What was tried has failed, with this: on to the next address or host, from the loop. */
static void fail(struct attempt *attempt, const char *error)
{
	int len =
	    (int)strcspn(error, "\n"); /* libpq's later lines repeat the first one's news */
	char line[ERROR_BYTES];

	snprintf(line, sizeof(line), "%.*s", len, error);
	snprintf(attempt->error, sizeof(attempt->error), "%.160s%s", line, hint_for(line));
	abandon(attempt);
	arm(attempt, 0);
}

/* The host's time is over, or something has failed. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *attempt = arg;
	bool failed = attempt->pg == NULL && attempt->lookup == NULL;
	char name[HOST_NAME_BYTES + HOST_PORT_BYTES];

	(void)fd;
	(void)what;
	if (!failed) {
		abandon(attempt);
		connector_host_name(attempt->connector,
		    (int)(attempt->host - attempt->connector->hosts.list), name, sizeof(name));
		snprintf(attempt->error, sizeof(attempt->error),
		    "no connection to %.120s within %d ms", name, attempt->share_ms);
	}
	if (attempt->address_next < attempt->address_count)
		try_address(attempt);
	else if (is_last_host(attempt))
		finish(attempt, false);
	else
		try_host(attempt);
}

/* All of them within so long. */
static void use_addresses(struct attempt *attempt, int ms)
{
	if (attempt->address_count == 0) {
		fail(attempt, "the host name has no address");
		return;
	}
	attempt->address_ms = ms / attempt->address_count;
	try_address(attempt);
}

static void on_resolved(int status, struct evutil_addrinfo *found, void *arg)
{
	struct attempt *attempt = arg;
	char text[ERROR_BYTES];

	if (status == EVUTIL_EAI_CANCEL)
		return;
	attempt->lookup = NULL;
	if (status != 0) {
		snprintf(text, sizeof(text), "host name \"%.120s\" not found: %s",
		    attempt->host->name, evutil_gai_strerror(status));
		fail(attempt, text);
		return;
	}
	for (const struct evutil_addrinfo *a = found;
	     a != NULL && attempt->address_count < MAX_ADDRESSES; a = a->ai_next) {
		const struct sockaddr_in6 *v6 = (const void *)a->ai_addr;
		const struct sockaddr_in *v4 = (const void *)a->ai_addr;
		const void *address = a->ai_family == AF_INET6 ? (const void *)&v6->sin6_addr
		                                               : (const void *)&v4->sin_addr;

		if (evutil_inet_ntop(a->ai_family, address,
		        attempt->addresses[attempt->address_count], INET6_ADDRSTRLEN) != NULL)
			attempt->address_count++;
	}
	evutil_freeaddrinfo(found);
	use_addresses(attempt, attempt->share_ms / 2);
}

/* An address that needs no lookup; "" is a socket directory, or libpq's default. */
static void use_address(struct attempt *attempt, const char *address)
{
	snprintf(attempt->addresses[0], INET6_ADDRSTRLEN, "%s", address);
	attempt->address_count = 1;
	use_addresses(attempt, attempt->share_ms);
}

/* The one that served last, then the others in their order. */
static void try_host(struct attempt *attempt)
{
	const struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const struct connector *connector = attempt->connector;
	unsigned char binary[16];
	int index = (attempt->first + attempt->tried) % connector->hosts.count;
	const struct host *host = &connector->hosts.list[index];

	attempt->host = host;
	attempt->tried++;
	attempt->address_count = attempt->address_next = 0;
	if (*host->address != '\0') {
		use_address(attempt, host->address);
	} else if (*host->name == '/' || *host->name == '@' || *host->name == '\0') {
		use_address(attempt, "");
	} else if (inet_pton(AF_INET, host->name, binary) == 1 ||
	           inet_pton(AF_INET6, host->name, binary) == 1) {
		use_address(attempt, host->name);
	} else {
		arm(attempt, attempt->share_ms / 2); /* the other half is for its addresses */
		struct evdns_getaddrinfo_request *lookup = evdns_getaddrinfo(
		    connector->dns, host->name, NULL, &hints, on_resolved, attempt);

		/* NULL: on_resolved has run already, and the attempt has moved on. */
		if (lookup != NULL)
			attempt->lookup = lookup;
	}
}

static void wait_for(struct attempt *attempt, short what)
{
	/* The descriptor may be another one after each poll, so the event is always new. */
	if (attempt->io != NULL)
		event_free(attempt->io);
	attempt->io = event_new(
	    attempt->connector->base, PQsocket(attempt->pg), what, on_connecting, attempt);
	if (attempt->io == NULL || event_add(attempt->io, NULL) != 0)
		fail(attempt, "out of memory");
}

static void ignore_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

static void try_address(struct attempt *attempt)
{
	struct conninfo list;

	connector_params(attempt->connector, attempt->host,
	    attempt->addresses[attempt->address_next++], &list);
	arm(attempt, attempt->address_ms);
	attempt->pg = PQconnectStartParams(list.keywords, list.values, 0);
	/* libpq's own writes to stderr, which no library should */
	PQsetNoticeReceiver(attempt->pg, ignore_notice, NULL);
	if (attempt->pg == NULL)
		fail(attempt, "out of memory");
	else if (PQstatus(attempt->pg) == CONNECTION_BAD)
		fail(attempt, PQerrorMessage(attempt->pg));
	else
		wait_for(attempt, EV_WRITE);
}

static void on_connecting(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *attempt = arg;

	(void)fd;
	(void)what;
	switch (PQconnectPoll(attempt->pg)) {
	case PGRES_POLLING_READING:
		wait_for(attempt, EV_READ);
		return;
	case PGRES_POLLING_WRITING:
		wait_for(attempt, EV_WRITE);
		return;
	case PGRES_POLLING_OK:
		break;
	case PGRES_POLLING_FAILED:
	case PGRES_POLLING_ACTIVE:
		fail(attempt, PQerrorMessage(attempt->pg));
		return;
	}
	if (PQsetnonblocking(attempt->pg, 1) != 0) {
		fail(attempt, PQerrorMessage(attempt->pg));
		return;
	}
	event_free(attempt->io); /* before another owner watches the same descriptor */
	attempt->io = NULL;
	attempt->connector->served_last = (int)(attempt->host - attempt->connector->hosts.list);
	finish(attempt, true);
}
