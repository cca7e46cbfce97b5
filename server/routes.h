/*
 * routes: which path and method of the public listener go where.
 */
#pragma once

#include <stdint.h>

#include "exchange.h"

/* The http_handler of the server; arg is its struct service. */
void routes_handle(struct exchange *x, void *arg);

/* Its http_config.answered. */
void routes_answered(unsigned route, const char *method, int status, int64_t us);

/* The path of a route by exchange.route; 0 is "other". NULL: there is no such route. */
const char *route_name(unsigned number);
