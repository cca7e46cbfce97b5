/*
 * routes: which path and method go where.
 */
#pragma once

#include "exchange.h"

/* The http_handler of the server; arg is its struct service. */
void routes_handle(struct exchange *x, void *arg);
