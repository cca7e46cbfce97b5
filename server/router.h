/*
 * router: checks Host and Origin, then finds the path and the method. Every refusal is JSON.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "exchange.h"
#include "options.h"

struct service;

struct route {
	const char *path;  /* one that ends with a slash stands for all that begin with it */
	const char *allow; /* for 405 and OPTIONS */
	const char *methods[4];
	bool guarded; /* Host and Origin must be allowed; probes come by address */
	void (*answer)(struct service *service, struct exchange *x);
	enum option_id only_with; /* an option that must be on; 0: always there */
};

struct route_table {
	const struct route *routes;
	size_t count;
	const char *nothing; /* what is said where no route is */
};

/* Answers x by the table, and sets its route. */
void router_handle(
    const struct route_table *table, struct service *service, struct exchange *x);

/* {"error":{"code":status,"message":message}}; headers may be NULL. */
void router_refuse(
    struct exchange *x, int status, const char *message, const struct header *headers);
