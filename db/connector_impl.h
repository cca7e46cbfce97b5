/*
 * connector_impl: what connector.c knows of the hosts, and attempt.c needs to reach one.
 */
#pragma once

#include "connector.h"
#include "hosts.h"

#define CONNINFO_MAX_PARAMS 64

struct connector {
	struct event_base *base;
	struct evdns_base *dns;
	PQconninfoOption *info; /* owned, by PQconninfoFree */
	char *options;          /* with conninfo's own */
	const char *role;
	struct hosts hosts;
	int served_last; /* an index of hosts */
};

/* What libpq takes; of two equal keywords the last. */
struct conninfo {
	const char *keywords[CONNINFO_MAX_PARAMS + 1], *values[CONNINFO_MAX_PARAMS + 1];
	int count;
};

/* For one address of one host; all texts are borrowed. */
void connector_params(const struct connector *connector, const struct host *host,
    const char *address, struct conninfo *list);
