/* publish: one event for one memory. */
#include "tools/publish.h"

#include <stdio.h>

#include "backfill.h"
#include "call.h"
#include "events.h"
#include "service.h"

void publish_memory(struct call *call, const char *id, const char *session_id)
{
	struct server_event event = {.kind = MEMORY_CHANGED};

	snprintf(event.namespace, sizeof(event.namespace), "%s", call->who.namespace);
	snprintf(event.memory_id, sizeof(event.memory_id), "%s", id);
	snprintf(event.session_id, sizeof(event.session_id), "%s",
	    session_id != NULL ? session_id : "default");
	events_publish(call->service->events, &event);
	backfill_kick(call->service->backfill); /* its words may be new */
}
