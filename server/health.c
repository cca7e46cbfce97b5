/* health: the two probes. */
#include "health.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "database.h"
#include "ended_sessions.h"
#include "service.h"
#include "signer.h"

void health_live(struct service *service, struct exchange *x)
{
	static const char body[] = "{\"status\":\"ok\"}";

	(void)service;
	exchange_reply(x, &(struct reply){.status = 200,
	                      .content_type = "application/json",
	                      .body = body,
	                      .body_len = sizeof(body) - 1});
}

/* NULL: ready. */
static const char *why_not_ready(const struct service *service)
{
	if (service->draining)
		return "draining";
	if (service->schema == SCHEMA_FAILED)
		return "schema_failed";
	if (service->schema == SCHEMA_WAITING)
		return "schema_waiting";
	if (!signer_ready(service->signer) || !ended_sessions_ready(service->ended))
		return "sessions_waiting";
	if (database_mode(service->db) == DATABASE_AWAY)
		return "database_unreachable";
	return NULL;
}

void health_ready(struct service *service, struct exchange *x)
{
	const char *reason = why_not_ready(service);
	char body[96];

	if (reason == NULL && database_mode(service->db) == DATABASE_READ_ONLY)
		snprintf(
		    body, sizeof(body), "{\"status\":\"read_only\",\"reason\":\"no_primary\"}");
	else if (reason == NULL)
		snprintf(body, sizeof(body), "{\"status\":\"ready\"}");
	else
		snprintf(
		    body, sizeof(body), "{\"status\":\"unready\",\"reason\":\"%s\"}", reason);
	exchange_reply(x, &(struct reply){.status = reason == NULL ? 200 : 503,
	                      .content_type = "application/json",
	                      .body = body,
	                      .body_len = strlen(body)});
}
