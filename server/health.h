/*
 * health: /healthz says the process answers; /readyz says it can do its work.
 *
 * The status code is the answer (200 or 503); the body of /readyz adds a reason
 * code and nothing that would tell a stranger more.
 */
#pragma once

#include "exchange.h"

struct service;

void health_live(struct service *service, struct exchange *x);
void health_ready(struct service *service, struct exchange *x);
