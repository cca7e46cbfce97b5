/*
 * endpoint: POST /mcp, the one door for every revision of the protocol.
 */
#pragma once

#include "exchange.h"

struct service;

/* Takes the exchange over and answers it, now or later. */
void mcp_post(struct service *service, struct exchange *x);
