/*
 * endpoint: /mcp, the one door for every revision of the protocol.
 */
#pragma once

#include "exchange.h"

struct service;

/* POST, GET or DELETE. Takes the exchange over and answers it, now or later. */
void mcp_handle(struct service *service, struct exchange *x);

/* After the HTTP server is gone: gives up the calls whose clients had left before. */
void mcp_end_all(void);
