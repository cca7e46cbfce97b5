/*
 * connector: the way to an open connection.
 *
 *	connector_start -> resolve each host in turn -> PQconnectStartParams -> poll -> done
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

#define MAX_PARAMS            64
#define MAX_LIST_BYTES        2048 /* host, hostaddr and port lists */
#define ERROR_BYTES           256
#define DEFAULT_PORT          "5432"
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
};

struct attempt {
	struct connector *connector;
	connector_done done;
	void *arg;
	struct event *deadline;
	struct event *io;
	struct evdns_getaddrinfo_request *lookup;
	PGconn *pg;
	char error[ERROR_BYTES];
	/* What is still to be resolved, and what the lists for libpq are so far. */
	const char *hosts, *ports;
	char host_list[MAX_LIST_BYTES], addr_list[MAX_LIST_BYTES], port_list[MAX_LIST_BYTES];
};

static const char *info_value(const struct connector *connector, const char *keyword)
{
	for (const PQconninfoOption *o = connector->info; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL && *o->val != '\0')
			return o->val;
	}
	return NULL;
}

struct connector *connector_new(struct event_base *base, const char *conninfo,
    const char *options, char *error, size_t error_len)
{
	struct connector *connector = calloc(1, sizeof(*connector));
	char *why = NULL;

	snprintf(error, error_len, "out of memory");
	if (connector == NULL)
		return NULL;
	connector->base = base;
	connector->options = strdup(options);
	connector->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	connector->info = PQconninfoParse(conninfo, &why);
	if (connector->info == NULL) /* libpq's text names the option, never a value */
		snprintf(error, error_len, "the database connection string does not parse: %s",
		    why != NULL ? why : "out of memory");
	PQfreemem(why);
	if (connector->info == NULL || connector->options == NULL || connector->dns == NULL) {
		connector_free(connector);
		return NULL;
	}
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

static void on_deadline(evutil_socket_t fd, short what, void *arg);
static void resolve_next(struct attempt *attempt);
static void start_connecting(struct attempt *attempt);
static void on_connecting(evutil_socket_t fd, short what, void *arg);

struct attempt *connector_start(
    struct connector *connector, int deadline_ms, connector_done done, void *arg)
{
	const struct timeval deadline = {deadline_ms / 1000, (deadline_ms % 1000) * 1000};
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	const char *host = info_value(connector, "host");

	if (attempt == NULL)
		return NULL;
	attempt->connector = connector;
	attempt->done = done;
	attempt->arg = arg;
	attempt->deadline = evtimer_new(connector->base, on_deadline, attempt);
	if (attempt->deadline == NULL || event_add(attempt->deadline, &deadline) != 0) {
		connector_cancel(attempt);
		return NULL;
	}
	snprintf(
	    attempt->error, sizeof(attempt->error), "no connection within %d ms", deadline_ms);
	attempt->hosts = host != NULL ? host : getenv("PGHOST");
	attempt->ports = info_value(connector, "port");
	if (attempt->ports == NULL)
		attempt->ports = DEFAULT_PORT;
	if (attempt->hosts == NULL || info_value(connector, "hostaddr") != NULL)
		start_connecting(attempt);
	else
		resolve_next(attempt);
	return attempt;
}

void connector_cancel(struct attempt *attempt)
{
	if (attempt == NULL)
		return;
	if (attempt->lookup != NULL)
		evdns_getaddrinfo_cancel(attempt->lookup);
	if (attempt->io != NULL)
		event_free(attempt->io);
	if (attempt->deadline != NULL)
		event_free(attempt->deadline);
	PQfinish(attempt->pg);
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

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, false);
}

/* Fails with attempt->error, soon: never from within the call that started the attempt. */
static void fail_soon(struct attempt *attempt)
{
	static const struct timeval now = {0, 0};

	event_add(attempt->deadline, &now);
}

static void fail(struct attempt *attempt, const char *error)
{
	size_t len = strcspn(error, "\n"); /* libpq's later lines repeat the first one's news */

	snprintf(attempt->error, sizeof(attempt->error), "%.*s", (int)(len < 240 ? len : 240),
	    error);
	fail_soon(attempt);
}

static bool append(char list[MAX_LIST_BYTES], bool first, const char *item, size_t len)
{
	size_t at = strlen(list);

	if (at + len + 2 > MAX_LIST_BYTES)
		return false;
	snprintf(list + at, MAX_LIST_BYTES - at, "%s%.*s", first ? "" : ",", (int)len, item);
	return true;
}

/* One host as libpq shall try it; addr may be empty (a socket directory). */
static bool append_host(
    struct attempt *attempt, const char *host, size_t host_len, const char *addr)
{
	bool first = *attempt->host_list == '\0';

	return append(attempt->host_list, first, host, host_len) &&
	       append(attempt->addr_list, first, addr, strlen(addr)) &&
	       append(attempt->port_list, first, attempt->ports, strcspn(attempt->ports, ","));
}

/* On to the next host; a single port serves all hosts. */
static void skip_host(struct attempt *attempt)
{
	attempt->hosts += strcspn(attempt->hosts, ",");
	if (strchr(attempt->ports, ',') != NULL)
		attempt->ports = strchr(attempt->ports, ',') + 1;
	if (*attempt->hosts == ',') {
		attempt->hosts++;
		resolve_next(attempt);
	} else if (*attempt->host_list == '\0') {
		fail_soon(attempt);
	} else {
		start_connecting(attempt);
	}
}

static void append_addresses(struct attempt *attempt, const struct evutil_addrinfo *found)
{
	char text[INET6_ADDRSTRLEN];

	for (; found != NULL; found = found->ai_next) {
		const void *addr =
		    found->ai_family == AF_INET6
		        ? (const void *)&(
		              (const struct sockaddr_in6 *)(const void *)found->ai_addr)
		              ->sin6_addr
		        : (const void *)&(
		              (const struct sockaddr_in *)(const void *)found->ai_addr)
		              ->sin_addr;

		if (evutil_inet_ntop(found->ai_family, addr, text, sizeof(text)) != NULL)
			append_host(
			    attempt, attempt->hosts, strcspn(attempt->hosts, ","), text);
	}
}

static void on_resolved(int status, struct evutil_addrinfo *found, void *arg)
{
	struct attempt *attempt = arg;

	if (status == EVUTIL_EAI_CANCEL)
		return;
	attempt->lookup = NULL;
	if (status == 0) {
		append_addresses(attempt, found);
		evutil_freeaddrinfo(found);
	} else {
		snprintf(attempt->error, sizeof(attempt->error),
		    "host name \"%.*s\" not found: %s", (int)strcspn(attempt->hosts, ","),
		    attempt->hosts, evutil_gai_strerror(status));
	}
	skip_host(attempt);
}

static void resolve_next(struct attempt *attempt)
{
	const struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM};
	size_t len = strcspn(attempt->hosts, ",");
	unsigned char address[16];
	char host[256];

	snprintf(host, sizeof(host), "%.*s", (int)len, attempt->hosts);
	if (*host == '/' || *host == '@' || *host == '\0') {
		append_host(attempt, attempt->hosts, len, "");
		skip_host(attempt);
	} else if (inet_pton(AF_INET, host, address) == 1 ||
	           inet_pton(AF_INET6, host, address) == 1) {
		append_host(attempt, attempt->hosts, len, host);
		skip_host(attempt);
	} else {
		struct evdns_getaddrinfo_request *lookup = evdns_getaddrinfo(
		    attempt->connector->dns, host, NULL, &hints, on_resolved, attempt);

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

static void start_connecting(struct attempt *attempt)
{
	const char *keywords[MAX_PARAMS + 1], *values[MAX_PARAMS + 1];
	const struct connector *connector = attempt->connector;
	int count = 0;

	for (size_t i = 0; i < NETWORK_OPTIONS_COUNT; i++, count++) {
		keywords[count] = network_options[i].keyword;
		values[count] = network_options[i].value;
	}
	keywords[count] = "options";
	values[count++] = connector->options;
	/* Of two equal keywords libpq takes the last. */
	for (const PQconninfoOption *o = connector->info;
	     o->keyword != NULL && count < MAX_PARAMS - 3; o++) {
		if (o->val == NULL)
			continue;
		keywords[count] = o->keyword;
		values[count++] = o->val;
	}
	if (*attempt->host_list != '\0') {
		keywords[count] = "host";
		values[count++] = attempt->host_list;
		keywords[count] = "hostaddr";
		values[count++] = attempt->addr_list;
		keywords[count] = "port";
		values[count++] = attempt->port_list;
	}
	keywords[count] = NULL;
	values[count] = NULL;
	attempt->pg = PQconnectStartParams(keywords, values, 0);
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
	finish(attempt, true);
}
