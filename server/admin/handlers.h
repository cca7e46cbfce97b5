/*
 * handlers: what the admin listener answers, by file; each answers its exchange, now or later.
 */
#pragma once

#include <jansson.h>

#include "exchange.h"

struct pool;
struct service;

/* metrics_page.c: Prometheus text format */
void admin_metrics(struct service *service, struct exchange *x);

/* pages.c: what there is, in pgBouncer's names */
void admin_pools(struct service *service, struct exchange *x);
void admin_stats(struct service *service, struct exchange *x);
void admin_servers(struct service *service, struct exchange *x);
void admin_clients(struct service *service, struct exchange *x);
void admin_config(struct service *service, struct exchange *x);

/* The row of /pools for one of them; the caller owns it. */
json_t *admin_pool_row(struct pool *pool);

/* actions.c: what can be done */
void admin_pause(struct service *service, struct exchange *x);
void admin_resume(struct service *service, struct exchange *x);
void admin_reconnect(struct service *service, struct exchange *x);
void admin_kill(struct service *service, struct exchange *x);
void admin_reload(struct service *service, struct exchange *x);
void admin_reset_breaker(struct service *service, struct exchange *x);

/*
 * show.c: 200 with a JSON object, which is taken. As text/plain, when that is what the client
 * wants: arrays of objects as tables, all else as lines.
 */
void admin_show(struct exchange *x, json_t *object);
