/* connector: what a connection string says, and what is added to it. */
#include "connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>

#include "connector_impl.h"

#define OWN_PARAMS            6 /* put behind those of the connection string */
#define NETWORK_OPTIONS_COUNT (sizeof(network_options) / sizeof(*network_options))

/* A cut link is noticed within seconds instead of a quarter of an hour. The user's own values win. */
static const struct {
	const char *keyword;
	const char *value;
} network_options[] = {
    {"application_name", "sage-mcp"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "3"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
};

static const char *info_value(const struct connector *connector, const char *keyword)
{
	for (const PQconninfoOption *o = connector->info; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL && *o->val != '\0')
			return o->val;
	}
	return NULL;
}

bool connector_set_options(struct connector *connector, const char *options)
{
	const char *own = info_value(connector, "options");
	char *all = NULL;

	/* Of two equal settings PostgreSQL takes the last. pgBouncer refuses a blank at the end. */
	if (asprintf(&all, "%s%s%s", options, *options != '\0' && own != NULL ? " " : "",
	        own != NULL ? own : "") < 0)
		return false;
	free(connector->options);
	connector->options = all;
	return true;
}

void connector_set_role(struct connector *connector, const char *role)
{
	connector->role = role;
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
	connector->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	connector->info = PQconninfoParse(config->conninfo, &why);
	if (connector->info == NULL) /* libpq's text names the option, never a value */
		snprintf(error, error_len, "the database connection string does not parse: %s",
		    why != NULL ? why : "out of memory");
	PQfreemem(why);
	if (connector->info == NULL || connector->dns == NULL ||
	    !connector_set_options(connector, config->options) ||
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
	    *h->name != '\0'      ? h->name
	    : *h->address != '\0' ? h->address
	                          : "local",
	    h->port);
}

static void put(struct conninfo *list, const char *keyword, const char *value)
{
	list->keywords[list->count] = keyword;
	list->values[list->count++] = value;
}

void connector_params(const struct connector *connector, const struct host *host,
    const char *address, struct conninfo *list)
{
	list->count = 0;
	for (size_t i = 0; i < NETWORK_OPTIONS_COUNT; i++)
		put(list, network_options[i].keyword, network_options[i].value);
	for (const PQconninfoOption *o = connector->info;
	     o->keyword != NULL && list->count < CONNINFO_MAX_PARAMS - OWN_PARAMS; o++) {
		if (o->val != NULL)
			put(list, o->keyword, o->val);
	}
	put(list, "client_encoding", "UTF8");
	put(list, "options", connector->options);
	put(list, "target_session_attrs", connector->role);
	put(list, "host", host->name);
	put(list, "hostaddr", address);
	put(list, "port", host->port);
	list->keywords[list->count] = list->values[list->count] = NULL;
}
