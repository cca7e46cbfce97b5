/*
 * connector: the way to an open connection.
 *
 *	connector_start -> for each host: resolve -> for each address: PQconnectStartParams -> poll -> done
 */
#include "connector.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "hint.h"
#include "hosts.h"

#define MAX_PARAMS            64
#define MAX_ADDRESSES         8 /* of one host */
#define ERROR_BYTES           256
#define NETWORK_OPTIONS_COUNT (sizeof(network_options) / sizeof(*network_options))

/* A cut link is noticed within seconds instead of a quarter of an hour. The user's own values win. */
static const struct {
	const char *keyword;
	const char *value;
} network_options[] = {
    {"application_name", "sage-mcp"},
    {"client_encoding", "UTF8"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "3"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
};

struct connector {
	struct event_base *base;
	struct evdns_base *dns;
	PQconninfoOption *info; /* owned, by PQconninfoFree */
	char *options;
	const char *role;
	struct hosts hosts;
	int served_last; /* an index of hosts */
};

struct attempt {
	struct connector *connector;
	connector_done done;
	void *arg;
	int share_ms;           /* of each host */
	struct event *deadline; /* of the host being tried */
	struct event *io;
	struct evdns_getaddrinfo_request *lookup;
	PGconn *pg;
	char error[ERROR_BYTES]; /* of what failed last */
	int tried;               /* hosts */
	const struct host *host;
	char addresses[MAX_ADDRESSES][INET6_ADDRSTRLEN];
	int address_count, address_next;
};

static const char *info_value(const struct connector *connector, const char *keyword)
{
	for (const PQconninfoOption *o = connector->info; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL && *o->val != '\0')
			return o->val;
	}
	return NULL;
}

struct connector *connector_new(struct event_base *base, const struct connector_config *config,
    char *error, size_t error_len)
{
	struct connector *connector = calloc(1, sizeof(*connector));
	char *why = NULL;

	snprintf(error, error_len, "out of memory");
	if (connector == NULL)
		return NULL;
	connector->base = base;
	connector->role = config->role;
	connector->options = strdup(config->options);
	connector->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	connector->info = PQconninfoParse(config->conninfo, &why);
	if (connector->info == NULL) /* libpq's text names the option, never a value */
		snprintf(error, error_len, "the database connection string does not parse: %s",
		    why != NULL ? why : "out of memory");
	PQfreemem(why);
	if (connector->info == NULL || connector->options == NULL || connector->dns == NULL ||
	    !hosts_read(&connector->hosts, info_value(connector, "host"),
	        info_value(connector, "hostaddr"), info_value(connector, "port"), error,
	        error_len)) {
		connector_free(connector);
		return NULL;
	}
	if (config->host >= 0)
		hosts_keep_only(&connector->hosts, config->host);
	/* Without the file, or with an odd one, names of /etc/hosts still work. */
	evdns_base_resolv_conf_parse(connector->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	return connector;
}

void connector_free(struct connector *connector)
{
	if (connector == NULL)
		return;
	if (connector->dns != NULL)
		evdns_base_free(connector->dns, 0);
	PQconninfoFree(connector->info);
	free(connector->options);
	free(connector);
}

int connector_host_count(const struct connector *connector)
{
	return connector->hosts.count;
}

void connector_host_name(const struct connector *connector, int host, char *text, size_t len)
{
	const struct host *h = &connector->hosts.list[host];

	snprintf(text, len, "%s:%s",
	    *h->name != '\0' ? h->name : *h->address != '\0' ? h->address : "local", h->port);
}

/* --- one attempt --- */

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
	int len = (int)strcspn(error, "\n"); /* libpq's later lines repeat the first one's news */
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
	try_address(attempt);
}

/* An address that needs no lookup; "" is a socket directory, or libpq's default. */
static void use_address(struct attempt *attempt, const char *address)
{
	snprintf(attempt->addresses[0], INET6_ADDRSTRLEN, "%s", address);
	attempt->address_count = 1;
	try_address(attempt);
}

/* The one that served last, then the others in their order. */
static void try_host(struct attempt *attempt)
{
	const struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const struct connector *connector = attempt->connector;
	unsigned char binary[16];
	int index = (connector->served_last + attempt->tried) % connector->hosts.count;
	const struct host *host = &connector->hosts.list[index];

	attempt->host = host;
	attempt->tried++;
	attempt->address_count = attempt->address_next = 0;
	arm(attempt, attempt->share_ms);
	if (*host->address != '\0') {
		use_address(attempt, host->address);
	} else if (*host->name == '/' || *host->name == '@' || *host->name == '\0') {
		use_address(attempt, "");
	} else if (inet_pton(AF_INET, host->name, binary) == 1 ||
	           inet_pton(AF_INET6, host->name, binary) == 1) {
		use_address(attempt, host->name);
	} else {
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

struct conninfo {
	const char *keywords[MAX_PARAMS + 1], *values[MAX_PARAMS + 1];
	int count;
};

static void put(struct conninfo *list, const char *keyword, const char *value)
{
	list->keywords[list->count] = keyword;
	list->values[list->count++] = value;
}

/* Of two equal keywords libpq takes the last. */
static void list_params(const struct attempt *attempt, const char *address, struct conninfo *list)
{
	const struct connector *connector = attempt->connector;

	for (size_t i = 0; i < NETWORK_OPTIONS_COUNT; i++)
		put(list, network_options[i].keyword, network_options[i].value);
	put(list, "options", connector->options);
	if (connector->role != NULL)
		put(list, "target_session_attrs", connector->role);
	for (const PQconninfoOption *o = connector->info;
	     o->keyword != NULL && list->count < MAX_PARAMS - 3; o++) {
		if (o->val != NULL)
			put(list, o->keyword, o->val);
	}
	put(list, "host", attempt->host->name);
	put(list, "hostaddr", address);
	put(list, "port", attempt->host->port);
	list->keywords[list->count] = list->values[list->count] = NULL;
}

static void try_address(struct attempt *attempt)
{
	struct conninfo list = {.count = 0};

	list_params(attempt, attempt->addresses[attempt->address_next++], &list);
	arm(attempt, attempt->share_ms / attempt->address_count);
	attempt->pg = PQconnectStartParams(list.keywords, list.values, 0);
	if (attempt->pg == NULL)
		fail(attempt, "out of memory");
	else if (PQstatus(attempt->pg) == CONNECTION_BAD)
		fail(attempt, PQerrorMessage(attempt->pg));
	else
		wait_for(attempt, EV_WRITE);
}

static void ignore_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
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
	PQsetNoticeReceiver(
	    attempt->pg, ignore_notice, NULL); /* libraries do not write to stderr */
	if (PQsetnonblocking(attempt->pg, 1) != 0) {
		fail(attempt, PQerrorMessage(attempt->pg));
		return;
	}
	event_free(attempt->io); /* before another owner watches the same descriptor */
	attempt->io = NULL;
	attempt->connector->served_last = (int)(attempt->host - attempt->connector->hosts.list);
	finish(attempt, true);
}
