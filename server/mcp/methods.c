/* methods: the methods of both eras, and what answers them. */
#include "mcp/methods.h"

#include <string.h>

#include "mcp/request.h"

enum era_mask {
	LEGACY = 1 << MCP_LEGACY,
	MODERN = 1 << MCP_MODERN,
};

/* clang-format off */
static const struct method {
	const char *name;
	unsigned eras;
	enum rpc_kind kind;
	void (*answer)(struct request *r);
} methods[] = {
	{ "tools/call",			LEGACY | MODERN, RPC_REQUEST, tools_call },
	{ "tools/list",			LEGACY | MODERN, RPC_REQUEST, tools_list },
	{ "resources/list",		LEGACY | MODERN, RPC_REQUEST, resources_list },
	{ "resources/templates/list",	LEGACY | MODERN, RPC_REQUEST, resources_templates_list },
	{ "resources/read",		LEGACY | MODERN, RPC_REQUEST, resources_read },
	{ "prompts/list",		LEGACY | MODERN, RPC_REQUEST, prompts_list },
	{ "prompts/get",		LEGACY | MODERN, RPC_REQUEST, prompts_get },
	{ "completion/complete",	LEGACY | MODERN, RPC_REQUEST, completion_complete },
	{ "subscriptions/listen",	MODERN,		 RPC_REQUEST, subscriptions_listen },
	{ "tasks/get",			MODERN,		 RPC_REQUEST, tasks_get },
	{ "tasks/update",		MODERN,		 RPC_REQUEST, tasks_update },
	{ "tasks/cancel",		MODERN,		 RPC_REQUEST, tasks_cancel },
	{ "server/discover",		MODERN,		 RPC_REQUEST, discover },
	{ "initialize",			LEGACY,		 RPC_REQUEST, initialize },
	{ "ping",			LEGACY,		 RPC_REQUEST, ping },
	{ "logging/setLevel",		LEGACY,		 RPC_REQUEST, logging_set_level },
	{ "resources/subscribe",	LEGACY,		 RPC_REQUEST, resources_subscribe },
	{ "resources/unsubscribe",	LEGACY,		 RPC_REQUEST, resources_unsubscribe },
	{ "notifications/cancelled",	LEGACY,		 RPC_NOTIFICATION, cancelled },
};
/* clang-format on */

#define METHOD_COUNT (sizeof(methods) / sizeof(*methods))

_Static_assert(METHOD_COUNT < METRICS_METHODS, "every method is counted");

const char *method_name(unsigned number)
{
	if (number > METHOD_COUNT)
		return NULL;
	return number > 0 ? methods[number - 1].name : "other";
}

static const struct method *method_find(const struct request *r)
{
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if (methods[i].kind == r->message.kind &&
		    (methods[i].eras & (1U << r->mcp.era)) != 0 &&
		    strcmp(methods[i].name, r->message.method) == 0)
			return &methods[i];
	}
	return NULL;
}

void methods_dispatch(struct request *r)
{
	const struct method *method = method_find(r);
	struct rpc_error error;

	r->counts = true;
	if (method != NULL) {
		r->method = (unsigned)(method - methods) + 1;
		method->answer(r);
	} else if (r->message.kind == RPC_NOTIFICATION) {
		request_accepted(r); /* initialized and the like change nothing here */
	} else {
		rpc_error_set(&error, RPC_METHOD_NOT_FOUND, NULL, "there is no method '%.64s'",
		    r->message.method);
		if (r->mcp.era == MCP_LEGACY)
			error.http_status =
			    200; /* 404 would mean a lost session to legacy clients */
		request_error(r, &error);
	}
}
